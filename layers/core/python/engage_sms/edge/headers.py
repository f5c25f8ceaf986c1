"""Headers of API Gateway's events: their names come in lower case from an HTTP API, in any case from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def header(event: Mapping[str, Any], name: str) -> str:
    """The header's value by its name in lower case; empty when it was not sent."""
    headers = event.get("headers") or {}
    return next((str(value) for key, value in headers.items() if key.lower() == name), "")


def has_header(event: Mapping[str, Any], name: str) -> bool:
    """Whether it was sent, empty or not."""
    return any(key.lower() == name for key in event.get("headers") or {})
