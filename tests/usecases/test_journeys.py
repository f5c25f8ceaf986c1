"""A journey's message goes in the window, after the opt-in, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engage_sms.domain.message import Kind, Message, MessageRef, Status
from engage_sms.errors import Invalid, NotFound
from engage_sms.usecases.accept_journey_step import AcceptJourneyStep, accept_journey_step
from engage_sms.usecases.cancel_message import CancelMessage, cancel_message
from engage_sms.usecases.release_due import release_due
from tests.usecases.interruption import Interrupted
from tests.world import CLOSED, NEXT_OPENING, OPEN, ORG, World

STEP = AcceptJourneyStep(
    org_id=ORG,
    event_id="e-1",
    journey_id="j-1",
    step_id="s-1",
    execution_id="x-1",
    contact_id="c-1",
    sender="owner",
    body="Hi {contact.first_name}, rates fell to {rate}.",
    merge={"rate": "5.1 %"},
)
TEXT = "Hi Bo, rates fell to 5.1 %."


def accept(world: World, step: AcceptJourneyStep = STEP) -> Message:
    message = accept_journey_step(step, world.ports)
    assert message is not None
    return message


def test_in_the_window_it_goes_at_once(opted_in: World) -> None:
    """An opted-in contact gets it now, with its merge fields filled and a validity that ends with the window."""
    message = accept(opted_in)
    opted_in.settle()
    at_twilio = next(m for m in opted_in.twilio.messages() if m["body"] == TEXT)

    assert opted_in.message(message).status is Status.SENT
    assert 0 < int(at_twilio["validity_period"]) <= 6 * 3600


def test_outside_the_window_it_is_held_and_released_at_the_opening(opted_in: World) -> None:
    """Held with its reason until the opening; the first dispatch comes within two seconds after it, never before."""
    opted_in.pass_time(CLOSED)
    message = accept(opted_in)
    opted_in.settle()
    waiting = opted_in.message(message)
    opted_in.pass_time(NEXT_OPENING - timedelta(seconds=1))
    before = opted_in.message(message).status
    opted_in.pass_time(NEXT_OPENING + timedelta(seconds=2))
    after = opted_in.message(message)

    assert waiting.hold is not None
    assert waiting.hold.until == NEXT_OPENING
    assert before is Status.HELD
    assert after.sent_at is not None
    assert NEXT_OPENING <= after.sent_at <= NEXT_OPENING + timedelta(seconds=2)


def test_many_held_messages_leave_at_the_organizations_rate(opted_in: World) -> None:
    """Three a second by default, in waves; each leaves once."""
    opted_in.pass_time(CLOSED)
    messages = [accept(opted_in, replace(STEP, step_id=f"s-{n}")) for n in range(20)]
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=1))
    release_due(opted_in.ports)
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=20))
    sent = [opted_in.message(message).sent_at for message in messages]
    per_second = {instant: sent.count(instant) for instant in sent}

    assert None not in sent
    assert max(per_second.values()) <= 3
    assert sum(m["body"] == TEXT for m in opted_in.twilio.messages()) == 20
    assert opted_in.store.openings(ORG) == ()


def test_the_same_step_delivered_twice_sends_once(opted_in: World) -> None:
    """An event comes at least once; its message exists once."""
    accept(opted_in)
    again = accept_journey_step(STEP, opted_in.ports)
    opted_in.settle()

    assert again is None
    assert sum(m["body"] == TEXT for m in opted_in.twilio.messages()) == 1


def test_without_consent_it_asks_and_waits_for_the_yes(ready: World) -> None:
    """The journey itself sends the opt-in request; its message goes when the YES came."""
    message = accept(ready)
    ready.arrive()
    waiting = ready.message(message).status
    asked = ready.received_by_phone()
    ready.text("yes")
    ready.settle()

    assert waiting is Status.AWAITING_OPT_IN
    assert len(asked) == 1
    assert ready.message(message).status in {Status.SENT, Status.DELIVERED}


def test_outside_the_window_the_request_is_held_too(ready: World) -> None:
    """No automated opt-in request at night; the budget counts it for the opening it leaves at."""
    ready.pass_time(CLOSED)
    accept(ready)
    ready.settle()
    at_night = ready.received_by_phone()
    request = next(m for m in ready.conversation() if m.kind is Kind.OPT_IN_REQUEST)
    ready.pass_time(NEXT_OPENING + timedelta(seconds=3))

    assert at_night == []
    assert request.status is Status.HELD
    assert len(ready.received_by_phone()) == 1
    assert ready.store.consent(ORG, "+13125550199").of("u-1").requests_sent == 1


def test_a_yes_at_night_holds_the_message_for_the_opening(ready: World) -> None:
    """The YES may come any time; the journey's text still keeps to the window."""
    message = accept(ready)
    ready.pass_time(CLOSED)
    ready.text("YES")
    ready.settle()

    assert ready.message(message).status is Status.HELD


