"""Slots spread what leaves over the seconds: never two for the same instant, never more a second than the rate."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.pace import MINUTE, SECOND, THROUGHPUT, Pace, ceiling, delay_until, floor, reserve, turn_hold

NOW = datetime(2026, 7, 15, 15, 0, tzinfo=UTC)
FRACTIONS = st.integers(0, 999_999).map(lambda micro: timedelta(microseconds=micro))
RATES = st.integers(1, 1000)
DEMANDS = st.lists(st.tuples(st.integers(1, 60), FRACTIONS), min_size=1, max_size=8)


@given(rate=RATES, demands=DEMANDS)
def test_never_more_slots_in_a_second_than_the_rate(rate: int, demands: list[tuple[int, timedelta]]) -> None:
    """However many take slots, in whatever portions and moments: every slot is one message's own."""
    pace, taken, now = Pace(org_id="acme"), [], NOW
    for count, later in demands:
        now += later
        pace, slots = reserve(pace, count=count, rate=rate, begins=now, before=now + timedelta(hours=1))
        taken += slots

    assert taken == sorted(set(taken))
    assert len(taken) == sum(count for count, _ in demands)
    assert max(Counter(floor(slot, SECOND) for slot in taken).values()) <= rate


@given(rate=RATES, count=st.integers(1, 5000), ahead=st.integers(0, 900), begins=FRACTIONS)
def test_no_slot_is_too_early_or_too_late(rate: int, count: int, ahead: int, begins: timedelta) -> None:
    """From the beginning on, before the end, and as many as fit."""
    before = NOW + timedelta(seconds=ahead)
    after, slots = reserve(Pace(org_id="acme"), count=count, rate=rate, begins=NOW + begins, before=before)

    assert all(NOW + begins <= slot < before for slot in slots)
    assert len(slots) == count or after.next_at >= before or NOW + begins >= before


def test_nothing_is_reserved_where_nothing_fits() -> None:
    """The pace stays as it is: what is held for later takes a slot later."""
    busy = Pace(org_id="acme", next_at=NOW + timedelta(seconds=900), version=4)

    assert reserve(busy, count=3, rate=5, begins=NOW, before=NOW + timedelta(seconds=900)) == (busy, ())


@given(slot=st.integers(0, 900_000).map(lambda milli: timedelta(milliseconds=milli)), now=FRACTIONS)
def test_the_queue_delivers_within_the_slots_second(slot: timedelta, now: timedelta) -> None:
    """Whole seconds of delay, never more than a queue takes, and never before the second of the slot begins."""
    at, sent = NOW + now + slot, NOW + now
    delay = delay_until(at, sent)

    assert 0 <= delay <= 900
    assert floor(sent + timedelta(seconds=delay), SECOND) == floor(at, SECOND)


@given(later=st.integers(0, 10_000_000).map(lambda micro: timedelta(microseconds=micro)))
def test_rounding_keeps_to_its_side(later: timedelta) -> None:
    """The floor is not after the instant, the ceiling not before it, and both are less than a step away."""
    at = NOW + later

    for step in (SECOND, MINUTE):
        assert floor(at, step) <= at <= ceiling(at, step)
        assert ceiling(at, step) - floor(at, step) in {timedelta(0), step}


def test_a_hold_for_its_turn_says_so() -> None:
    """Until the next full minute, with the rate in the reason."""
    hold = turn_hold(3, NOW + timedelta(seconds=61))

    assert (hold.rule, hold.until) == (THROUGHPUT, NOW + timedelta(minutes=2))
    assert "3 a second" in hold.reason
