"""Cursors of lists: where the next page starts, as an opaque string that the caller gives back as it is."""

from __future__ import annotations

import base64
import json
import re
from typing import cast

from engage_sms.errors import Invalid

_LONGEST = 2000
_KEY_PART = re.compile(r"[!-~]{1,500}")
"""What keys are made of; DynamoDB refuses to begin a query at a key outside of it."""


def cursor_of(*parts: str) -> str:
    """The parts as one string."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read_cursor(cursor: str, length: int) -> list[str]:
    """The parts that `cursor_of` took, as far as anybody can tell: the caller may have made this one up.

    Raises Invalid when it is none.
    """
    if len(cursor) > _LONGEST:
        raise bad_cursor()
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError) as error:
        raise bad_cursor() from error
    if not isinstance(parts, list) or len(parts) != length:
        raise bad_cursor()
    if not all(isinstance(part, str) and _KEY_PART.fullmatch(part) for part in parts):
        raise bad_cursor()
    return cast(list[str], parts)


def bad_cursor() -> Invalid:
    """For a cursor that is well-formed and yet none of this list's."""
    return Invalid([{"field": "cursor", "message": "Use the next_cursor of the page before, as it is."}])
