"""The stateful Twilio of this machine: messages in time, signed webhooks, accounts, stock, usage."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from engage_sms.domain import phone as phones
from infra.local.twilio import FakeTwilio, TwilioInProcess, Unanswered
from tests.local.twilio_scene import INBOUND_URL, PHONE, START, STATUS_URL, Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


# --- messages and their callbacks ---


def test_a_message_goes_its_way_as_time_passes(scene: Scene) -> None:
    """Nothing happens by itself: each status comes at its time, and the phone gets the text at the end."""
    sent = scene.send()
    seen = []
    for _ in range(5):
        seen.append((scene.sdk.messages(sent.sid).fetch().status, len(scene.texts())))
        scene.later(0.25)

    assert seen == [("accepted", 0), ("queued", 0), ("sent", 0), ("sent", 0), ("delivered", 1)]
    assert scene.statuses() == ["queued", "sent", "delivered"]
    assert scene.fake.next_due() is None


def test_without_a_service_queued_is_the_answer_and_has_no_callback(scene: Scene) -> None:
    """The first status is only in the answer; through a service that is `accepted`."""
    sent = scene.send(messaging_service_sid=None, status_callback=STATUS_URL)
    scene.later()

    assert (sent.status, sent.num_segments) == ("queued", "1")
    assert scene.statuses() == ["sent", "delivered"]


def test_a_service_alone_chooses_the_sender(scene: Scene) -> None:
    """Sender and segments are settled after the answer."""
    sent = scene.send(from_=None)
    scene.later()
    settled = scene.sdk.messages(sent.sid).fetch()

    assert (sent.from_, sent.num_segments) == (None, "0")
    assert (settled.from_, settled.num_segments) == (scene.number.phone_number, "1")


def test_next_due_says_when_something_happens(scene: Scene) -> None:
    """A clock that is advanced can stop at every event on its way."""
    assert scene.fake.next_due() is None

    scene.send()

    assert scene.fake.next_due() == START + timedelta(seconds=0.2)
    assert scene.fake.run_due() == 0


def test_things_happen_in_the_order_of_their_time(scene: Scene) -> None:
    """A clock that leaps brings everything about in order, dated when it was due."""
    scene.send(to="+14155550101")
    scene.now += timedelta(seconds=0.1)
    scene.send(to="+14155550102")
    scene.later(3600)

    assert [(one.form["To"][-1], one.form["MessageStatus"]) for one in scene.arrived] == [
        ("1", "queued"),
        ("2", "queued"),
        ("1", "sent"),
        ("2", "sent"),
        ("1", "delivered"),
        ("2", "delivered"),
    ]
    assert scene.fake.phone_messages("+14155550101")[0]["received_at"] == "2026-03-02T15:00:01Z"


@given(st.text(max_size=40).filter(bool))
def test_every_webhook_is_signed_as_the_sdk_expects(body: str) -> None:
    """The SDK's own validator takes it with the subaccount's token, and with no other."""
    scene = Scene(overrides="#rc=2&rp=5xx,ct,rt&rt=6000")
    scene.fake.text_from_phone(PHONE, scene.number.phone_number, body)
    scene.send(status_callback=STATUS_URL + "#rc=3")
    scene.later()

    assert len(scene.arrived) == 4
    for one in scene.arrived:
        signature = one.headers["X-Twilio-Signature"]

        assert "#" not in one.url
        assert RequestValidator(scene.auth_token).validate(one.url, one.form, signature)
        assert not RequestValidator(scene.fake.parent.auth_token).validate(one.url, one.form, signature)


def test_the_messages_own_callback_is_used_before_the_services(scene: Scene) -> None:
    """The address given with a message comes first."""
    scene.send(status_callback="https://sms.example.com/own")
    scene.send()
    scene.later()

    assert [one.url for one in scene.arrived] == ["https://sms.example.com/own", STATUS_URL] * 3


def test_a_text_from_a_phone_comes_by_webhook(scene: Scene) -> None:
    """All of Twilio's fields come, blank ones too, and the message can be looked up."""
    sid = scene.fake.text_from_phone(PHONE, scene.number.phone_number, "Look", ["https://example.com/1.jpg"])
    scene.later(0)
    (one,) = scene.arrived

    assert one.url == INBOUND_URL
    assert one.form["MessagingServiceSid"] == scene.service.sid
    assert (one.form["MessageSid"], one.form["From"], one.form["To"]) == (sid, PHONE, scene.number.phone_number)
    assert (one.form["Body"], one.form["NumMedia"], one.form["MediaUrl0"]) == ("Look", "1", "https://example.com/1.jpg")
    assert one.form["FromCity"] == ""
    assert scene.sdk.messages(sid).fetch().direction == "inbound"
    assert scene.fake.messages() == []


