"""The minutes of a stretch of time in which a rule holds, as the bits of one number: exact, and quick to compare.

Bit i is the i-th minute after the beginning. A zone's clock runs straight between two changes of its offset, so there
the local days are laid end to end and cut out; whole days cost nothing each. Offsets are whole minutes (since 1972).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from engage_sms.domain.window import MINUTES_A_DAY, Rule, Span, load_zone, pieces

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_MARGIN = 2
"""Days: no clock is further than that from UTC."""
EPOCH = date(1970, 1, 1)
"""The date that wall minutes are counted from."""


class Stretch(NamedTuple):
    """A number of UTC days from the midnight that `first` begins with."""

    first: date
    days: int

    @property
    def begins(self) -> datetime:
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def minutes(self) -> int:
        return self.days * MINUTES_A_DAY


class Straight(NamedTuple):
    """A part of a stretch in which a zone's offset stays: minutes `start` to `end`, and what to add for local time.

    `wall` is the local time at `start`, in minutes after the beginning of 1970 as that clock reads.
    """

    start: int
    end: int
    wall: int


@lru_cache(maxsize=128)
def straights(zone: str, stretch: Stretch) -> tuple[Straight, ...]:
    """The stretch in parts with one offset each, in order and without a gap."""
    parts: list[Straight] = []
    origin, base = stretch.begins, (stretch.first - EPOCH).days * MINUTES_A_DAY
    for begins, ends, offset in pieces(load_zone(zone), origin, origin + timedelta(days=stretch.days)):
        start, end = (begins - origin) // _MINUTE, (ends - origin) // _MINUTE
        wall = base + start + offset // _MINUTE
        last = parts[-1] if parts else None
        if last is not None and last.wall - last.start == wall - start:
            parts[-1] = Straight(last.start, end, last.wall)
        else:
            parts.append(Straight(start, end, wall))
    return tuple(parts)


def open_minutes(rule: Rule, stretch: Stretch) -> int:
    """The minutes of the stretch in which the rule holds."""
    laid = _local_days(replace(rule, name="", zone=""), stretch)
    origin = (stretch.first - EPOCH - _DAY * _MARGIN).days * MINUTES_A_DAY
    found = 0
    for part in straights(rule.zone, stretch):
        length = part.end - part.start
        found |= _cut(laid, part.wall - origin, length) << part.start
    return found


@lru_cache(maxsize=64)
def _local_days(hours: Rule, stretch: Stretch) -> bytes:
    """The minutes in which the rule holds on each date of the stretch and its margin, 180 bytes a date.

    They are the same in every zone: `hours` is a rule without one.
    """
    first = stretch.first - _DAY * _MARGIN
    spans = [hours.span_on(first + _DAY * number) for number in range(-1, stretch.days + 2 * _MARGIN)]
    shapes: dict[tuple[Span | None, Span | None], bytes] = {}
    laid = []
    for pair in pairwise(spans):
        if pair not in shapes:
            shapes[pair] = _local_day(*pair).to_bytes(MINUTES_A_DAY // 8, "little")
        laid.append(shapes[pair])
    return b"".join(laid)


def _cut(laid: bytes, start: int, length: int) -> int:
    whole = int.from_bytes(laid[start >> 3 : (start + length + 7) >> 3], "little")
    return whole >> (start & 7) & ones(length)


def _local_day(before: Span | None, today: Span | None) -> int:
    """One date's minutes: those of its own window, and those of a window that the date before began."""
    found = 0
    if today is not None:
        start, end = today
        found |= ones((end if start < end else MINUTES_A_DAY) - start) << start
    if before is not None and before[0] >= before[1]:
        found |= ones(before[1])
    return found


def ones(length: int) -> int:
    """So many open minutes."""
    return (1 << length) - 1
