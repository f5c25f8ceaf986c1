"""A change of the window moves what is held: nothing is lost, leaves twice, or leaves outside the window as it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engage_sms.domain.due import LOOK_AHEAD
from engage_sms.domain.message import Message, Status
from engage_sms.domain.pace import MINUTE, SECOND, THROUGHPUT, floor
from engage_sms.domain.planning import LAST_CALL
from engage_sms.usecases.cancel_message import CancelMessage, cancel_message
from engage_sms.usecases.change_settings import ChangeSettings, change_settings
from engage_sms.usecases.plan_again import GRACE, mark_openings
from engage_sms.usecases.release_due import release_due
from tests.usecases.interruption import Interrupted
from tests.usecases.test_brake import minutes, pause, resume
from tests.usecases.test_journeys import STEP, TEXT, accept
from tests.world import CLOSED, NEXT_OPENING, ORG, World

START, END = "sms.send_window.start_time", "sms.send_window.end_time"
LATER = NEXT_OPENING + timedelta(hours=2)


def steps(world: World, count: int, *, prefix: str = "s", **changes: Any) -> list[Message]:
    return [accept(world, replace(STEP, step_id=f"{prefix}-{number}", **changes)) for number in range(count)]


def change(world: World, **changes: Any) -> None:
    named = {f"sms.{name.replace('__', '.')}": value for name, value in changes.items()}
    change_settings(ChangeSettings(org_id=ORG, changes=named), world.ports)


def at_night(world: World, count: int = 20) -> list[Message]:
    """So many messages that are held for the morning."""
    world.pass_time(CLOSED)
    messages = steps(world, count)
    world.settle()
    return messages


def untils(world: World, messages: list[Message]) -> set[datetime | None]:
    holds = [world.message(message).hold for message in messages]
    return {hold and hold.until for hold in holds}


def statuses(world: World, messages: list[Message]) -> Counter[Status]:
    return Counter(world.message(message).status for message in messages)


def sent_at(world: World, messages: list[Message]) -> list[datetime]:
    instants = [world.message(message).sent_at for message in messages]
    return [instant for instant in instants if instant is not None]


def at_twilio(world: World) -> int:
    return sum(text["body"] == TEXT for text in world.twilio.messages())


def test_a_later_window_moves_what_is_held(opted_in: World) -> None:
    """Each hold and its trace name the new opening; all leave then, at the rate, and nothing at the old one."""
    messages = at_night(opted_in)
    change(opted_in, send_window__start_time="10:00")
    minutes(opted_in, 3)
    moved = untils(opted_in, messages)
    steps_taken = [entry.event for entry in opted_in.message(messages[0]).trace]
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=30))
    at_the_old_one = statuses(opted_in, messages)
    opted_in.pass_time(LATER + timedelta(minutes=30))
    instants = sent_at(opted_in, messages)

    assert moved == {LATER}
    assert steps_taken == ["held", "held"]
    assert at_the_old_one == {Status.HELD: 20}
    assert (min(instants), len(instants), at_twilio(opted_in)) == (LATER, 20, 20)
    assert max(Counter(instants).values()) <= 3
    assert opted_in.store.openings(ORG) == ()


def test_an_earlier_window_is_not_waited_out(opted_in: World) -> None:
    """What would have left at eight leaves at seven where the organization and the law allow it."""
    messages = at_night(opted_in)
    change(opted_in, send_window__start_time="07:00", send_window__recipient_hours="off")
    minutes(opted_in, 3)
    earlier = NEXT_OPENING - timedelta(hours=1)
    moved = untils(opted_in, messages)
    opted_in.pass_time(earlier + timedelta(minutes=1))

    assert moved == {earlier}
    assert min(sent_at(opted_in, messages)) == earlier
    assert at_twilio(opted_in) == 20


def test_what_may_go_now_leaves_paced(opted_in: World) -> None:
    """The window is open again this evening: within minutes, never more a second than the rate, each once."""
    messages = at_night(opted_in)
    begun = opted_in.clock.instant
    change(opted_in, send_window__end_time="19:00")
    minutes(opted_in, 5)
    instants = sent_at(opted_in, messages)

    assert len(instants) == at_twilio(opted_in) == 20
    assert max(instants) <= begun + GRACE + timedelta(minutes=3)
    assert max(Counter(floor(instant, SECOND) for instant in instants).values()) <= 3


def test_the_last_of_many_changes_counts(opted_in: World) -> None:
    """Any number of them, in any phase of the work."""
    messages = at_night(opted_in)
    for number, start in enumerate(["09:00", "11:00", "08:30", "10:00"]):
        change(opted_in, send_window__start_time=start)
        opted_in.pass_time(opted_in.clock.instant + timedelta(seconds=40 * number))
    minutes(opted_in, 3)
    moved = untils(opted_in, messages)
    opted_in.pass_time(LATER + timedelta(minutes=5))

    assert moved == {LATER}
    assert at_twilio(opted_in) == 20


@pytest.mark.parametrize("setting", ["closed_dates", "time_zone", "recipient_hours"])
def test_everything_that_decides_counts(opted_in: World, setting: str) -> None:
    """Closed dates, the zone and the recipients' hours, each as the start of the window does."""
    messages = at_night(opted_in, 3)
    values: dict[str, tuple[Any, datetime]] = {
        "closed_dates": (["2026-07-16"], NEXT_OPENING + timedelta(days=1)),
        "time_zone": ("Asia/Tokyo", CLOSED + timedelta(hours=1)),
        "recipient_hours": ("off", NEXT_OPENING - timedelta(hours=1)),
    }
    value, until = values[setting]
    if setting == "recipient_hours":
        change(opted_in, send_window__start_time="07:00")
        minutes(opted_in, 3)
        assert untils(opted_in, messages) == {NEXT_OPENING}
    change(opted_in, **{f"send_window__{setting}": value})
    minutes(opted_in, 3)

    assert untils(opted_in, messages) == {until}