def test_a_number_outside_a_service_has_its_own_webhook(scene: Scene) -> None:
    """Without a service the number's SmsUrl is asked; a number without one still logs the text."""
    phone = scene.sdk.available_phone_numbers("US").local.list(area_code=212, limit=1)[0].phone_number
    scene.sdk.incoming_phone_numbers.create(phone_number=phone, sms_url="https://sms.example.com/own")
    silent = scene.buy(312)
    scene.fake.text_from_phone(PHONE, phone, "Hi")
    scene.fake.text_from_phone(PHONE, silent.phone_number, "Hi")
    scene.later()

    assert [one.url for one in scene.arrived] == ["https://sms.example.com/own"]
    assert len(scene.sdk.messages.list(to=silent.phone_number, limit=5)) == 1


def test_a_text_to_nobodys_number_is_a_mistake(scene: Scene) -> None:
    """A mistyped number in a demonstration is said, not swallowed."""
    with pytest.raises(LookupError):
        scene.fake.text_from_phone(PHONE, "+14155550000", "Hi")


# --- accounts, stock and usage ---


def test_credentials_are_checked(scene: Scene) -> None:
    """The parent opens its subaccounts on api.twilio.com; a subaccount opens itself alone; no token, no answer."""
    path = f"/2010-04-01/Accounts/{scene.account_sid}/Messages.json"
    parents = f"/2010-04-01/Accounts/{scene.fake.parent.sid}/Messages.json"
    parent, own = (scene.fake.parent.sid, scene.fake.parent.auth_token), (scene.account_sid, scene.auth_token)

    def status(path: str, auth: tuple[str, str] | None) -> int:
        return scene.fake.handle("GET", "api.twilio.com", path, auth=auth).status

    assert [status(path, auth) for auth in (parent, own, None, (own[0], "x"), (own[0], "é"))] == [
        200,
        200,
        401,
        401,
        401,
    ]
    assert status(parents, own) == 401


def test_services_belong_to_the_credentials(scene: Scene) -> None:
    """On messaging.twilio.com the parent sees its own services, not the subaccount's."""
    assert scene.parent.messaging.v1.services.list(limit=5) == []
    assert [one.sid for one in scene.sdk.messaging.v1.services.list(limit=5)] == [scene.service.sid]


def test_a_closed_account_is_closed_for_good(scene: Scene) -> None:
    """Suspended can be undone; closed cannot, and gives the numbers back."""
    account = scene.parent.api.accounts(scene.account_sid)
    account.update(status="suspended")

    with pytest.raises(TwilioRestException) as refusal:
        scene.send()

    assert (refusal.value.status, refusal.value.code) == (401, 20003)
    assert account.update(status="active").status == "active"

    account.update(status="closed")

    assert scene.fake.numbers() == []
    with pytest.raises(TwilioRestException, match="opened again"):
        account.update(status="active")


def test_a_bought_number_leaves_the_stock(scene: Scene) -> None:
    """What was bought is offered to nobody else, and does not come back when it is released."""
    bought = scene.number.phone_number
    offered = scene.sdk.available_phone_numbers("US").local

    assert bought not in [row.phone_number for row in offered.list(area_code=415, limit=300)]

    scene.sdk.incoming_phone_numbers(scene.number.sid).delete()

    assert bought not in [row.phone_number for row in offered.list(area_code=415, limit=300)]
    with pytest.raises(TwilioRestException) as refusal:
        scene.sdk.incoming_phone_numbers.create(phone_number=bought)
    assert refusal.value.code == 21422


