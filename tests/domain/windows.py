"""Windows, zones and dates that tests draw from: clocks that change at every odd hour, or never."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from engage_sms.domain.window import MINUTES_A_DAY, Rule, Week

ZONES = st.sampled_from(
    (
        "America/New_York",
        "America/Chicago",
        "America/Phoenix",
        "America/Los_Angeles",
        "America/Adak",
        "America/St_Johns",
        "America/Havana",
        "Pacific/Honolulu",
        "Pacific/Guam",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
    )
)
_CHANGES = (date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4), date(2026, 7, 1))
DAYS_OF_CHANGES = st.builds(
    lambda day, before: day - timedelta(days=before), st.sampled_from(_CHANGES), st.integers(0, 3)
)
"""Up to three days before a clock changes in one of the zones, and a summer day on which none does."""
_MINUTES = st.integers(0, MINUTES_A_DAY - 1) | st.sampled_from((0, 60, 90, 120, 150, 180, 480, 960, 1260))
_CLOSED = st.frozensets(
    st.builds(lambda day, after: day + timedelta(days=after), st.sampled_from(_CHANGES), st.integers(-2, 2)),
    max_size=4,
)
_ENDS = _MINUTES | st.just(MINUTES_A_DAY)
WINDOWS = st.builds(Rule, st.just("drawn"), ZONES, _MINUTES, _ENDS, _CLOSED).filter(lambda rule: rule.start != rule.end)
"""The same hours every day."""
_SPANS = st.none() | st.tuples(_MINUTES, _ENDS).filter(lambda span: span[0] < span[1])
_WEEKS = st.builds(
    Week,
    weekday=_SPANS,
    saturday=_SPANS,
    sunday=_SPANS,
    holiday=_SPANS,
    holidays=_CLOSED,
    since=st.none() | st.sampled_from(_CHANGES),
)
RULES = WINDOWS | st.builds(lambda zone, week: Rule("drawn", zone, 480, 1260, week=week), ZONES, _WEEKS)
"""Those, and hours that differ by the day."""
