"""A forecast says of every held message when it will be through: none is counted twice, none is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.forecast import forecast
from engage_sms.domain.pace import room
from engage_sms.domain.planning import LAST_CALL
from engage_sms.domain.window import Rule

EVENING = datetime(2026, 7, 15, 22, 0, tzinfo=UTC)
MORNING = datetime(2026, 7, 16, 13, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = Rule("organization", "America/Chicago", 8 * 60, 16 * 60)
A_DAY_AT_THREE = room(3, MORNING, MORNING + timedelta(hours=8) - LAST_CALL)


def test_what_fits_is_through_before_the_closing() -> None:
    """Sixty at three a second take twenty seconds, the first at the opening."""
    (wave,) = forecast(WINDOW, 3, {MORNING: 60}, EVENING)

    assert (wave.starts_at, wave.closes_at) == (MORNING, MORNING + timedelta(hours=8))
    assert wave.through_at is not None
    assert timedelta(seconds=19) < wave.through_at - MORNING < timedelta(seconds=20)
    assert (wave.held, wave.rolled_in, wave.rolls_over, wave.fits) == (60, 0, 0, True)


def test_a_day_too_short_rolls_over() -> None:
    """A hundred thousand at three a second need two days; the second one says how many it takes over."""
    first, second = forecast(WINDOW, 3, {MORNING: 100_000}, EVENING)

    assert (first.fits, first.rolls_over) == (False, 100_000 - A_DAY_AT_THREE)
    assert (second.opens_at, second.held, second.rolled_in) == (MORNING + DAY, 0, first.rolls_over)
    assert second.fits


def test_openings_of_one_day_share_it() -> None:
    """What is held for a later minute of the same day waits until the earlier ones are through."""
    first, second = forecast(WINDOW, 1, {MORNING: 600, MORNING + timedelta(minutes=5): 60}, EVENING)

    assert first.through_at is not None
    assert second.starts_at == first.through_at + timedelta(seconds=1)


def test_a_window_that_never_opens_is_said() -> None:
    """Nothing starts, nothing is through, all of it rolls over to nowhere."""
    closed = Rule("organization", "America/Chicago", 480, 960, frozenset(EVENING.date() + n * DAY for n in range(20)))
    (wave,) = forecast(closed, 3, {MORNING: 5}, EVENING)

    assert (wave.starts_at, wave.closes_at, wave.through_at, wave.rolls_over) == (None, None, None, 5)


def test_an_overdue_opening_goes_on_now() -> None:
    """What is left at noon leaves from noon on."""
    noon = MORNING + timedelta(hours=4)
    (wave,) = forecast(WINDOW, 3, {MORNING: 9}, noon)

    assert (wave.opens_at, wave.starts_at) == (MORNING, noon)


@given(
    held=st.dictionaries(st.integers(0, 5000).map(lambda m: MORNING + timedelta(minutes=m)), st.integers(1, 50_000)),
    rate=st.integers(1, 1000),
    later=st.integers(0, 3000),
)
def test_every_message_leaves_once(held: dict[datetime, int], rate: int, later: int) -> None:
    """Over all waves as many leave as are held; no wave begins before the one before it is through, none goes late."""
    waves = forecast(WINDOW, rate, held, EVENING + timedelta(minutes=later))
    leaving = [wave.held + wave.rolled_in - wave.rolls_over for wave in waves]
    through = [wave for wave in waves if wave.through_at is not None]

    assert len(waves) == 100 or sum(leaving) == sum(held.values())
    assert all(wave.closes_at is None or wave.through_at < wave.closes_at for wave in through if wave.through_at)
    for one, after in pairwise(through):
        assert one.through_at is not None
        assert after.starts_at is not None
        assert one.through_at < after.starts_at
