"""Every ten minutes of a year, in every zone of the United States and a dozen others: the window is never wrong.

Zones whose clocks agree all year are swept once: a rule sees nothing of a zone but its clock.
"""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from pathlib import Path
from zoneinfo import TZPATH

import pytest

from engage_sms.domain.window import Rule, minutes, next_closing, next_opening
from tests.minute_oracle import MINUTES, at, both, grid, open_minutes, opens_at, read_clock

CLOCKS: dict[str, tuple[str, ...]] = {
    "America/New_York": (
        "America/Detroit",
        "America/Indiana/Indianapolis",
        "America/Indiana/Marengo",
        "America/Indiana/Petersburg",
        "America/Indiana/Vevay",
        "America/Indiana/Vincennes",
        "America/Indiana/Winamac",
        "America/Kentucky/Louisville",
        "America/Kentucky/Monticello",
    ),
    "America/Chicago": (
        "America/Indiana/Knox",
        "America/Indiana/Tell_City",
        "America/Menominee",
        "America/North_Dakota/Beulah",
        "America/North_Dakota/Center",
        "America/North_Dakota/New_Salem",
    ),
    "America/Denver": ("America/Boise",),
    "America/Phoenix": (),
    "America/Los_Angeles": (),
    "America/Anchorage": (
        "America/Juneau",
        "America/Metlakatla",
        "America/Nome",
        "America/Sitka",
        "America/Yakutat",
    ),
    "America/Adak": (),
    "Pacific/Honolulu": (),
    "America/Puerto_Rico": ("America/St_Thomas",),
    "Pacific/Guam": ("Pacific/Saipan",),
    "Pacific/Pago_Pago": (),
    # a dozen others: changes at midnight, of half an hour, of two; quarter-hour offsets; changes that end in 2026
    "America/Havana": (),
    "America/Santiago": (),
    "America/St_Johns": (),
    "America/Vancouver": (),
    "Africa/Cairo": (),
    "Africa/Casablanca": (),
    "Antarctica/Troll": (),
    "Asia/Beirut": (),
    "Asia/Kathmandu": (),
    "Australia/Lord_Howe": (),
    "Europe/Dublin": (),
    "Pacific/Chatham": (),
}
WINDOWS = {
    "plain": ("08:00", "16:00"),
    "overnight": ("21:30", "02:30"),
    "one minute long": ("02:30", "02:31"),
    "all but one minute": ("02:31", "02:30"),
}


def wrong(rules: list[Rule], truth: bytes, *, every: int = 1) -> list[object]:
    """Instants of the grid at which the opening is not the first open minute, at most three to show."""
    found: list[object] = []
    opens: tuple[int | None, datetime | None] = (None, None)
    for minute, now in grid()[::every]:
        first = opens_at(truth, minute)
        if first != opens[0]:
            opens = (first, None if first is None else at(first))
        opening = next_opening(rules, now)
        if opening != opens[1]:
            found.append((now, opening))
    return found[:3]


def misses(rules: list[Rule], truth: bytes) -> list[datetime]:
    """Beginnings of the year's open stretches from which the closing is not the stretch's end."""
    found = []
    begins = truth.find(1)
    while 0 <= begins < MINUTES:
        now, ends = at(begins), truth.find(0, begins)
        if next_closing(rules, now) != at(ends):
            found.append(now)
        begins = truth.find(1, ends)
    return found


@pytest.mark.parametrize("zone", CLOCKS)
def test_no_instant_of_a_year_is_wrong(zone: str) -> None:
    """At each of 52,560 instants open or closed, the exact next opening, and each closing, are those of the minutes."""
    for name, (start, end) in WINDOWS.items():
        span = (zone, minutes(start), minutes(end))
        rules, truth = [Rule(name, *span)], open_minutes(*span)

        assert wrong(rules, truth) == []
        assert misses(rules, truth) == []


@pytest.mark.parametrize("zone", [zone for zone, others in CLOCKS.items() if others])
def test_zones_that_agree_are_one_clock(zone: str) -> None:
    """The other zones of the country show what the swept one shows, every minute of the year."""
    assert [other for other in CLOCKS[zone] if read_clock(other) != read_clock(zone)] == []


def test_every_zone_of_the_country_is_swept() -> None:
    """None of those that the zone database has for the United States and its territories is missing."""
    listed = (Path(TZPATH[0]) / "zone.tab").read_text(encoding="utf-8").splitlines()
    ours = {line.split("\t")[2] for line in listed if line[:2] in {"US", "PR", "VI", "GU", "MP", "AS"}}

    assert ours - {*CLOCKS, *(other for others in CLOCKS.values() for other in others)} == set()


def test_an_organization_and_four_zones_are_never_wrong() -> None:
    """A window of 11:30 to 13:30 with the federal hours of four zones, which leave half an hour in winter: hourly."""
    zones = ("America/New_York", "America/Denver", "America/Adak", "Pacific/Honolulu")
    spans = [("America/Chicago", minutes("11:30"), minutes("13:30")), *((zone, 480, 1260) for zone in zones)]
    rules = [Rule(f"rule {number}", *span) for number, span in enumerate(spans)]

    assert wrong(rules, reduce(both, (open_minutes(*span) for span in spans)), every=6) == []
