"""What a sending window means for an organization's contacts over the coming year, and which window would suit them.

Everything is counted to the minute over 365 dates of the organization's zone, so that every change of a clock is in it:
zones change on different nights, and some never do. A session is one date's window, also where it ends after midnight;
dates on which the organization is closed have none. A window suits a contact when the law allows every minute of it, on
every date but those on which it allows none (Sundays and holidays in some states): no window can mend those, so they
are counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import and_
from typing import NamedTuple

from engage_sms.domain.open_minutes import EPOCH, Straight, Stretch, ones, open_minutes, straights
from engage_sms.domain.window import MINUTES_A_DAY, Rule

DAYS = 365
MOST = 99
"""Percent of the contacts that the wider of the two proposals suits."""
_TWO_DAYS = 2 * MINUTES_A_DAY
_TWO_DAYS_OPEN = ones(_TWO_DAYS)
_ONE_DAY_OPEN = ones(MINUTES_A_DAY)


class Group(NamedTuple):
    """Contacts that the same legal rules bind; `states` are all states among them."""

    contacts: int
    zones: tuple[str, ...]
    states: tuple[str, ...]
    rules: tuple[Rule, ...]


class Fit(NamedTuple):
    """How the window fits one group, worst session first: `early` minutes from its opening to the first legal one.

    `late`: minutes from the last legal one to its closing. `sessions`, of which `missed` have no legal minute although
    their date has; `lawless` dates have none at all. `outside` of `open` minutes are not legal, `avoidable` of them on
    dates that have legal ones. `good`: which minutes of a date and of the next one are legal on every date.
    """

    early: int
    late: int
    sessions: int
    missed: int
    lawless: int
    outside: int
    open: int
    avoidable: int
    good: int

    @property
    def suits(self) -> bool:
        return not self.avoidable

    @property
    def never_meets(self) -> bool:
        """No message could ever leave: each would be skipped."""
        return self.open > 0 and self.outside == self.open


class Daily(NamedTuple):
    """A window for every date that suits `contacts`: minutes after midnight in the organization's zone.

    `end` is at most 1440; one that is before `start` is on the next date.
    """

    start: int
    end: int
    contacts: int


class Advice(NamedTuple):
    """The year from `first` to `last` (dates of the organization's zone), group by group, the largest first.

    The proposals are None when there is no such window, or no contact.
    """

    first: date
    last: date
    groups: tuple[tuple[Group, Fit], ...]
    widest_for_all: Daily | None
    widest_for_most: Daily | None

    @property
    def contacts(self) -> int:
        return sum(group.contacts for group, _ in self.groups)


def advise(own: Rule, groups: Sequence[Group], *, first: date, days: int = DAYS) -> Advice:
    """What the organization's window means for the groups in so many dates from `first` on."""
    dates = tuple(first + timedelta(days=number) for number in range(days))
    stretch = Stretch(first - timedelta(days=2), days + 5)
    calendar = _calendar(own, dates, stretch)
    views: dict[Rule, _View] = {}
    fitted = []
    for group in groups:
        for rule in group.rules:
            if rule not in views:
                views[rule] = _view(rule, calendar, stretch)
        fitted.append((group, _fit(own, calendar, [views[rule] for rule in group.rules])))
    fitted.sort(key=lambda pair: (-pair[0].contacts, pair[0].zones, pair[0].states))
    masks = Counter[int]()
    for group, fit in fitted:
        masks[fit.good] += group.contacts
    return Advice(
        first=first,
        last=dates[-1],
        groups=tuple(fitted),
        widest_for_all=widest(masks, percent=100),
        widest_for_most=widest(masks, percent=MOST),
    )


# --- one group --------------------------------------------------------------------------------------------------------


_Shape = tuple[tuple[int, int, int], ...]
"""How a date and the next lie in time: each straight part's distance from the first, its wall minute, its length.

A usual date has one part."""


class _Block(NamedTuple):
    """Where the minutes of a date and the next lie among the bytes of a stretch: from byte to byte, moved, masked."""

    begins: int
    ends: int
    shift: int
    mask: int


class _Calendar(NamedTuple):
    """The open dates: the block of each, and the number of its shape."""

    blocks: tuple[_Block, ...]
    numbers: tuple[int, ...]
    shapes: tuple[_Shape, ...]


def _calendar(own: Rule, dates: Sequence[date], stretch: Stretch) -> _Calendar:
    parts = straights(own.zone, stretch)
    shapes: dict[_Shape, int] = {}
    blocks, numbers = [], []
    for day in dates:
        if own.span_on(day) is not None:
            midnight = (day - EPOCH).days * MINUTES_A_DAY
            found = [share for share in (_within(part, midnight) for part in parts) if share[2] > 0]
            start, end = found[0][0], found[-1][0] + found[-1][2]
            shape = tuple((begins - start, wall, length) for begins, wall, length in found)
            blocks.append(_Block(start >> 3, (end + 7) >> 3, start & 7, ones(end - start)))
            numbers.append(shapes.setdefault(shape, len(shapes)))
    return _Calendar(tuple(blocks), tuple(numbers), tuple(shapes))


def _within(part: Straight, midnight: int) -> tuple[int, int, int]:
    """The part's share of two days: where it begins in the stretch, its wall minute then, and its length."""
    begins = max(part.wall, midnight)
    ends = min(part.wall + part.end - part.start, midnight + _TWO_DAYS)
    return part.start + begins - part.wall, begins - midnight, ends - begins


class _View(NamedTuple):
    """One rule over the open dates: the number of each one's kind, and the legal minutes of each kind."""

    numbers: tuple[int, ...]
    kinds: tuple[int, ...]


def _view(rule: Rule, calendar: _Calendar, stretch: Stretch) -> _View:
    legal = open_minutes(rule, stretch).to_bytes(stretch.minutes // 8, "little")
    kinds: dict[int, int] = {}
    minutes = (
        int.from_bytes(legal[begins:ends], "little") >> shift & mask for begins, ends, shift, mask in calendar.blocks
    )
    return _View(tuple(kinds.setdefault(each, len(kinds)) for each in minutes), tuple(kinds))


def _fit(own: Rule, calendar: _Calendar, views: Sequence[_View]) -> Fit:
    """Equal dates are measured once: a year has but a few kinds."""
    counted = Counter(zip(calendar.numbers, *(view.numbers for view in views), strict=True))
    closes = own.end if own.start < own.end else own.end + MINUTES_A_DAY
    measured = []
    for (shape, *numbers), count in counted.items():
        legal = reduce(and_, (view.kinds[number] for view, number in zip(views, numbers, strict=True)))
        measured.append((_measure(calendar.shapes[shape], legal, own.start, closes), count))
    lawful = [(kind, count) for kind, count in measured if kind.lawful]
    return Fit(
        early=max((kind.early for kind, _ in lawful), default=0),
        late=max((kind.late for kind, _ in lawful), default=0),
        sessions=sum(count for kind, count in measured if kind.open),
        missed=sum(count for kind, count in lawful if kind.open and kind.outside == kind.open),
        lawless=sum(count for kind, count in measured if not kind.lawful),
        outside=sum(kind.outside * count for kind, count in measured),
        open=sum(kind.open * count for kind, count in measured),
        avoidable=sum(kind.outside * count for kind, count in lawful),
        good=reduce(and_, (kind.good for kind, _ in lawful), _TWO_DAYS_OPEN if lawful else 0),
    )


class _Kind(NamedTuple):
    """One kind of date: its session's minutes as in Fit, and whether the date has a legal minute."""

    early: int
    late: int
    open: int
    outside: int
    lawful: bool
    good: int


def _measure(shape: _Shape, legal: int, opens: int, closes: int) -> _Kind:
    """Walks the date's parts in time; a minute that the clock shows twice counts twice."""
    good, some, open_, inside = _TWO_DAYS_OPEN, 0, 0, 0
    session: list[int] = []
    met: list[int] = []
    for at, wall, length in shape:
        part = legal >> at & ones(length)
        good &= ~(ones(length) << wall) | part << wall
        some |= part << wall
        begins, ends = max(wall, opens), min(wall + length, closes)
        if begins < ends:
            start, within = at + begins - wall, part >> (begins - wall) & ones(ends - begins)
            session += (start, start + ends - begins)
            open_ += ends - begins
            inside += within.bit_count()
            if within:
                met += (start + (within & -within).bit_length() - 1, start + within.bit_length())
    return _Kind(
        early=met[0] - session[0] if met else 0,
        late=session[-1] - met[-1] if met else 0,
        open=open_,
        outside=open_ - inside,
        lawful=bool(some & _ONE_DAY_OPEN),
        good=good,
    )


# --- the widest window ------------------------------------------------------------------------------------------------


def widest(masks: Mapping[int, int], *, percent: int) -> Daily | None:
    """The longest window within the good minutes of so many percent of the contacts, the earliest of equal ones.

    `masks` has how many contacts share each `Fit.good`. A window that cannot begin earlier begins at midnight, or where
    some group's good minutes begin: only those beginnings are tried.
    """
    total = sum(masks.values())
    best: tuple[int, int] = (0, 0)
    for start in sorted({start for mask in masks for start in _beginnings(mask)}):
        suited = 0
        for length, contacts in sorted(((_reach(mask, start), masks[mask]) for mask in masks), reverse=True):
            suited += contacts
            if 100 * suited >= percent * total:
                best = max(best, (length, -start))
                break
    length, start = best[0], -best[1]
    if not length:
        return None
    suits = sum(contacts for mask, contacts in masks.items() if _reach(mask, start) >= length)
    end = start + length
    return Daily(start=start, end=end if end <= MINUTES_A_DAY else end - MINUTES_A_DAY, contacts=suits)


def _beginnings(mask: int) -> Iterator[int]:
    """The minutes of the date at which good ones begin, midnight included."""
    rises = mask & ~(mask << 1) & _ONE_DAY_OPEN
    while rises:
        lowest = rises & -rises
        yield lowest.bit_length() - 1
        rises ^= lowest


def _reach(mask: int, start: int) -> int:
    """How many minutes from `start` on are good without a break: at most a day, which only a window 00:00-24:00 has."""
    ahead = mask >> start
    run = ((ahead + 1) & ~ahead).bit_length() - 1
    return min(run, MINUTES_A_DAY if start == 0 else MINUTES_A_DAY - 1)
