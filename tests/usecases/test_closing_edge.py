"""Around the closing, and at the end of a message's patience: nothing arrives late, nothing waits for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engage_sms.domain.due import TimerKind
from engage_sms.domain.message import Kind, Message, Status
from engage_sms.domain.planning import CALL
from engage_sms.usecases.change_settings import ChangeSettings, change_settings
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from tests.usecases.interruption import Interrupted
from tests.usecases.test_journeys import STEP, TEXT, accept
from tests.world import CLOSED, NEXT_OPENING, ORG, World

CLOSING = datetime(2026, 7, 15, 21, 0, tzinfo=UTC)


def validity(world: World, body: str = TEXT) -> int:
    (text,) = [text for text in world.twilio.messages() if text["body"] == body]
    return int(text["validity_period"])


def before_closing(world: World, **by: float) -> None:
    """So long before the last moment that a call can still begin."""
    world.pass_time(CLOSING - timedelta(minutes=10))
    world.clock.instant = CLOSING - CALL - timedelta(**by)


def timers(world: World) -> list[TimerKind]:
    return [timer.kind for timer in world.store.due_timers(NEXT_OPENING + timedelta(days=30))]


@pytest.mark.parametrize(("left", "seconds"), [(3600, 3600), (90.9, 90), (1.5, 1)])
def test_twilio_is_told_when_the_window_ends(opted_in: World, left: float, seconds: int) -> None:
    """The validity is the whole seconds to the closing, rounded down, less those that a call may take."""
    before_closing(opted_in, seconds=left)
    accept(opted_in)
    opted_in.settle()

    assert validity(opted_in) == seconds


def test_what_waited_for_its_turn_has_that_much_less(opted_in: World) -> None:
    """What counts is the call, not the plan before the wait."""
    before_closing(opted_in, seconds=100)
    messages = [accept(opted_in, replace(STEP, step_id=f"s-{number}")) for number in range(4)]
    for message in messages:
        dispatch_message(DispatchMessage(ref=message.ref), opted_in.ports)
    periods = [int(text["validity_period"]) for text in opted_in.twilio.messages() if text["body"] == TEXT]

    assert sorted(periods) == [99, 100, 100, 100]


def test_the_last_second_is_too_late(opted_in: World) -> None:
    """Less than a second is no validity that Twilio takes: held for the morning, with the rule and the reason."""
    before_closing(opted_in, seconds=0.9)
    message = accept(opted_in)
    dispatch_message(DispatchMessage(ref=message.ref), opted_in.ports)
    waiting = opted_in.message(message)

    assert waiting.status is Status.HELD
    assert waiting.hold is not None
    assert (waiting.hold.rule, waiting.hold.until) == ("organization", NEXT_OPENING)


@pytest.mark.parametrize("late", [0.95, 1, 3])
def test_a_closing_between_claim_and_call_is_met(opted_in: World, late: float) -> None:
    """The table was slow after the claim: not sent, held again, and sent in the morning, once."""
    before_closing(opted_in, seconds=1)
    message = accept(opted_in)
    slow = Interrupted(opted_in.store, "consent", lambda: opted_in.clock.advance(seconds=late))
    dispatch_message(DispatchMessage(ref=message.ref), replace(opted_in.ports, store=slow))
    waiting = opted_in.message(message)
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=1))
    after = opted_in.message(message)

    assert waiting.status is Status.HELD
    assert waiting.hold is not None
    assert waiting.hold.until == NEXT_OPENING
    assert after.sent_at == NEXT_OPENING
    assert len([text for text in opted_in.twilio.messages() if text["body"] == TEXT]) == 1


def test_a_journeys_request_is_told_too(ready: World) -> None:
    """The opt-in request that a journey starts is held, paced and ends with the window like its message."""
    before_closing(ready, minutes=5)
    accept(ready)
    ready.settle()
    request = next(message for message in ready.conversation() if message.kind is Kind.OPT_IN_REQUEST)

    assert validity(ready, request.body) == 300
    assert request.expires_at == CLOSING - CALL - timedelta(minutes=5) + timedelta(hours=72)


def held(world: World, **changes: object) -> Message:
    world.pass_time(CLOSED)
    message = accept(world, replace(STEP, **changes))
    world.settle()
    return message


def test_a_hold_that_outlasts_the_patience_has_a_timer(opted_in: World) -> None:
    """It expires on time, tells the outside, and its conversation shows it."""
    ends = CLOSED + timedelta(hours=1)
    message = held(opted_in, expires_at=ends)
    set_for = timers(opted_in)
    opted_in.pass_time(ends + timedelta(minutes=1))
    after = opted_in.message(message)

    assert set_for == [TimerKind.EXPIRE]
    assert after.status is Status.EXPIRED
    assert after.trace[-1].event == "expired"
    assert ends <= after.trace[-1].at <= ends + timedelta(minutes=1)
    assert opted_in.events[-1] == "sms.message.skipped"
    assert opted_in.conversation()[-1].id == message.id


def test_a_hold_within_the_patience_costs_no_timer(opted_in: World) -> None:
    """The usual case: two index writes less for each held message."""
    held(opted_in)

    assert timers(opted_in) == []


def test_patience_is_a_setting(opted_in: World) -> None:
    """Two hours at night are over before the morning."""
    change_settings(ChangeSettings(org_id=ORG, changes={"sms.hold.expires_after_hours": 2}), opted_in.ports)
    message = held(opted_in)
    opted_in.pass_time(CLOSED + timedelta(hours=2, minutes=1))

    assert opted_in.message(message).status is Status.EXPIRED


def test_a_move_beyond_the_patience_sets_the_timer(opted_in: World) -> None:
    """Planned again for an opening after its end, a message still expires on time."""
    ends = NEXT_OPENING + timedelta(hours=1)
    message = held(opted_in, expires_at=ends)
    before = timers(opted_in)
    change_settings(ChangeSettings(org_id=ORG, changes={"sms.send_window.start_time": "12:00"}), opted_in.ports)
    opted_in.pass_time(ends + timedelta(minutes=1))

    assert before == []
    assert opted_in.message(message).status is Status.EXPIRED
    assert opted_in.message(message).trace[-1].at <= ends + timedelta(minutes=1)


def test_what_expires_in_the_queue_is_not_sent(opted_in: World) -> None:
    """A wave is paced over minutes: a message whose end comes before its slot expires at dispatch."""
    change_settings(ChangeSettings(org_id=ORG, changes={"sms.throughput.messages_per_second": 1}), opted_in.ports)
    opted_in.pass_time(CLOSED)
    ends = NEXT_OPENING + timedelta(seconds=10)
    messages = [accept(opted_in, replace(STEP, step_id=f"s-{n}", expires_at=ends)) for n in range(15)]
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=2))
    ended = [opted_in.message(message).status for message in messages]

    assert ended.count(Status.DELIVERED) == 10
    assert ended.count(Status.EXPIRED) == 5
