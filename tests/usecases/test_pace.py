"""Never more automated messages a second than the organization's rate, whatever comes when; people are not slowed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engage_sms.domain.message import Message, MessageRef, Status
from engage_sms.domain.pace import MINUTE, SECOND, THROUGHPUT, floor
from engage_sms.errors import Retryable
from engage_sms.usecases.change_settings import ChangeSettings, change_settings
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.usecases.interruption import Interrupted
from tests.usecases.test_brake import pause
from tests.usecases.test_journeys import STEP, TEXT, accept
from tests.world import CLOSED, NEXT_OPENING, OPEN, ORG, World

RATE = "sms.throughput.messages_per_second"


def steps(world: World, count: int, *, prefix: str = "s") -> list[Message]:
    return [accept(world, replace(STEP, step_id=f"{prefix}-{number}")) for number in range(count)]


def set_rate(world: World, rate: int) -> None:
    change_settings(ChangeSettings(org_id=ORG, changes={RATE: rate}), world.ports)


def sent_at(world: World, messages: list[Message]) -> list[datetime]:
    instants = [world.message(message).sent_at for message in messages]
    assert None not in instants
    return [instant for instant in instants if instant is not None]


def most_in_a_second(instants: list[datetime]) -> int:
    return max(Counter(floor(instant, SECOND) for instant in instants).values())


def deliver_all(world: World, messages: list[Message]) -> None:
    """The queue delivers every one of them now, whatever their slots."""
    for message in messages:
        dispatch_message(DispatchMessage(ref=message.ref), world.ports)


def minutes(world: World, count: int) -> None:
    world.pass_time(floor(world.clock.instant, MINUTE) + timedelta(minutes=count))


def test_a_burst_in_the_window_leaves_at_the_rate(opted_in: World) -> None:
    """Twenty steps at once leave one after the other, the first at once."""
    begun = opted_in.clock.instant
    messages = steps(opted_in, 20)
    minutes(opted_in, 1)
    instants = sent_at(opted_in, messages)

    assert most_in_a_second(instants) == 3
    assert (min(instants), max(instants)) == (begun, begun + timedelta(seconds=6))


def test_copies_and_late_ones_do_not_exceed_the_rate(opted_in: World) -> None:
    """When a queue delivers ten at once, three leave now and the others in the seconds after: waiting fails nothing."""
    messages = steps(opted_in, 10)
    begun = opted_in.clock.instant
    deliver_all(opted_in, messages)
    deliver_all(opted_in, messages)
    instants = sent_at(opted_in, messages)

    assert sorted(Counter(instants).values()) == [1, 3, 3, 3]
    assert max(instants) == begun + timedelta(seconds=3)
    assert sum(text["body"] == TEXT for text in opted_in.twilio.messages()) == 10


def test_without_a_turn_in_sight_it_goes_back_in_line(opted_in: World) -> None:
    """No receive of the queue is used up: the message is held by a rule of its own and leaves with a later wave."""
    messages = steps(opted_in, 30)
    patient = replace(opted_in.ports, wait=lambda _: None)
    for message in messages:
        dispatch_message(DispatchMessage(ref=message.ref), patient)
    waiting = [opted_in.message(message) for message in messages]
    held = [message for message in waiting if message.status is Status.HELD]
    minutes(opted_in, 5)
    at_twilio = Counter(text["body"] for text in opted_in.twilio.messages())[TEXT]

    assert len(held) == 30 - 4 * 3
    assert {message.hold.rule for message in held if message.hold} == {THROUGHPUT}
    assert {opted_in.message(message).status for message in messages} == {Status.DELIVERED}
    assert at_twilio == 30


def test_a_worker_short_of_time_does_not_wait(opted_in: World) -> None:
    """Whoever has no seconds left takes a turn of this second or none."""
    messages = steps(opted_in, 4)
    for message in messages:
        dispatch_message(DispatchMessage(ref=message.ref, patience=timedelta(seconds=-2)), opted_in.ports)
    stands = Counter(opted_in.message(message).status for message in messages)

    assert stands == {Status.SENT: 3, Status.HELD: 1}


def test_a_new_rate_counts_at_once(opted_in: World) -> None:
    """What was spread at nine a second leaves at two from the change on, and at nine again after the next."""
    set_rate(opted_in, 9)
    messages = steps(opted_in, 45)
    opted_in.settle()
    first = opted_in.clock.instant
    opted_in.pass_time(first + timedelta(seconds=1))
    set_rate(opted_in, 2)
    minutes(opted_in, 10)
    a_second = Counter(floor(instant, SECOND) for instant in sent_at(opted_in, messages))

    assert a_second.pop(first) == 9
    assert a_second.pop(first + SECOND) == 9
    assert max(a_second.values()) <= 2


def test_people_are_not_slowed(opted_in: World) -> None:
    """Their own words go at once, however many messages of automation wait."""
    steps(opted_in, 50)
    opted_in.settle()
    own = [
        send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body=f"Hello {number}"), opted_in.ports)
        for number in range(8)
    ]
    begun = opted_in.clock.instant
    opted_in.settle()

    assert set(sent_at(opted_in, own)) == {begun}


def test_what_finds_no_slot_is_held_for_its_turn(opted_in: World) -> None:
    """Five minutes ahead are for the queue; the rest waits in the state, says why, and leaves in order of arrival."""
    set_rate(opted_in, 1)
    early = steps(opted_in, 300, prefix="early")
    opted_in._relay()
    late = steps(opted_in, 40, prefix="late")
    opted_in.settle()
    waiting = opted_in.message(late[-1])
    begun = opted_in.clock.instant
    opted_in.pass_time(begun + timedelta(minutes=12))
    instants = sent_at(opted_in, early + late)

    assert waiting.hold is not None
    assert waiting.hold.rule == THROUGHPUT
    assert waiting.hold.until - begun <= timedelta(minutes=6)
    assert most_in_a_second(instants) == 1
    assert max(sent_at(opted_in, early)) < min(sent_at(opted_in, late))


def test_what_finds_no_slot_before_the_closing_waits_for_the_next_opening(opted_in: World) -> None:
    """Nothing is put on the queue for after four o'clock; the hold names the morning."""
    opted_in.pass_time(datetime(2026, 7, 15, 20, 59, 30, tzinfo=OPEN.tzinfo))
    messages = steps(opted_in, 40)
    opted_in.settle()
    waiting = [m for m in map(opted_in.message, messages) if m.status is Status.HELD]
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=2))
    instants = sent_at(opted_in, messages)

    assert 40 - len(waiting) == 9 * 3
    assert {message.hold.until for message in waiting if message.hold} == {NEXT_OPENING}
    assert sum(instant >= NEXT_OPENING for instant in instants) == len(waiting)
    assert not [
        instant for instant in instants if datetime(2026, 7, 15, 21, tzinfo=OPEN.tzinfo) <= instant < NEXT_OPENING
    ]


