"""What a JSON body may be, beyond what a parser takes: one reading of it, and nothing that breaks what comes after.

Python's parser keeps the last of two equal names, reads NaN, and makes infinity of 1e400; a deeply nested body exhausts
the stack of whoever walks it; half a surrogate pair and U+0000 cannot be stored, or not be sent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from engage_sms.edge.kinds import rejected
from engage_sms.errors import Invalid

LARGEST_BODY = 1024 * 1024
"""Characters."""
DEEPEST = 32
"""Levels of objects and lists."""


def check_object(text: str) -> None:
    """Raises Rejected `malformed-body` or `body-too-large`, or Invalid, unless it is one clear JSON object."""
    if len(text) > LARGEST_BODY:
        raise rejected("body-too-large")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as wrong:
        raise rejected("malformed-body") from wrong
    if not isinstance(value, dict):
        raise Invalid([{"field": "body", "message": "Give a JSON object."}])
    for path, text_of_path in _texts(value):
        if "\0" in text_of_path or not _whole(text_of_path):
            raise Invalid([{"field": path, "message": "Leave out characters that are none (U+0000, lone surrogates)."}])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name stands twice in one object.")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("No JSON number.")
    return number


def _texts(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text in the body, names too, each with the top-level field it is in. Raises Rejected for a deep body."""
    waiting: list[tuple[str, Any, int]] = [("body", body, 1)]
    while waiting:
        field, value, depth = waiting.pop()
        if depth > DEEPEST:
            raise rejected("malformed-body")
        match value:
            case str():
                yield field, value
            case dict():
                yield from (("body", name) for name in value)
                waiting += [(name if depth == 1 else field, each, depth + 1) for name, each in value.items()]
            case list():
                waiting += [(field, each, depth + 1) for each in value]


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