def test_an_area_code_can_be_sold_out(scene: Scene) -> None:
    """An empty list is the answer, not an error; buying there is refused, and nearby there is some."""
    scene.fake.set_stock("415", 0)
    offered = scene.sdk.available_phone_numbers("US").local

    assert offered.list(area_code=415, limit=5) == []
    assert offered.list(area_code=999, limit=5) == []
    assert {phones.area_code(row.phone_number) for row in offered.list(near_number="+14155550100", limit=5)} == {"628"}
    assert {row.region for row in offered.list(in_region="CA", limit=5)} == {"CA"}
    with pytest.raises(TwilioRestException) as refusal:
        scene.sdk.incoming_phone_numbers.create(area_code="415")
    assert refusal.value.code == 21452


def test_stock_counts_down_to_nothing(scene: Scene) -> None:
    """With two left, two can be bought."""
    scene.fake.set_stock("415", 2)
    scene.buy()
    scene.sdk.incoming_phone_numbers.create(area_code="415")

    assert scene.sdk.available_phone_numbers("US").local.list(area_code=415, limit=5) == []


@given(st.integers(min_value=0, max_value=5))
def test_the_same_seed_has_the_same_numbers(seed: int) -> None:
    """A demonstration looks the same each time, and every number for sale is a valid one."""

    def offered() -> list[str]:
        fake = FakeTwilio(lambda: START, seed=seed)
        sdk = Client(fake.parent.sid, fake.parent.auth_token, http_client=TwilioInProcess(fake))
        return [row.phone_number for row in sdk.available_phone_numbers("US").local.list(area_code=415, limit=250)]

    assert offered() == offered()
    assert [phones.parse(number) for number in offered()] == offered()
    assert len(set(offered())) == 250


def test_usage_adds_seeded_days_to_real_ones(scene: Scene) -> None:
    """Daily rows count segments in both directions, in GMT, the subaccounts' only when asked for."""
    scene.fake.seed_usage(scene.account_sid, date(2026, 2, 28), segments=40, count=30)
    scene.fake.seed_usage(scene.account_sid, date(2026, 3, 2), segments=5, count=5)
    scene.send(body="x" * 200)
    scene.fake.text_from_phone(PHONE, scene.number.phone_number, "Hi")
    scene.later()

    def rows(client: Client, **query: object) -> list[tuple[str, str, str]]:
        found = client.usage.records.daily.list(start_date=date(2026, 2, 28), category="sms", limit=9, **query)
        return [(str(row.start_date), row.count, row.usage) for row in found]

    expected = [("2026-03-02", "7", "8"), ("2026-03-01", "0", "0"), ("2026-02-28", "30", "40")]
    assert rows(scene.sdk) == expected
    assert rows(scene.parent) == expected
    assert {usage for _, _, usage in rows(scene.parent, include_subaccounts=False)} == {"0"}


def test_what_it_holds_can_be_looked_at_without_tokens(scene: Scene) -> None:
    """Accounts, numbers and messages are plain data for a person to read."""
    scene.send(validity_period=600)

    assert [one["friendly_name"] for one in scene.fake.accounts()] == ["Engage SMS", "acme"]
    assert scene.auth_token not in repr(scene.fake.accounts())
    assert scene.fake.numbers()[0]["messaging_service_sid"] == scene.service.sid
    (message,) = scene.fake.messages()
    assert (message["to"], message["from"], message["body"]) == (PHONE, scene.number.phone_number, "Hello")
    assert (message["validity_period"], message["status_callback"]) == (600, STATUS_URL)
    assert message["created_at"] == "2026-03-02T15:00:00Z"


# --- what is refused ---


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": ""}, 21604),
        ({"to": "4155550199"}, 21211),
        ({"body": None}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"from_": None, "messaging_service_sid": None}, 21603),
        ({"from_": "+14155550000"}, 21659),
        ({"messaging_service_sid": "MG" + "0" * 32}, 21705),
        ({"validity_period": 0}, 90007),
        ({"validity_period": 36_001}, 90007),
        ({"validity_period": "soon"}, 20001),
    ],
)
def test_a_send_that_twilio_would_refuse_is_refused(scene: Scene, changes: dict[str, object], code: int) -> None:
    """Each mistake has Twilio's own code, and nothing is taken."""
    with pytest.raises(TwilioRestException) as refusal:
        scene.send(**changes)

    assert (refusal.value.status, refusal.value.code) == (400, code)
    assert scene.fake.messages() == []


