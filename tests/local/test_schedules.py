"""When schedules tick."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms import topology
from infra.local.schedules import next_tick

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  bounds are naive


@given(INSTANTS, st.integers(1, 59))
def test_a_rate_ticks_at_multiples_of_its_period(after: datetime, minutes: int) -> None:
    """The next tick is later, at most one period later, and a whole multiple of the period."""
    period = timedelta(minutes=minutes)
    tick = next_tick(f"rate({minutes} minutes)", after)

    assert timedelta(0) < tick - after <= period
    assert (tick - datetime(1970, 1, 1, tzinfo=UTC)) % period == timedelta(0)


@given(INSTANTS, st.integers(0, 23), st.integers(0, 59))
def test_a_daily_cron_ticks_once_a_day_at_its_time(after: datetime, hour: int, minute: int) -> None:
    """The next tick is later, at most a day later, and at the hour and minute given."""
    tick = next_tick(f"cron({minute} {hour} * * ? *)", after)

    assert timedelta(0) < tick - after <= timedelta(days=1)
    assert (tick.hour, tick.minute, tick.second, tick.microsecond) == (hour, minute, 0, 0)


def test_every_schedule_of_the_topology_is_understood() -> None:
    """What the stack deploys ticks here too."""
    now = datetime(2026, 7, 15, 15, tzinfo=UTC)
    ticks = [next_tick(f.schedule.expression, now) for f in topology.FUNCTIONS if f.schedule]

    assert ticks
    assert all(tick > now for tick in ticks)


def test_another_kind_of_expression_is_refused() -> None:
    """A schedule that would never tick here must not pass unseen."""
    with pytest.raises(ValueError, match="neither rate"):
        next_tick("cron(0 5 ? * MON *)", datetime(2026, 7, 15, tzinfo=UTC))
