"""Holidays are found by their rule, in any year, with the days they are kept on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.holidays import Holidays, easter, holiday

YEARS = st.integers(1990, 2090)


@pytest.mark.parametrize(
    ("rule", "day"),
    [
        ("july 4", date(2026, 7, 4)),
        ("third monday of january", date(2026, 1, 19)),
        ("first monday of june", date(2026, 6, 1)),
        ("fourth thursday of november", date(2026, 11, 26)),
        ("last monday of may", date(2026, 5, 25)),
        ("last thursday of december", date(2026, 12, 31)),
        ("first tuesday after november 1", date(2026, 11, 3)),
        ("easter", date(2026, 4, 5)),
        ("2 days before easter", date(2026, 4, 3)),
        ("47 days before easter", date(2026, 2, 17)),
        ("1 day after fourth thursday of november", date(2026, 11, 27)),
    ],
)
def test_a_rule_names_a_date(rule: str, day: date) -> None:
    """Fixed dates, weekdays of a month, days before and after others, and Easter."""
    assert holiday(rule)(2026) == day
    assert day in Holidays([rule])


@pytest.mark.parametrize(
    "rule", ["", "july", "july 42", "february 29", "fifth monday of may", "x days before easter", "2 days before x"]
)
def test_what_describes_no_holiday_is_refused(rule: str) -> None:
    """A slip in the data is found when it is read, not on the day."""
    with pytest.raises(ValueError):
        Holidays([rule])


def test_a_holiday_on_a_weekend_is_kept_twice() -> None:
    """Saturday: the Friday before too, also into the year before. Sunday: the Monday after too."""
    assert date(2026, 7, 3) in Holidays(["july 4"])
    assert date(2026, 7, 4) in Holidays(["july 4"])
    assert date(2021, 12, 31) in Holidays(["january 1"])
    assert date(2023, 1, 2) in Holidays(["january 1"])
    assert date(2026, 7, 6) not in Holidays(["july 4"])
    assert "july 4" not in Holidays(["july 4"])


@given(YEARS, st.sampled_from(["first", "second", "third", "fourth", "last"]), st.integers(0, 6), st.integers(1, 12))
def test_the_nth_weekday_is_where_it_says(year: int, ordinal: str, weekday: int, month: int) -> None:
    """It is that weekday of that month, with as many before it as it says, and none after the last."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    found = holiday(f"{ordinal} {days[weekday]} of {date(2026, month, 1):%B}".lower())(year)
    before = (found.day - 1) // 7

    assert (found.year, found.month, found.weekday()) == (year, month, weekday)
    if ordinal == "last":
        assert (found + timedelta(days=7)).month != month
    else:
        assert before == ("first", "second", "third", "fourth").index(ordinal)


def test_easter_is_the_churchs() -> None:
    """Known dates, the earliest and the latest included."""
    known = (date(1961, 4, 2), date(2008, 3, 23), date(2024, 3, 31), date(2025, 4, 20), date(2038, 4, 25))

    assert tuple(easter(day.year) for day in known) == known


@given(YEARS)
def test_easter_is_a_sunday_in_spring(year: int) -> None:
    """Between 22 March and 25 April, always a Sunday."""
    assert easter(year).weekday() == 6
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)
