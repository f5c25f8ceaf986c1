"""The open minutes of a stretch, against the rule itself asked minute by minute."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.open_minutes import Stretch, ones, open_minutes, straights
from engage_sms.domain.window import Rule
from tests.domain.windows import DAYS_OF_CHANGES, RULES, ZONES


@given(rule=RULES, first=DAYS_OF_CHANGES, days=st.integers(1, 3))
def test_every_minute_is_as_the_rule_says(rule: Rule, first: date, days: int) -> None:
    """Around every kind of clock change, for windows over midnight and around the clock, with closed dates."""
    stretch = Stretch(first, days)
    bits = open_minutes(rule, stretch)
    asked = [rule.holds(stretch.begins + timedelta(minutes=minute)) for minute in range(stretch.minutes)]

    assert [bool(bits >> minute & 1) for minute in range(stretch.minutes)] == asked
    assert bits <= ones(stretch.minutes)


@given(zone=ZONES, first=DAYS_OF_CHANGES)
def test_the_parts_lie_end_to_end(zone: str, first: date) -> None:
    """Nothing is left out between two changes of a clock, and each part has an offset of its own."""
    stretch = Stretch(first, 400)
    parts = straights(zone, stretch)
    offsets = [part.wall - part.start for part in parts]

    assert (parts[0].start, parts[-1].end) == (0, stretch.minutes)
    assert all(one.end == other.start for one, other in pairwise(parts))
    assert all(one != other for one, other in pairwise(offsets))
