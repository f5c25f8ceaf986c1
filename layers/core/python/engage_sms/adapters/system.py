"""The clock and the source of ids: the only two places where either is read."""

from __future__ import annotations

from datetime import UTC, datetime

from ulid import ULID


def utc_now() -> datetime:
    """The instant it is, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A ULID of this instant. Within one process the ids of one millisecond keep their order."""
    return str(ULID())
