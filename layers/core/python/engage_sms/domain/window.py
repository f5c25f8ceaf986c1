"""The sending window: whether messages may leave now, and the exact instant they next may.

A rule is a span of local wall time on every day that is not closed, in one zone; several rules must all hold. Start is
inclusive, end exclusive, to the minute. A window that crosses midnight belongs to the date it starts on: closing that
date closes all of it, also the hours after midnight. `start == end` is a window of 24 hours.

How the next opening is found: a closed window can only open where some rule's clock reaches its start (both readings of
a repeated hour count), or where a zone changes its offset. So these instants of the next 8 days are the candidates, and
the first one at which all rules hold is the opening. Adding 24 hours, or combining a date with a time of day, is wrong
on the days a clock changes. Reference: Python's `zoneinfo` and PEP 495 (fold).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from heapq import merge
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=8)
"""How far ahead an opening is looked for; rules that never meet within it have none."""
MINUTES_A_DAY = 24 * 60
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Rule:
    """One span of wall time in one IANA zone. `start` and `end` are minutes after local midnight, `end` up to 1440.

    `closed_dates` are calendar dates of that zone on which the window does not start.
    """

    name: str
    zone: str
    start: int
    end: int
    closed_dates: frozenset[date] = frozenset()

    def holds(self, instant: datetime) -> bool:
        """Whether messages may leave at the instant (aware)."""
        local = instant.astimezone(load_zone(self.zone))
        minute = local.hour * 60 + local.minute
        if self.start < self.end:
            inside, belongs_to_yesterday = self.start <= minute < self.end, False
        else:
            inside = minute >= self.start or minute < self.end
            belongs_to_yesterday = minute < self.start
        if not inside or not self.closed_dates:
            return inside
        day = local.date() - _DAY if belongs_to_yesterday else local.date()
        return day not in self.closed_dates


@dataclass(frozen=True, kw_only=True)
class RuleAnswer:
    """What one rule says by itself; `start` and `end` as "HH:MM", `opens_at` as in Decision."""

    rule: str
    time_zone: str
    start: str
    end: str
    open: bool
    opens_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Decision:
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


def decide(rules: Sequence[Rule], now: datetime) -> Decision:
    """Open or not at `now` (aware), when that changes, and which rule is to blame. No rules: always open."""
    now = _utc(now)
    answers = tuple(_answer(rule, now) for rule in rules)
    closed = [answer for answer in answers if not answer.open]
    return Decision(
        open=not closed,
        opens_at=answers[0].opens_at if len(rules) == 1 else next_opening(rules, now),
        closes_at=None if closed else next_closing(rules, now),
        decided_by=max(closed, key=_opens_last).rule if closed else None,
        rules=answers,
    )


def next_opening(rules: Sequence[Rule], now: datetime) -> datetime | None:
    """The first instant from `now` on at which every rule holds: `now` itself when open, None if not within 8 days."""
    now = _utc(now)
    if _all_hold(rules, now):
        return now
    candidates = merge(*(_marks(rule.zone, (rule.start,), now) for rule in rules))
    return next((instant for instant in candidates if _all_hold(rules, instant)), None)


def next_closing(rules: Sequence[Rule], now: datetime) -> datetime | None:
    """The first instant from `now` on at which some rule does not hold; None when all hold for the next 8 days."""
    now = _utc(now)
    # a window around the clock takes on the next date at its start, and that date may be closed
    candidates = merge((now,), *(_marks(rule.zone, (rule.start, rule.end), now) for rule in rules))
    return next((instant for instant in candidates if not _all_hold(rules, instant)), None)


def _marks(zone_name: str, marks: tuple[int, ...], now: datetime) -> Iterator[datetime]:
    """Ascending: every instant within the horizon at which the zone's clock shows a mark (minutes) or changes."""
    for begins, ends, offset in pieces(load_zone(zone_name), now, now + HORIZON):
        yield begins
        midnight = (begins + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset
        shown = (midnight + timedelta(minutes=mark % MINUTES_A_DAY) for mark in marks)
        within = (instant if instant >= begins else instant + _DAY for instant in shown)
        yield from sorted(instant for instant in within if instant < ends)


def pieces(zone: ZoneInfo, begins: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The time between in pieces of at most a day, each with one offset: inside one, local is UTC plus a constant."""
    while begins < until:
        offset = _offset(zone, begins)
        ends = min(begins + _DAY, until)
        if _offset(zone, ends) != offset:
            ends = _transition(zone, begins, ends)
        yield begins, ends, offset
        begins = ends


def _transition(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first whole second after `before` with another offset. No zone changes twice within a day."""
    offset = _offset(zone, before)
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _answer(rule: Rule, now: datetime) -> RuleAnswer:
    return RuleAnswer(
        rule=rule.name,
        time_zone=rule.zone,
        start=clock(rule.start),
        end=clock(rule.end),
        open=rule.holds(now),
        opens_at=next_opening((rule,), now),
    )


def _opens_last(answer: RuleAnswer) -> tuple[bool, datetime]:
    """Sorts a rule that never opens after all others."""
    return answer.opens_at is None, answer.opens_at or datetime.min.replace(tzinfo=UTC)


def _all_hold(rules: Sequence[Rule], instant: datetime) -> bool:
    return all(rule.holds(instant) for rule in rules)


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always knows
    return offset


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("An instant needs its time zone.")
    return instant.astimezone(UTC)
