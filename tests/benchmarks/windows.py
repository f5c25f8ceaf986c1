"""What a sending window costs to ask, and whether it is ever wrong in a year."""

from __future__ import annotations

from datetime import UTC, datetime

from engage_sms.domain.planning import plan, rules_for
from engage_sms.domain.recipient import Recipient, Source, locate
from engage_sms.domain.settings import resolve
from engage_sms.domain.window import Rule, next_opening
from tests.benchmarks.timing import microseconds
from tests.minute_oracle import at, grid, open_minutes, opens_at

_OWN = (Rule("organization", "America/Chicago", 480, 960),)
_FOUR = Recipient(
    ("America/Chicago", "America/Denver", "America/Los_Angeles", "America/New_York"), ("FL",), Source.AREA_CODE
)
_EVENING, _CLOCK_CHANGE = datetime(2026, 7, 15, 23, tzinfo=UTC), datetime(2026, 3, 8, 3, tzinfo=UTC)


def rows() -> list[tuple[str, str, str]]:
    """What, measured, budget."""
    federal = rules_for(resolve({}), _FOUR)
    settings = resolve({"sms.send_window.recipient_hours": "state"})
    state, florida = rules_for(settings, _FOUR), locate("+13055550100")
    timed = (
        ("next opening, one zone", lambda: next_opening(_OWN, _EVENING), "200 µs"),
        ("the same, beside a clock change", lambda: next_opening(_OWN, _CLOCK_CHANGE), "200 µs"),
        ("organization and four zones", lambda: next_opening(federal, _EVENING), "600 µs"),
        ("the same, by the hours of a state", lambda: next_opening(state, _EVENING), "600 µs"),
        ("a message's plan, held by a state", lambda: plan(settings, recipient=florida, now=_EVENING), "—"),
    )
    wrong, asked = year()
    return [
        *((what, f"{microseconds(call, calls=200):.0f} µs", budget) for what, call, budget in timed),
        ("wrong openings in a year, 08:00-16:00 Chicago", f"{wrong} of {asked:,}", "0"),
    ]


def year() -> tuple[int, int]:
    """On how many of a year's ten-minute instants the opening is not the first open minute, and how many there are."""
    truth = open_minutes("America/Chicago", 480, 960)
    firsts = ((opens_at(truth, minute), now) for minute, now in grid())
    wrong = sum(first is None or next_opening(_OWN, now) != at(first) for first, now in firsts)
    return wrong, len(grid())
