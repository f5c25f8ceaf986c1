"""The sending window: whether messages may leave now, and the exact instant they next may.

A rule is a span of local wall time on every day that has one, in one zone; several rules must all hold. Start is
inclusive, end exclusive, to the minute. A window that crosses midnight belongs to the date it starts on: closing that
date closes all of it, also the hours after midnight. `start == end` is a window of 24 hours.

How the next opening is found: a closed window can only open where some rule's clock reaches the start of one of its
spans (both readings of a repeated hour count), or where a zone changes its offset. So these instants of the next 8 days
are the candidates, and the first one at which all rules hold is the opening. Adding 24 hours, or combining a date with
a time of day, is wrong on the days a clock changes. Reference: Python's `zoneinfo` and PEP 495 (fold).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from heapq import merge
from typing import NamedTuple
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=8)
"""How far ahead an opening is looked for; rules that never meet within it have none."""
MINUTES_A_DAY = 24 * 60
SATURDAY, SUNDAY = 5, 6
"""As `date.weekday` counts."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

Span = tuple[int, int]
"""Start and end in minutes after local midnight, `end` up to 1440."""
ALL_DAY: Span = (0, MINUTES_A_DAY)


@dataclass(frozen=True, kw_only=True)
class Week:
    """Hours that differ by the day; None is a day without any. They bind on dates from `since` on, before `until`."""

    weekday: Span | None
    saturday: Span | None
    sunday: Span | None
    holiday: Span | None = None
    holidays: Container[date] = frozenset()
    """The dates on which `holiday` counts, whatever day of the week they are."""
    since: date | None = None
    until: date | None = None

    def span_on(self, day: date) -> Span | None:
        if (self.since is not None and day < self.since) or (self.until is not None and day >= self.until):
            return ALL_DAY
        if day in self.holidays:
            return self.holiday
        number = day.weekday()
        return self.sunday if number == SUNDAY else self.saturday if number == SATURDAY else self.weekday

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every span that some day has."""
        every = (self.weekday, self.saturday, self.sunday, self.holiday, ALL_DAY if self.since or self.until else None)
        return tuple({span for span in every if span is not None})


@dataclass(frozen=True)
class Rule:
    """One span of wall time in one IANA zone. `start` and `end` are minutes after local midnight, `end` up to 1440.

    `closed_dates` are calendar dates of that zone on which the window does not start. Where the hours differ by the
    day, `week` says which count, and `start` and `end` are not used.
    """

    name: str
    zone: str
    start: int
    end: int
    closed_dates: frozenset[date] = frozenset()
    week: Week | None = None

    def span_on(self, day: date) -> Span | None:
        """The window that starts on that date of the zone's calendar; None when none does."""
        if day in self.closed_dates:
            return None
        return self.week.span_on(day) if self.week is not None else (self.start, self.end)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Every span that some day has."""
        return self.week.spans if self.week is not None else ((self.start, self.end),)

    def holds(self, instant: datetime) -> bool:
        """Whether messages may leave at the instant (aware)."""
        return self.holds_at(*_local(load_zone(self.zone), instant))

    def holds_at(self, day: date, minute: int) -> bool:
        """The same, by what the zone's calendar and clock show (minutes after midnight)."""
        today = self.span_on(day)
        if today is not None:
            start, end = today
            if start <= minute and (minute < end or start >= end):
                return True
        if self.week is None and self.start < self.end:
            return False
        before = self.span_on(day - _DAY)
        return before is not None and before[0] >= before[1] and minute < before[1]


class RuleAnswer(NamedTuple):
    """What one rule says by itself; `opens_at` as in Decision.

    `start` and `end` are "HH:MM", the hours of the local date asked about; None on a date that has none.
    """

    rule: str
    time_zone: str
    start: str | None
    end: str | None
    open: bool
    opens_at: datetime | None


class Decision(NamedTuple):
    """Whether messages may leave, by all rules together. Instants are UTC.

    `opens_at` is the instant asked about when the window is open, and None when it never opens within 8 days.
    `closes_at` is the first instant it is no longer open; None when it is closed now or stays open for 8 days.
    `decided_by` names the rule that holds messages back: of the closed ones, the one that opens last.
    """

    open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    decided_by: str | None
    rules: tuple[RuleAnswer, ...]


def minutes(clock: str) -> int:
    """Minutes after midnight of "HH:MM", "00:00" to "24:00". Raises ValueError with a sentence."""
    hour, colon, minute = clock.partition(":")
    if colon and len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit():
        total = int(hour) * 60 + int(minute)
        if int(minute) < 60 and total <= MINUTES_A_DAY:
            return total
    raise ValueError("Write the time as HH:MM, from 00:00 to 24:00.")


def clock(after_midnight: int) -> str:
    """The reverse of `minutes`: 480 gives "08:00"."""
    return f"{after_midnight // 60:02d}:{after_midnight % 60:02d}"


@lru_cache(maxsize=700)
def load_zone(name: str) -> ZoneInfo:
    """The zone of that IANA name, kept: ZoneInfo's own cache forgets all but eight. Raises ZoneInfoNotFoundError."""
    return ZoneInfo(name)


@lru_cache(maxsize=700)
def is_zone(name: str) -> bool:
    """Whether the zone database knows the name; finding out for one is quicker than listing all."""
    try:
        load_zone(name)
    except (ValueError, KeyError, OSError):  # not a name, not in the database, a folder of it
        return False
    return True


def forget_zones() -> None:
    """Drops all that is kept of the zone database, for another one."""
    for kept in (load_zone, is_zone, _marks_of):
        kept.cache_clear()


