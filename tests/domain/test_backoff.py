"""Rests grow, spread, and end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.backoff import FIRST, LONGEST, rest


@given(st.text(min_size=1, max_size=30), st.integers(1, 200))
def test_a_rest_lies_between_half_and_all_of_its_step(key: str, tries: int) -> None:
    """Doubled with each try up to the longest, at least half of it, the same each time it is asked."""
    whole = min(LONGEST, FIRST * 2 ** (tries - 1))

    assert whole / 2 <= rest(key, tries) <= whole
    assert rest(key, tries) == rest(key, tries)


def test_messages_do_not_come_back_together() -> None:
    """A thousand that were turned away at once spread over the step."""
    rests = [rest(f"01J{number:023d}", 6) for number in range(1000)]

    assert len(set(rests)) > 120
    assert min(rests) >= 160
    assert max(rests) <= 320