def test_other_settings_move_nothing(opted_in: World) -> None:
    """A new text or rate leaves no order."""
    at_night(opted_in, 2)
    change(opted_in, throughput__messages_per_second=9)
    opted_in.settle()

    assert opted_in.store.replanning(ORG) is None


def test_a_window_that_never_opens_ends_what_is_held(opted_in: World) -> None:
    """Skipped with the reason, as a new message would be."""
    messages = at_night(opted_in, 3)
    change(opted_in, send_window__start_time="22:00", send_window__end_time="23:00")
    minutes(opted_in, 3)
    ended = opted_in.message(messages[0])

    assert statuses(opted_in, messages) == {Status.SKIPPED: 3}
    assert ended.error is not None
    assert ended.error.code == "no-opening"


def test_a_change_just_before_the_opening_is_kept(opted_in: World) -> None:
    """The wave is on the queue already: dispatch sees the new window, and the message leaves once, later."""
    messages = at_night(opted_in)
    opted_in.pass_time(NEXT_OPENING - LOOK_AHEAD + timedelta(seconds=30))
    change(opted_in, send_window__start_time="10:00")
    opted_in.pass_time(LATER - timedelta(seconds=1))
    before = at_twilio(opted_in)
    opted_in.pass_time(LATER + timedelta(minutes=20))

    assert before == 0
    assert min(sent_at(opted_in, messages)) == LATER
    assert at_twilio(opted_in) == 20


@pytest.mark.parametrize("method", ["messages_of", "held", "move", "commit", "openings"])
def test_a_crash_anywhere_repeats_harmlessly(opted_in: World, method: str) -> None:
    """The work is found where it was left, at the next tick."""
    messages = at_night(opted_in)
    change(opted_in, send_window__start_time="10:00")
    opted_in.pass_time(opted_in.clock.instant + GRACE - timedelta(seconds=1))
    opted_in.clock.advance(seconds=1)

    def dies() -> None:
        raise RuntimeError("The function was stopped.")

    died = release_due(replace(opted_in.ports, store=Interrupted(opted_in.store, method, dies)))
    minutes(opted_in, 3)
    moved = untils(opted_in, messages)
    opted_in.pass_time(LATER + timedelta(minutes=20))

    assert len(died.failures) == 1
    assert moved == {LATER}
    assert at_twilio(opted_in) == 20