def test_a_pause_during_the_wait_is_seen(opted_in: World) -> None:
    """Window, brake and breaker are read after the wait for the turn, not before it."""
    messages = steps(opted_in, 4)
    deliver_all(opted_in, messages[:3])

    def pause_meanwhile(until: datetime) -> None:
        opted_in.clock.wait(until)
        pause(opted_in)

    dispatch_message(DispatchMessage(ref=messages[3].ref), replace(opted_in.ports, wait=pause_meanwhile))

    assert opted_in.message(messages[3]).status is Status.HELD


def test_a_closing_during_the_wait_is_seen(opted_in: World) -> None:
    """A turn of the first second after the closing is no permission."""
    opted_in.pass_time(CLOSED - timedelta(hours=1, seconds=1))
    messages = steps(opted_in, 4)
    deliver_all(opted_in, messages)
    last = opted_in.message(messages[3])

    assert last.hold is not None
    assert (last.hold.rule, last.hold.until) == ("organization", NEXT_OPENING)


def test_a_busy_counter_sends_nothing_on_credit(opted_in: World) -> None:
    """Where the table is too busy to count, the message waits like one without a turn."""
    message = accept(opted_in)

    def busy() -> None:
        raise Retryable("The table is busy.")

    store = Interrupted(opted_in.store, "take_turn", busy)
    dispatch_message(DispatchMessage(ref=message.ref), replace(opted_in.ports, store=store))
    waiting = opted_in.message(message)
    minutes(opted_in, 3)

    assert waiting.status is Status.HELD
    assert opted_in.message(message).status is Status.DELIVERED


@pytest.mark.parametrize("runs", [2, 5])
def test_a_wave_that_is_queued_twice_leaves_once_and_at_the_rate(opted_in: World, runs: int) -> None:
    """The run that died after queueing wasted its slots; its copies meet claims and turns."""
    opted_in.pass_time(CLOSED)
    messages = steps(opted_in, 12)
    opted_in.pass_time(NEXT_OPENING - timedelta(seconds=90))
    before = opted_in.store.opening(ORG, NEXT_OPENING)
    assert before is not None
    for _ in range(runs):
        page = opted_in.store.held(ORG, NEXT_OPENING)
        deliveries = [MessageRef(ref.org_id, ref.user_id, ref.contact_id, ref.message_id) for ref in page.items]
        assert len(deliveries) == 12
        opted_in._release()
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=20))
    instants = sent_at(opted_in, messages)

    assert min(instants) == NEXT_OPENING
    assert most_in_a_second(instants) <= 3
    assert sum(text["body"] == TEXT for text in opted_in.twilio.messages()) == 12


@pytest.mark.parametrize("before", [10, 60, 110])
def test_what_is_held_just_before_its_opening_leaves_with_it(opted_in: World, before: int) -> None:
    """The wave is on the queue already: a message that comes after it takes a slot of its own, and no second look."""
    opted_in.pass_time(CLOSED)
    early = steps(opted_in, 5, prefix="early")
    opted_in.pass_time(NEXT_OPENING - timedelta(seconds=before))
    late = steps(opted_in, 5, prefix="late")
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=1))
    instants = sent_at(opted_in, early + late)

    assert min(instants) == NEXT_OPENING
    assert max(instants) == NEXT_OPENING + timedelta(seconds=3)
    assert most_in_a_second(instants) == 3