def test_a_wait_for_the_opt_in_ends(ready: World) -> None:
    """Without a YES the message expires after seven days and says so."""
    message = accept(ready)
    ready.settle()
    ready.clock.instant = OPEN + timedelta(days=7)
    release_due(ready.ports)

    assert ready.message(message).status is Status.EXPIRED


def late_yes(ready: World, step: AcceptJourneyStep = STEP) -> Message:
    """Asked on a Wednesday at 20:00 in Chicago; the YES comes ten minutes before the seven days are over, at night.

    wait     Wed 20:00 ──────────────► Wed 20:00   its timer
    YES                         19:50 ─► held ───────────────► Thu 08:00 opening
    """
    evening = CLOSED + timedelta(hours=3)
    ready.pass_time(evening)
    message = accept(ready, step)
    ready.settle()
    ready.clock.instant = evening + timedelta(days=7) - timedelta(minutes=10)
    ready.text("YES")
    return message


def test_a_yes_in_time_is_not_too_late_in_the_morning(ready: World) -> None:
    """From the YES on the message waits as held ones do: the end of the wait for the opt-in ends it no more."""
    message = late_yes(ready)
    held = ready.message(message)
    ready.pass_time(NEXT_OPENING + timedelta(days=7, minutes=1))

    assert held.status is Status.HELD
    assert held.expires_at == CLOSED + timedelta(days=10, hours=3) - timedelta(minutes=10)
    assert ready.message(message).status is Status.DELIVERED


def test_the_steps_own_end_outlasts_the_yes(ready: World) -> None:
    """A journey's step that ends in the night ends its message then, whenever the YES came."""
    ends = NEXT_OPENING + timedelta(days=7, hours=-1)
    message = late_yes(ready, replace(STEP, expires_at=ends))
    waiting = ready.message(message)
    ready.pass_time(ends + timedelta(minutes=1))

    assert (waiting.status, waiting.expires_at) == (Status.HELD, ends)
    assert ready.message(message).status is Status.EXPIRED


def test_a_yes_that_nobody_told_of_still_counts_in_time(ready: World) -> None:
    """The stream is behind: the end of the wait finds the YES itself, and gives the message its time."""
    message = accept(ready)
    ready.settle()
    ready.clock.instant = OPEN + timedelta(days=7, minutes=-1)
    ready.twilio.text_from_phone("+13125550199", ready.number_of(), "YES")
    ready.clock.advance(seconds=1)
    ready.twilio.run_due()
    ready.clock.instant = OPEN + timedelta(days=7)
    release_due(ready.ports)
    ready.arrive()

    assert ready.message(message).status is Status.DELIVERED


def test_a_yes_after_the_wait_is_too_late(ready: World) -> None:
    """The end is not put off by a clock that has not rung yet."""
    message = accept(ready)
    ready.settle()
    ready.clock.instant = OPEN + timedelta(days=7, seconds=1)
    ready.text("YES")

    assert ready.message(message).status is Status.EXPIRED


