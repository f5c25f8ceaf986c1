"""How long texts are kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.message import ENDED, Status, without_body
from engage_sms.domain.retention import days_over
from tests.contracts.entities import message

DAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1))
NOW = datetime(2026, 9, 1, tzinfo=UTC)


@given(today=DAYS, age=st.integers(-40, 400), body_days=st.integers(30, 300))
def test_a_day_is_over_when_its_last_instant_is_old_enough(today: date, age: int, body_days: int) -> None:
    """Not one instant earlier: at 23:59:59 a text has that day's whole night still before it."""
    since = today - timedelta(days=age)
    days = days_over(since=since, today=today, body_days=body_days)
    last_instants = [day + timedelta(days=1) for day in days]

    assert all(today - end >= timedelta(days=body_days) for end in last_instants)
    assert list(days) == [since + timedelta(days=offset) for offset in range(len(days))]
    assert not days or today - (days[-1] + timedelta(days=2)) < timedelta(days=body_days)
    assert days or today - (since + timedelta(days=1)) < timedelta(days=body_days)


@given(first=DAYS, body_days=st.integers(30, 300), nights=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_missed_nights_are_caught_up_without_a_gap(first: date, body_days: int, nights: list[int]) -> None:
    """However many nights pass between two runs, each day comes once."""
    today, since = first + timedelta(days=body_days), first
    done: list[date] = []
    for passed in nights:
        today += timedelta(days=passed)
        days = days_over(since=since, today=today, body_days=body_days)
        done += days
        since = days[-1] + timedelta(days=1) if days else since

    assert done == [first + timedelta(days=offset) for offset in range(sum(nights))]


@given(status=st.sampled_from(Status))
def test_a_text_is_removed_once_and_only_of_what_has_ended(status: Status) -> None:
    """All else of the message stays, and its trace says so."""
    before = message(status=status, media_urls=("https://files.example.com/a.jpg",))
    after = without_body(before, now=NOW)

    assert (after is not None) == (status in ENDED)
    if after is not None:
        assert (after.body, after.media_urls, after.status) == ("", (), status)
        assert after.trace[-1].event == "body_removed"
        assert without_body(after, now=NOW) is None
