"""Every minute of a year, looked at: what a sending window should say, found without any cleverness.

A zone's clock is read minute by minute, and a minute is open when every window has it. Nothing is computed from starts,
ends or changes of the clock, so nothing of the product's method can be wrong here in the same way.
"""

from __future__ import annotations

from array import array
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES = 365 * 24 * 60
STEP = 10
"""Minutes between two instants of the grid: 52,560 a year."""
_AHEAD = 9 * 24 * 60
_MINUTE = timedelta(minutes=1)
_OPEN = b"\x01"
_TWO_DAYS = array("H", [minute % 1440 for minute in range(2880)])


@lru_cache(maxsize=4)
def read_clock(zone: str) -> array[int]:
    """What the zone's clock shows (minutes after local midnight) each minute of the year and nine days more.

    It is read every ten minutes and, where it did not run straight in between, every minute.
    """
    info, shown = ZoneInfo(zone), array("H")
    before = _shown(info, 0)
    for begins in range(0, MINUTES + _AHEAD, STEP):
        after = _shown(info, begins + STEP)
        if after == (before + STEP) % 1440:
            shown.extend(_TWO_DAYS[before : before + STEP])
        else:
            shown.extend(_shown(info, begins + minute) for minute in range(STEP))
        before = after
    return shown


def _shown(zone: ZoneInfo, minute: int) -> int:
    local = (YEAR + minute * _MINUTE).astimezone(zone)
    return local.hour * 60 + local.minute


def open_minutes(zone: str, start: int, end: int) -> bytes:
    """One byte a minute: 1 where the zone's clock is in the window, also one that crosses midnight."""
    inside = bytes(start <= minute < end if start < end else minute >= start or minute < end for minute in range(1440))
    return bytes(map(inside.__getitem__, read_clock(zone)))


def both(one: bytes, other: bytes) -> bytes:
    """The minutes that both have."""
    return (int.from_bytes(one, "big") & int.from_bytes(other, "big")).to_bytes(len(one), "big")


def opens_at(minutes: bytes, minute: int) -> int | None:
    """The first open minute from that one on, that one included; None within eight days."""
    found = minutes.find(_OPEN, minute, minute + 8 * 24 * 60)
    return None if found < 0 else found


@lru_cache(maxsize=1)
def grid() -> tuple[tuple[int, datetime], ...]:
    """Every ten minutes of the year, counted and as an instant."""
    return tuple((minute, at(minute)) for minute in range(0, MINUTES, STEP))


def at(minute: int) -> datetime:
    """That minute of the year."""
    return YEAR + minute * _MINUTE
