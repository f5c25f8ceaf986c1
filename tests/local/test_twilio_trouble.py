"""The stateful Twilio where things go wrong: webhooks that fail, people who opt out, faults on demand."""

from __future__ import annotations

import threading

import pytest
from requests.exceptions import ReadTimeout
from twilio.base.exceptions import TwilioRestException

from infra.local.twilio.opt_out import HELP_REPLY, START_REPLY, STOP_REPLY
from tests.local.twilio_scene import INBOUND_URL, PHONE, Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


# --- webhooks that fail ---


@pytest.mark.parametrize(
    ("overrides", "answers", "posts", "given_up"),
    [
        ("", [500], 1, True),
        ("", [ConnectionError, 200], 2, False),
        ("", [ConnectionError, ConnectionError], 2, True),
        ("#rc=2&rp=5xx,ct,rt&rt=6000", [500, TimeoutError, 204], 3, False),
        ("#rc=2&rp=5xx,ct,rt&rt=6000", [503, 503, 503], 3, True),
        ("#rc=2&rp=5xx", [403], 1, True),
        ("#rc=5&rp=all", [403, 500, TimeoutError, 200], 4, False),
    ],
)
def test_webhooks_are_repeated_as_their_fragment_says(
    overrides: str, answers: list[int | type[OSError]], posts: int, given_up: bool
) -> None:
    """By default once and only when there was no connection; each repeat carries the same token."""
    scene = Scene(overrides=overrides, answers=list(answers))
    scene.fake.text_from_phone(PHONE, scene.number.phone_number, "Hi")
    scene.later(60)

    assert len(scene.arrived) == posts
    assert len({one.headers["I-Twilio-Idempotency-Token"] for one in scene.arrived}) == 1
    assert bool(scene.fake.alerts()) == given_up


def test_webhooks_without_a_receiver_are_listed(scene: Scene) -> None:
    """Until `post` is set nobody answers, and the debugger says so."""
    scene.fake.post = None
    scene.fake.text_from_phone(PHONE, scene.number.phone_number, "Hi")
    scene.later()

    assert scene.fake.alerts() == [{"code": 11200, "url": INBOUND_URL, "failure": "ct"}]


def test_the_lock_is_free_while_a_webhook_is_posted(scene: Scene) -> None:
    """A receiver that calls Twilio back, from another thread, does not wait for itself."""
    counted: list[int] = []

    def post(url: str, form: list[tuple[str, str]], headers: dict[str, str]) -> int:
        other = threading.Thread(target=lambda: counted.append(len(scene.fake.messages())))
        other.start()
        other.join(timeout=5)
        return 204

    scene.fake.post = post
    scene.send()
    scene.later()

    assert counted == [1, 1, 1]


