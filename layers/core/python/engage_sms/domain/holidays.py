"""Holidays by rule: "july 4", "third monday of january", "first tuesday after november 1", "2 days before easter".

A holiday that falls on a Saturday is kept on the Friday before as well, one on a Sunday on the Monday after as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ORDINALS = ("first", "second", "third", "fourth", "last")
_WEEK = timedelta(days=7)
_OBSERVED = {5: timedelta(days=-1), 6: timedelta(days=1)}

Holiday = Callable[[int], date]
"""The date of a holiday in a year."""


class Holidays:
    """The dates of some holidays, of any year, observed days included. Raises ValueError for a rule that is none."""

    def __init__(self, rules: Iterable[str]) -> None:
        self._holidays = tuple(holiday(rule) for rule in rules)
        self._by_year: dict[int, frozenset[date]] = {}

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date):
            return False
        # the first of January may be kept on the last day of the year before
        return day in self._of(day.year) or (day.month == 12 and day in self._of(day.year + 1))

    def _of(self, year: int) -> frozenset[date]:
        dates = self._by_year.get(year)
        if dates is None:
            kept = [each(year) for each in self._holidays]
            observed = [day + _OBSERVED[day.weekday()] for day in kept if day.weekday() in _OBSERVED]
            dates = self._by_year[year] = frozenset(kept + observed)
        return dates


def holiday(rule: str) -> Holiday:
    """The holiday that the rule describes. Raises ValueError with a sentence for anything else."""
    match rule.split():
        case ["easter"]:
            return easter
        case [month, day] if month in _MONTHS and day.isdecimal():
            return _fixed(_MONTHS.index(month) + 1, int(day))
        case [ordinal, weekday, "of", month] if ordinal in _ORDINALS and weekday in _WEEKDAYS and month in _MONTHS:
            return _nth(_ORDINALS.index(ordinal), _WEEKDAYS.index(weekday), _MONTHS.index(month) + 1)
        case ["first", weekday, "after", *other] if weekday in _WEEKDAYS:
            return _following(_WEEKDAYS.index(weekday), holiday(" ".join(other)))
        case [number, "day" | "days", "before" | "after" as side, *other] if number.isdecimal():
            return _near(int(number) * (1 if side == "after" else -1), holiday(" ".join(other)))
    raise ValueError(f'"{rule}" describes no holiday.')


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    skipped = century // 4
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - skipped - moon + 15) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * sunday) // 451
    month, day = divmod(epact + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _fixed(month: int, day: int) -> Holiday:
    date(2001, month, day)  # a leap day is no yearly holiday
    return lambda year: date(year, month, day)


def _nth(ordinal: int, weekday: int, month: int) -> Holiday:
    def of(year: int) -> date:
        first = date(year, month, 1)
        day = first + timedelta(days=(weekday - first.weekday()) % 7) + ordinal * _WEEK
        return day if day.month == month else day - _WEEK  # the last one is the fourth, where there is no fifth

    return of


def _following(weekday: int, other: Holiday) -> Holiday:
    def of(year: int) -> date:
        day = other(year) + timedelta(days=1)
        return day + timedelta(days=(weekday - day.weekday()) % 7)

    return of


def _near(days: int, other: Holiday) -> Holiday:
    return lambda year: other(year) + timedelta(days=days)
