"""One sentence for each way a value can be wrong: what to do, not what a validator calls it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ID_PATTERN = "^[A-Za-z0-9_-]{1,64}$"

_FIXED = {
    "missing": "Give this; it is required.",
    "extra_forbidden": "Leave this out; there is no such field.",
    "string_type": "Give a text.",
    "int_type": "Give a whole number.",
    "int_parsing": "Give a whole number.",
    "int_from_float": "Give a whole number.",
    "bool_type": "Give true or false.",
    "bool_parsing": "Give true or false.",
    "list_type": "Give a list.",
    "dict_type": "Give a JSON object.",
    "model_type": "Give a JSON object.",
    "model_attributes_type": "Give a JSON object.",
}
_WITH_LIMIT = {
    "string_too_short": "Give at least {min_length} character(s).",
    "string_too_long": "Give at most {max_length} characters.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
    "greater_than_equal": "Give {ge} or more.",
    "less_than_equal": "Give {le} or less.",
    "literal_error": "Give {expected}.",
    "enum": "Give {expected}.",
}


def sentence(error: Mapping[str, Any]) -> str:
    """What to do about one of pydantic's errors (docs.pydantic.dev/latest/errors/validation_errors)."""
    kind = str(error["type"])
    context = error.get("ctx") or {}
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _WITH_LIMIT:
        return _WITH_LIMIT[kind].format(**context)
    if kind == "string_pattern_mismatch" and context.get("pattern") == ID_PATTERN:
        return "Use 1 to 64 letters, digits, hyphens or underscores."
    if kind.startswith(("datetime", "timezone")):
        return "Give a time with its zone, such as 2024-08-01T14:00:00Z."
    return f"Give another value: {error.get('msg') or kind}."
