"""The sending window once more, as a look at the clock on the wall: for the checker, which trusts no rule of ours.

Whether a text may leave at an instant is one question of local time for each zone; no opening is ever computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from engage_sms.domain.phone import zones

STEP = timedelta(minutes=15)
"""Every window of a history, and every change of a clock, falls on a quarter of an hour."""


@lru_cache(maxsize=100)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def may_leave(settings: Mapping[str, Any], phone: str, at: datetime) -> bool:
    """Whether an automated text to the phone may leave at the instant, by the organization's settings."""
    start = settings.get("sms.send_window.start_time", "08:00")
    end = settings.get("sms.send_window.end_time", "16:00")
    local = at.astimezone(_zone(settings.get("sms.send_window.time_zone", "America/Chicago")))
    shown = f"{local:%H:%M}"
    day = local.date()
    if start < end:
        inside = start <= shown < end
    else:
        inside = shown >= start or shown < end
        if shown < end:
            day -= timedelta(days=1)
    if not inside or day.isoformat() in settings.get("sms.send_window.closed_dates", []):
        return False
    if settings.get("sms.send_window.recipient_hours", "federal") == "off":
        return True
    return all("08:00" <= f"{at.astimezone(_zone(name)):%H:%M}" < "21:00" for name in zones(phone))


def may_all_along(settings: Mapping[str, Any], phone: str, first: datetime, last: datetime) -> bool:
    """Whether it may leave at every instant from the first up to, but not including, the last."""
    at = first
    while at < last:
        if not may_leave(settings, phone, at):
            return False
        at += STEP
    return may_leave(settings, phone, last - timedelta(microseconds=1))
