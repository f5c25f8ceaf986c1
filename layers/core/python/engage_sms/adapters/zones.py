"""Time zones come from the pinned `tzdata` package, never from the machine."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from engage_sms.domain.open_minutes import straights
from engage_sms.domain.settings import time_zones
from engage_sms.domain.window import forget_zones, load_zone
from engage_sms.errors import Permanent

# Vancouver stays at -7 h from November 2026 on; older databases go back to -8 h and would text an hour early
_CHECK = ("America/Vancouver", datetime(2026, 12, 1, tzinfo=UTC), timedelta(hours=-7))


def use_pinned_zones() -> None:
    """Makes `zoneinfo` read the `tzdata` package only; it prefers the system's database otherwise.

    Raises Permanent when the package is missing or older than the zone changes of 2026.
    """
    spec = find_spec("tzdata")
    if spec is None or spec.origin is None:
        raise Permanent("Install the tzdata package: sending windows need current time zones.")
    zoneinfo.reset_tzpath([str(Path(spec.origin).parent / "zoneinfo")])
    zoneinfo.ZoneInfo.clear_cache()
    forget_zones()
    straights.cache_clear()
    time_zones.cache_clear()
    zone, at, offset = _CHECK
    if at.astimezone(load_zone(zone)).utcoffset() != offset:
        raise Permanent("Update the tzdata package to 2026.6 or later: its time zones are out of date.")