def decide(rules: Sequence[Rule], now: datetime) -> Decision:
    """Open or not at `now` (aware), when that changes, and which rule is to blame. No rules: always open."""
    now = _utc(now)
    answers = tuple(_answer(rule, now) for rule in rules)
    closed = [answer for answer in answers if not answer.open]
    return Decision(
        open=not closed,
        opens_at=answers[0].opens_at if len(rules) == 1 else next_opening(rules, now),
        closes_at=None if closed else next_closing(rules, now),
        decided_by=max(closed, key=opens_last).rule if closed else None,
        rules=answers,
    )


def next_opening(rules: Sequence[Rule], now: datetime) -> datetime | None:
    """The first instant from `now` on at which every rule holds: `now` itself when open, None if not within 8 days."""
    now, clocks = _utc(now), _by_zone(rules)
    if _all_hold(clocks, now):
        return now
    candidates = _in_turn([_marks(zone, _starts(on_it), now) for zone, on_it in clocks])
    return next((instant for instant in candidates if _all_hold(clocks, instant)), None)


def next_closing(rules: Sequence[Rule], now: datetime) -> datetime | None:
    """The first instant from `now` on at which some rule does not hold; None when all hold for the next 8 days."""
    now, clocks = _utc(now), _by_zone(rules)
    # a window around the clock takes on the next date at its start, and that date may be closed
    marks = (_marks(zone, _starts(on_it) | _ends(on_it), now) for zone, on_it in clocks)
    candidates = _in_turn([iter((now,)), *marks])
    return next((instant for instant in candidates if not _all_hold(clocks, instant)), None)


_Clocks = Sequence[tuple[ZoneInfo, Sequence[Rule]]]
"""Rules by zone, so that each zone's clock is read once for all of them."""


def _by_zone(rules: Sequence[Rule]) -> _Clocks:
    clocks: dict[str, list[Rule]] = {}
    for rule in rules:
        clocks.setdefault(rule.zone, []).append(rule)
    return [(load_zone(zone), on_it) for zone, on_it in clocks.items()]


def _all_hold(clocks: _Clocks, instant: datetime) -> bool:
    for zone, rules in clocks:
        day, minute = _local(zone, instant)
        for rule in rules:
            if not rule.holds_at(day, minute):
                return False
    return True


def _local(zone: ZoneInfo, instant: datetime) -> tuple[date, int]:
    local = instant.astimezone(zone)
    return local.date(), local.hour * 60 + local.minute


def _in_turn(marks: Sequence[Iterator[datetime]]) -> Iterator[datetime]:
    return marks[0] if len(marks) == 1 else merge(*marks)


def _starts(rules: Sequence[Rule]) -> frozenset[int]:
    return frozenset([start for rule in rules for start, _ in rule.spans])


def _ends(rules: Sequence[Rule]) -> frozenset[int]:
    return frozenset([end % MINUTES_A_DAY for rule in rules for _, end in rule.spans])


def _marks(zone: ZoneInfo, marks: frozenset[int], now: datetime) -> Iterator[datetime]:
    """Ascending: every instant within the horizon at which the zone's clock shows a mark (minutes) or changes."""
    until, day = now + HORIZON, now.date()
    for _ in range(HORIZON.days + 1):
        for instant in _marks_of(zone, day, marks):
            if now <= instant < until:
                yield instant
        day += _DAY


@lru_cache(maxsize=4096)
def _marks_of(zone: ZoneInfo, day: date, marks: frozenset[int]) -> tuple[datetime, ...]:
    """The same of one UTC date, kept: every message of a day asks for the same ones."""
    found = []
    for number, (begins, ends, offset) in enumerate(_pieces_of(zone, day)):
        midnight = (begins + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset
        shown = (midnight + timedelta(minutes=mark) for mark in marks)
        within = (instant if instant >= begins else instant + _DAY for instant in shown)
        found += ([begins] if number else []) + sorted(instant for instant in within if instant < ends)
    return tuple(found)


def pieces(zone: ZoneInfo, begins: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The time between in pieces of at most a day, each with one offset: inside one, local is UTC plus a constant."""
    day = begins.date()
    while begins < until:
        for _, ends, offset in _pieces_of(zone, day):
            if begins < min(ends, until):
                yield begins, min(ends, until), offset
                begins = ends
        day += _DAY


def _pieces_of(zone: ZoneInfo, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The same of one UTC date."""
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    ends = begins + _DAY
    before, after = _offset(zone, begins), _offset(zone, ends)
    if before == after:
        return ((begins, ends, before),)
    changes = _transition(zone, begins, ends)
    return (begins, changes, before), (changes, ends, after)


def _transition(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second after `before` with another offset. No zone changes twice within a day."""
    offset = _offset(zone, before)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _answer(rule: Rule, now: datetime) -> RuleAnswer:
    span = rule.span_on(now.astimezone(load_zone(rule.zone)).date())
    return RuleAnswer(
        rule=rule.name,
        time_zone=rule.zone,
        start=clock(span[0]) if span else None,
        end=clock(span[1]) if span else None,
        open=rule.holds(now),
        opens_at=next_opening((rule,), now),
    )


def opens_last(answer: RuleAnswer) -> tuple[bool, datetime]:
    """Sorts a rule that never opens after all others."""
    return answer.opens_at is None, answer.opens_at or datetime.min.replace(tzinfo=UTC)


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always knows
    return offset


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise ValueError("An instant needs its time zone.")
    return instant.astimezone(UTC)