def test_a_change_during_the_work_is_not_lost(opted_in: World) -> None:
    """The order that was renewed while it was carried out stays."""
    messages = at_night(opted_in)
    change(opted_in, send_window__start_time="11:00")
    opted_in.settle()
    order = opted_in.store.replanning(ORG)
    assert order is not None

    def another() -> None:
        change(opted_in, send_window__start_time="10:00")
        opted_in._relay()

    mark_openings(order, replace(opted_in.ports, store=Interrupted(opted_in.store, "openings", another)))
    renewed = opted_in.store.replanning(ORG)
    minutes(opted_in, 3)

    assert renewed is not None
    assert renewed.version == order.version + 1
    assert untils(opted_in, messages) == {LATER}
    assert opted_in.store.replanning(ORG) is None


def test_a_cancellation_during_the_work_stays(opted_in: World) -> None:
    """Only what is held still is moved."""
    (message,) = at_night(opted_in, 1)
    change(opted_in, send_window__start_time="10:00")
    opted_in.pass_time(opted_in.clock.instant + GRACE)

    def cancel() -> None:
        cancel_message(CancelMessage(ref=message.ref), opted_in.ports)

    release_due(replace(opted_in.ports, store=Interrupted(opted_in.store, "contact", cancel)))
    opted_in.pass_time(LATER + timedelta(minutes=5))

    assert opted_in.message(message).status is Status.CANCELLED
    assert at_twilio(opted_in) == 0


def test_a_pause_keeps_what_it_holds(opted_in: World) -> None:
    """A window that changes during a pause counts after the resume."""
    pause(opted_in)
    messages = steps(opted_in, 3)
    opted_in.arrive()
    change(opted_in, send_window__start_time="12:00")
    minutes(opted_in, 5)
    during = {hold.rule for hold in (opted_in.message(m).hold for m in messages) if hold}
    resume(opted_in)
    minutes(opted_in, 3)
    noon = datetime(2026, 7, 15, 17, tzinfo=UTC)
    after = untils(opted_in, messages)
    opted_in.pass_time(noon + timedelta(minutes=2))

    assert during == {"paused"}
    assert after == {noon}
    assert min(sent_at(opted_in, messages)) == noon


def test_what_a_day_is_too_short_for_moves_to_the_next_opening(opted_in: World) -> None:
    """A wave stops at the closing; the rest names the next opening by then, and nothing leaves in between."""
    change(opted_in, send_window__end_time="08:01", throughput__messages_per_second=1)
    messages = at_night(opted_in, 70)
    closing = NEXT_OPENING + MINUTE
    opted_in.pass_time(closing + timedelta(minutes=3))
    first_day = sent_at(opted_in, messages)
    rest = [message for message in messages if opted_in.message(message).status is Status.HELD]
    moved = untils(opted_in, rest)
    rules = {hold.rule for hold in (opted_in.message(m).hold for m in rest) if hold}
    opted_in.pass_time(NEXT_OPENING + timedelta(days=1, minutes=25))
    instants = sent_at(opted_in, messages)

    assert len(first_day) == 39
    assert max(first_day) < closing - LAST_CALL
    assert moved == {NEXT_OPENING + timedelta(days=1)}
    assert rules == {"organization"}
    assert len(instants) == at_twilio(opted_in) == 70
    assert max(Counter(floor(instant, SECOND) for instant in instants).values()) == 1
    assert opted_in.store.openings(ORG) == ()


def test_a_message_in_line_stays_in_line(opted_in: World) -> None:
    """One that waits for its turn keeps its place when the window changes and stays open."""
    change(opted_in, throughput__messages_per_second=1)
    steps(opted_in, 300, prefix="early")
    opted_in._relay()
    (late,) = steps(opted_in, 1, prefix="late")
    opted_in.settle()
    before = opted_in.message(late).hold
    change(opted_in, send_window__end_time="17:00")
    minutes(opted_in, 2)

    assert before is not None
    assert before.rule == THROUGHPUT
    assert opted_in.message(late).hold == before
