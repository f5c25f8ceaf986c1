"""One call to Twilio for each message, whatever crashes when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engage_sms.domain.message import Message, Status, claim
from engage_sms.errors import Permanent, Retryable
from engage_sms.usecases.dispatch_message import LEASE, DispatchMessage, dispatch_message
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.world import ORG, World


def write(world: World, body: str = "Hello Bo") -> Message:
    return send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body=body), world.ports)


def sent_texts(world: World, body: str = "Hello Bo") -> int:
    return sum(message["body"] == body for message in world.twilio.messages())


def test_a_message_leaves_from_the_users_number_and_is_delivered(opted_in: World) -> None:
    """The user's number and the organization's Messaging Service send it; the trace tells its life."""
    message = write(opted_in)
    opted_in.arrive()
    delivered = opted_in.message(message)
    at_twilio = next(m for m in opted_in.twilio.messages() if m["body"] == "Hello Bo")

    assert delivered.status is Status.DELIVERED
    assert [entry.event for entry in delivered.trace] == ["queued", "dispatching", "sent", "delivered"]
    assert at_twilio["from"] == opted_in.number_of()
    assert at_twilio["messaging_service_sid"].startswith("MG")


def test_dispatching_twice_sends_once(opted_in: World) -> None:
    """A queue delivers at least once; the claim lets one delivery through."""
    message = write(opted_in)
    opted_in.settle()
    dispatch_message(DispatchMessage(ref=message.ref), opted_in.ports)

    assert sent_texts(opted_in) == 1


def test_a_crash_after_the_claim_never_sends_again(opted_in: World) -> None:
    """A claim whose holder died is unknown once its lease ran out, and is looked up instead of repeated."""
    message = write(opted_in)
    opted_in.ports.store.move(message.ref, claim(now=opted_in.clock(), lease=LEASE))
    with pytest.raises(Retryable):
        dispatch_message(DispatchMessage(ref=message.ref), opted_in.ports)
    opted_in.clock.advance(seconds=LEASE.total_seconds() + 1)
    dispatch_message(DispatchMessage(ref=message.ref), opted_in.ports)

    assert opted_in.message(message).status is Status.UNKNOWN
    assert sent_texts(opted_in) == 0


@pytest.mark.parametrize("kind", ["timeout_after", "500"])
def test_a_lost_answer_is_settled_without_a_second_text(opted_in: World, kind: str) -> None:
    """Whether Twilio took it or not, the message ends in one state and the phone got it at most once."""
    opted_in.twilio.inject("messages.create", kind, 1)
    message = write(opted_in)
    opted_in.pass_time(opted_in.clock.instant + timedelta(hours=2))
    taken = sent_texts(opted_in)

    assert taken <= 1
    assert opted_in.message(message).status is (Status.DELIVERED if taken else Status.FAILED)


def test_a_lost_answer_and_lost_callbacks_are_settled_by_looking(opted_in: World) -> None:
    """When neither the answer nor a callback arrives, Twilio's list says what became of it."""
    opted_in.twilio.inject("messages.create", "timeout_after", 1)
    opted_in.twilio.inject("callbacks", "dropped", 3)
    message = write(opted_in)
    opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=3))

    assert opted_in.message(message).status is Status.DELIVERED
    assert sent_texts(opted_in) == 1


def test_a_timeout_before_acceptance_ends_as_not_sent(opted_in: World) -> None:
    """Twilio never took it and has no trace of it: after the last look-up it counts as failed, in plain words."""
    opted_in.twilio.inject("messages.create", "timeout_before", 1)
    message = write(opted_in)
    opted_in.pass_time(opted_in.clock.instant + timedelta(hours=2))
    after = opted_in.message(message)

    assert after.status is Status.FAILED
    assert after.error is not None
    assert after.error.code == "not-taken"


def test_a_busy_twilio_is_tried_again(opted_in: World) -> None:
    """429 means it was not looked at: the message goes back to the queue and leaves later, once."""
    opted_in.twilio.inject("messages.create", "429", 2)
    message = write(opted_in)
    opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=2))

    assert opted_in.message(message).status is Status.DELIVERED
    assert sent_texts(opted_in) == 1


def test_a_twilio_that_stays_busy_fails_the_message(opted_in: World) -> None:
    """Patience ends: the user sees that it was not sent."""
    opted_in.twilio.inject("messages.create", "429", 50)
    message = write(opted_in)
    opted_in.pass_time(opted_in.clock.instant + timedelta(hours=1, minutes=10))

    assert opted_in.message(message).status is Status.FAILED
    assert sent_texts(opted_in) == 0


@pytest.mark.parametrize(("code", "status"), [("21211", Status.FAILED), ("30034", Status.UNDELIVERED)])
def test_a_refusal_is_final_and_says_why(opted_in: World, code: str, status: Status) -> None:
    """Twilio's code stands on the message, whether it refused at once or reported it later."""
    opted_in.twilio.inject("messages.create", code, 1)
    message = write(opted_in)
    opted_in.arrive()
    after = opted_in.message(message)

    assert after.status is status
    assert after.error is not None
    assert after.error.code == code


def test_a_stop_beats_a_message_on_the_queue(opted_in: World) -> None:
    """Consent is read after the claim: a STOP that came while the message was queued cancels it."""
    message = write(opted_in)
    opted_in.twilio.text_from_phone("+13125550199", opted_in.number_of(), "STOP")
    opted_in.twilio.run_due()
    opted_in.settle()

    assert opted_in.message(message).status is Status.CANCELLED
    assert sent_texts(opted_in) == 0


def test_a_message_nobody_wrote_is_reported(opted_in: World) -> None:
    """A queue message that points nowhere is an error, not silence."""
    ghost = write(opted_in).ref
    with pytest.raises(Permanent):
        dispatch_message(DispatchMessage(ref=type(ghost)(ORG, "u-1", "c-1", "01JNOTHERE")), opted_in.ports)


def test_disordered_and_repeated_callbacks_end_in_the_same_state(opted_in: World) -> None:
    """Delivered stays delivered, whatever comes late or twice."""
    opted_in.twilio.inject("callbacks", "reordered", 3)
    opted_in.twilio.inject("callbacks", "duplicated", 3)
    message = write(opted_in)
    opted_in.arrive()

    assert opted_in.message(message).status is Status.DELIVERED