def test_a_yes_beside_the_timer_keeps_its_own(ready: World) -> None:
    """The YES is told of while the end of the wait rings: whoever is first, the message ends when it should."""
    ends = NEXT_OPENING + timedelta(days=7, hours=-1)
    evening = CLOSED + timedelta(hours=3)
    ready.pass_time(evening)
    message = accept(ready, replace(STEP, expires_at=ends))
    ready.settle()
    ready.clock.instant = evening + timedelta(days=7) - timedelta(seconds=2)
    ready.twilio.text_from_phone("+13125550199", ready.number_of(), "YES")
    ready.clock.advance(seconds=1)
    ready.twilio.run_due()
    ready.clock.advance(seconds=1)
    release_due(replace(ready.ports, store=Interrupted(ready.store, "consent", ready.settle)))
    held = ready.message(message).status
    ready.pass_time(ends + timedelta(minutes=1))

    assert held is Status.HELD
    assert ready.message(message).status is Status.EXPIRED


def test_a_stop_cancels_what_is_held(opted_in: World) -> None:
    """A STOP cancels everything that waits for the phone, at once; nothing leaves at the opening."""
    opted_in.pass_time(CLOSED)
    message = accept(opted_in)
    opted_in.settle()
    opted_in.text("STOP")
    cancelled = opted_in.message(message)
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=5))

    assert cancelled.status is Status.CANCELLED
    assert TEXT not in opted_in.received_by_phone()


def test_an_opted_out_contact_is_skipped_with_the_reason(opted_in: World) -> None:
    """The step ends as skipped; the outside is told why."""
    opted_in.text("STOP")
    message = accept(opted_in)
    opted_in.settle()
    skipped = opted_in.message(message)

    assert skipped.status is Status.SKIPPED
    assert skipped.error is not None
    assert skipped.error.code == "opted-out"
    assert "sms.message.skipped" in opted_in.events


def test_a_text_that_reads_like_a_revocation_rests_automation(opted_in: World) -> None:
    """Free text is no keyword, but automation does not talk over it."""
    opted_in.text("please stop texting me")
    message = accept(opted_in)

    assert message.status is Status.SKIPPED
    assert message.error is not None
    assert message.error.code == "revocation-suspected"


def test_the_user_can_cancel_what_is_held(opted_in: World) -> None:
    """A held message can be taken back until it leaves."""
    opted_in.pass_time(CLOSED)
    message = accept(opted_in)
    opted_in.settle()
    cancel_message(CancelMessage(ref=message.ref), opted_in.ports)
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=1))

    assert opted_in.message(message).status is Status.CANCELLED
    assert TEXT not in opted_in.received_by_phone()


def test_a_held_message_that_expires_first_is_never_sent(opted_in: World) -> None:
    """The step's own end comes before the opening."""
    opted_in.pass_time(CLOSED)
    message = accept(opted_in, replace(STEP, expires_at=CLOSED + timedelta(hours=1)))
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=1))

    assert opted_in.message(message).status is Status.EXPIRED


def test_a_lost_trigger_heals_itself(opted_in: World) -> None:
    """A release that did not run at the opening finds the overdue opening later."""
    opted_in.pass_time(CLOSED)
    message = accept(opted_in)
    opted_in.settle()
    opted_in.clock.instant = NEXT_OPENING + timedelta(minutes=30)
    release_due(opted_in.ports)
    opted_in.settle()

    assert opted_in.message(message).status is Status.SENT


def test_a_step_that_names_nobody_is_refused(opted_in: World) -> None:
    """An unknown contact, sender or merge field is the journey's mistake, told in words."""
    with pytest.raises(NotFound):
        accept_journey_step(replace(STEP, contact_id="nobody"), opted_in.ports)
    with pytest.raises(NotFound):
        accept_journey_step(replace(STEP, sender="nobody"), opted_in.ports)
    with pytest.raises(Invalid):
        accept_journey_step(replace(STEP, body="Hi {contact.nickname}"), opted_in.ports)


def test_cancelling_nothing_says_so(opted_in: World) -> None:
    """There is nothing to cancel where there is no message."""
    with pytest.raises(NotFound):
        cancel_message(CancelMessage(ref=MessageRef(ORG, "u-1", "c-1", "01JNOTHERE")), opted_in.ports)