def test_a_sender_has_to_be_in_the_service(scene: Scene) -> None:
    """A number outside the pool is not sent from, and an empty pool has no sender."""
    outside = scene.buy()
    empty = scene.sdk.messaging.v1.services.create(friendly_name="empty")

    with pytest.raises(TwilioRestException) as of_the_number:
        scene.send(from_=outside.phone_number)
    with pytest.raises(TwilioRestException) as of_the_service:
        scene.send(from_=None, messaging_service_sid=empty.sid)

    assert (of_the_number.value.code, of_the_service.value.code) == (21606, 21704)


def test_a_number_is_in_one_service_at_a_time(scene: Scene) -> None:
    """The second service is refused it, and the first says it has it."""
    second = scene.sdk.messaging.v1.services.create(friendly_name="second")
    codes = []
    for service in (scene.service, second):
        with pytest.raises(TwilioRestException) as refusal:
            scene.sdk.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=scene.number.sid)
        codes.append(refusal.value.code)

    assert codes == [21710, 21712]


def test_what_is_not_there_is_not_found(scene: Scene) -> None:
    """A SID of nothing, and one of another account, look alike."""
    message = scene.send()
    parent = scene.parent
    lookups = (
        scene.sdk.messages("SM" + "0" * 32).fetch,
        parent.messages(message.sid).fetch,
        parent.incoming_phone_numbers(scene.number.sid).fetch,
        parent.messaging.v1.services(scene.service.sid).fetch,
    )
    for lookup in lookups:
        with pytest.raises(TwilioRestException) as refusal:
            lookup()

        assert (refusal.value.status, refusal.value.code) == (404, 20404)


def test_a_filter_by_day_hides_what_was_not_sent(scene: Scene) -> None:
    """The trap of looking up an ambiguous send by its date: while it is queued it has none."""
    scene.send()
    waiting = scene.sdk.messages.list(date_sent="2026-03-02", limit=5)
    scene.later()

    assert waiting == []
    assert len(scene.sdk.messages.list(date_sent="2026-03-02", limit=5)) == 1
    assert scene.sdk.messages.list(date_sent_before="2026-03-01", limit=5) == []
    assert len(scene.sdk.messages.list(date_sent_after="2026-03-02", limit=5)) == 1


# --- its edges ---


def test_the_in_process_client_reaches_no_other_host(scene: Scene) -> None:
    """No test and no demonstration can call anything real."""
    with pytest.raises(RuntimeError, match=r"example\.com"):
        TwilioInProcess(scene.fake).request("GET", "https://example.com/")


@pytest.mark.parametrize(
    ("query", "code"),
    [([("PageSize", "0")], 400), ([("PageSize", "x")], 400), ([("PageSize", "1001")], 400), ([("Page", "-1")], 400)],
)
def test_pages_that_cannot_be_are_refused(scene: Scene, query: list[tuple[str, str]], code: int) -> None:
    """A wrong page is an error of the caller."""
    path = f"/2010-04-01/Accounts/{scene.account_sid}/Messages.json"
    auth = (scene.account_sid, scene.auth_token)

    assert scene.fake.handle("GET", "api.twilio.com", path, query=query, auth=auth).status == code


def test_an_unknown_path_is_not_found(scene: Scene) -> None:
    """What this Twilio does not have answers 404, in Twilio's shape."""
    answer = scene.fake.handle("GET", "api.twilio.com", "/2010-04-01/Calls.json", auth=None)

    assert (answer.status, '"code": 20404' in answer.body) == (404, True)


def test_a_front_learns_of_a_timeout(scene: Scene) -> None:
    """An HTTP front gets an exception of its own kind and closes the connection."""
    scene.fake.inject("accounts.list", "timeout_before", 1)

    auth = (scene.fake.parent.sid, scene.fake.parent.auth_token)

    with pytest.raises(Unanswered):
        scene.fake.handle("GET", "api.twilio.com", "/2010-04-01/Accounts.json", auth=auth)
