"""How fast one organization's automation leaves: slots given out ahead of time, and turns taken at the last moment.

Slots spread what goes onto the queue over the seconds to come; turns are the promise. Queues deliver early copies, late
ones and two of the same, so a message that comes in its slot still takes one of the second's turns before it leaves:

    second      13:00:00   13:00:01   13:00:02      rate 2
    slots       m1 m2      m3 m4      m5 m6
    delivered   m1         m2 m3 m4   m5 m6
    turns       m1         m2 m3      m4 m5         m6 takes its turn in 13:00:03
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil

from engage_sms.domain.message import Hold

THROUGHPUT = "throughput"
"""The rule of a hold that lasts until the organization's rate has room."""
WAVE = timedelta(seconds=900)
"""How far ahead a queue can hold a message back (SQS, DelaySeconds)."""
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The next slot of an organization's automation that nobody has: none before it is free."""

    org_id: str
    next_at: datetime = _EPOCH
    version: int = 0


def reserve(
    pace: Pace, *, count: int, rate: int, begins: datetime, before: datetime
) -> tuple[Pace, tuple[datetime, ...]]:
    """Up to `count` slots from `begins` on and all earlier than `before`, at `rate` a second; and the pace afterwards.

    Never more than `rate` of them within one second of the clock, whatever was reserved before at the same rate.
    """
    first = max(pace.next_at, begins)
    gap = _gap(rate)
    slots = tuple(first + number * gap for number in range(min(count, room(rate, first, before))))
    return (replace(pace, next_at=slots[-1] + gap) if slots else pace), slots


def room(rate: int, begins: datetime, before: datetime) -> int:
    """How many slots there are from `begins` on that are earlier than `before`."""
    return max(0, ceil((before - begins) / _gap(rate)))


def last_slot(rate: int, begins: datetime, count: int) -> datetime:
    """The last of so many slots (one or more), the first of which is at `begins`."""
    return begins + (count - 1) * _gap(rate)


def _gap(rate: int) -> timedelta:
    return timedelta(microseconds=ceil(1_000_000 / rate))


def delay_until(slot: datetime, now: datetime) -> int:
    """Whole seconds for the queue to wait: it delivers within the slot's second of the clock, never before that."""
    return max(0, ceil((floor(slot, SECOND) - now).total_seconds()))


def turn_hold(rate: int, at: datetime) -> Hold:
    """The hold of a message that finds no room at the organization's rate before `at`; until the next full minute."""
    reason = f"More messages wait than may leave at {rate} a second."
    return Hold(reason=reason, rule=THROUGHPUT, until=ceiling(at, MINUTE))


def floor(at: datetime, step: timedelta) -> datetime:
    """The last multiple of the step that is not after the instant (aware)."""
    return at - (at - _EPOCH) % step


def ceiling(at: datetime, step: timedelta) -> datetime:
    """The first multiple of the step that is not before the instant (aware)."""
    return at + (_EPOCH - at) % step