def test_many_threads_send_at_once(scene: Scene) -> None:
    """Sixteen threads lose nothing and share no SID."""
    threads = [threading.Thread(target=lambda: [scene.send() for _ in range(5)]) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scene.later()

    assert len({one["sid"] for one in scene.fake.messages()}) == 80
    assert len(scene.texts()) == 80


# --- opt-out ---


@pytest.mark.parametrize(
    "word", ["STOP", "stop", " Stop\n", "UNSUBSCRIBE", "End", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"]
)
def test_stop_is_answered_and_reaches_the_webhook(scene: Scene, word: str) -> None:
    """Twilio itself replies, once; the text still comes to us."""
    for _ in range(2):
        scene.fake.text_from_phone(PHONE, scene.number.phone_number, word)
    scene.later()

    assert scene.texts() == [(STOP_REPLY, True)]
    assert [one.form["Body"] for one in scene.arrived] == [word, word]
    assert "OptOutType" not in scene.arrived[0].form


@pytest.mark.parametrize("word", ["STOP PLEASE", "please stop", "STOPS", "Stop.", ""])
def test_other_words_are_no_stop(scene: Scene, word: str) -> None:
    """Only a message that is the keyword and nothing else counts at Twilio."""
    scene.fake.text_from_phone(PHONE, scene.number.phone_number, word)
    scene.send()
    scene.later()

    assert scene.texts() == [("Hello", False)]


def test_an_opt_out_holds_for_the_whole_service(scene: Scene) -> None:
    """Every number of the service is blocked: taken, then failed with 21610, and the phone gets nothing."""
    second = scene.buy()
    scene.sdk.messaging.v1.services(scene.service.sid).phone_numbers.create(phone_number_sid=second.sid)
    scene.fake.text_from_phone(PHONE, scene.number.phone_number, "STOP")
    sent = scene.send(from_=second.phone_number)
    scene.later()

    assert sent.status == "accepted"
    assert [(one.form["MessageStatus"], one.form["ErrorCode"]) for one in scene.arrived[1:]] == [("failed", "21610")]
    assert scene.texts() == [(STOP_REPLY, True)]
    assert scene.fake.messages()[0]["status"] == "failed"


def test_without_a_service_the_opted_out_are_refused_at_once(scene: Scene) -> None:
    """A plain sender gets HTTP 400 with 21610, for its own pair alone."""
    alone, other = scene.buy(212), scene.buy(212)
    scene.fake.text_from_phone(PHONE, alone.phone_number, "STOP")

    with pytest.raises(TwilioRestException) as refusal:
        scene.send(from_=alone.phone_number, messaging_service_sid=None)

    assert (refusal.value.status, refusal.value.code) == (400, 21610)
    assert scene.send(from_=other.phone_number, messaging_service_sid=None).status == "queued"


@pytest.mark.parametrize("word", ["START", "yes", "Unstop"])
def test_start_lifts_the_opt_out(scene: Scene, word: str) -> None:
    """Only the contact can come back; from one who was never out, the word is a plain message."""
    for text in (word, "STOP", word):
        scene.fake.text_from_phone(PHONE, scene.number.phone_number, text)
    scene.send()
    scene.later()

    assert scene.texts() == [(STOP_REPLY, True), (START_REPLY, True), ("Hello", False)]


def test_help_is_answered_unless_opted_out(scene: Scene) -> None:
    """HELP and INFO get Twilio's text; nothing goes to somebody who is out."""
    for text in ("HELP", "info", "STOP", "HELP"):
        scene.fake.text_from_phone(PHONE, scene.number.phone_number, text)

    assert scene.texts() == [(HELP_REPLY, True), (HELP_REPLY, True), (STOP_REPLY, True)]


# --- faults ---


@pytest.mark.parametrize(("kind", "status", "code"), [("429", 429, 20429), ("500", 500, 20500), ("21422", 400, 21422)])
def test_the_next_calls_meet_a_fault_and_then_no_more(scene: Scene, kind: str, status: int, code: int) -> None:
    """A fault is used up by as many calls as were asked for; the state does not change."""
    scene.fake.inject("messages.create", kind, 2)
    for _ in range(2):
        with pytest.raises(TwilioRestException) as refusal:
            scene.send()

        assert (refusal.value.status, refusal.value.code) == (status, code)

    assert scene.fake.messages() == []
    assert scene.send().status == "accepted"


@pytest.mark.parametrize(("kind", "taken"), [("timeout_before", 0), ("timeout_after", 1)])
def test_a_timeout_leaves_it_open_whether_it_was_done(scene: Scene, kind: str, taken: int) -> None:
    """Before: nothing happened. After: it did, and the callbacks tell of it."""
    scene.fake.inject("messages.create", kind, 1)

    with pytest.raises(ReadTimeout):
        scene.send()
    scene.later()

    assert len(scene.fake.messages()) == taken
    assert len(scene.arrived) == 3 * taken


def test_a_lost_answer_may_have_been_a_refusal(scene: Scene) -> None:
    """What would have been refused is lost the same way."""
    scene.fake.inject("messages.create", "timeout_after", 1)

    with pytest.raises(ReadTimeout):
        scene.send(to="banana")

    assert scene.fake.messages() == []


@pytest.mark.parametrize(
    ("code", "statuses"), [("30034", ["queued", "sent", "undelivered"]), ("21610", ["failed"]), ("30001", ["failed"])]
)
def test_some_errors_come_later(scene: Scene, code: str, statuses: list[str]) -> None:
    """What a carrier or the service refuses was taken first; the last callback has the code."""
    scene.fake.inject("messages.create", code, 1)
    scene.send()
    scene.later()

    assert scene.statuses() == statuses
    assert scene.arrived[-1].form["ErrorCode"] == code
    assert scene.texts() == []


@pytest.mark.parametrize(
    ("kind", "count", "statuses"),
    [
        ("dropped", 1, ["sent", "delivered"]),
        ("dropped", 3, []),
        ("duplicated", 1, ["queued", "queued", "sent", "delivered"]),
        ("reordered", 1, ["delivered", "sent", "queued"]),
    ],
)
def test_callbacks_get_lost_repeated_and_disordered(scene: Scene, kind: str, count: int, statuses: list[str]) -> None:
    """The message itself goes its way whatever becomes of its callbacks."""
    scene.fake.inject("callbacks", kind, count)
    scene.send()
    scene.later()

    assert scene.statuses() == statuses
    assert scene.texts() == [("Hello", False)]


@pytest.mark.parametrize(("kind", "times"), [("dropped", 0), ("duplicated", 2)])
def test_texts_from_phones_get_lost_and_repeated(scene: Scene, kind: str, times: int) -> None:
    """A repeated webhook is the same message."""
    scene.fake.inject("inbound", kind, 1)
    scene.fake.text_from_phone(PHONE, scene.number.phone_number, "Hi")
    scene.later()

    assert len(scene.arrived) == times
    assert len({one.form["MessageSid"] for one in scene.arrived}) == min(times, 1)


@pytest.mark.parametrize(
    ("operation", "kind", "count"),
    [
        ("messages.send", "429", 1),
        ("messages.create", "dropped", 1),
        ("callbacks", "429", 1),
        ("messages.create", "429", 0),
    ],
)
def test_a_fault_that_cannot_be_is_refused(scene: Scene, operation: str, kind: str, count: int) -> None:
    """A misspelt fault would never happen, and its test would prove nothing."""
    with pytest.raises(ValueError, match=r"\w"):
        scene.fake.inject(operation, kind, count)
