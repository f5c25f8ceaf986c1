"""How long to rest before the next try: longer each time, and not everybody at once."""

from __future__ import annotations

import zlib
from math import ceil

FIRST = 10
"""Seconds."""
LONGEST = 900
"""Seconds; as long as a queue can hold a message back."""


def rest(key: str, tries: int) -> int:
    """Seconds to rest after so many tries that found the other side busy (one or more): FIRST, doubled with each.

    Between half of that and all of it, by the key: the same on every machine, different for every message.
    """
    whole = min(LONGEST, FIRST << min(tries - 1, 10))
    share = zlib.crc32(f"{key}#{tries}".encode()) / 2**32
    return ceil(whole * (1 + share) / 2)
