"""The clock, waiting by it, and the source of ids: the only places where either is read."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from ulid import ULID


def utc_now() -> datetime:
    """The instant it is, aware, in UTC."""
    return datetime.now(UTC)


def wait_until(instant: datetime) -> None:
    """Returns when it is the instant (aware); at once when it is over."""
    time.sleep(max(0.0, (instant - utc_now()).total_seconds()))


def new_id() -> str:
    """A ULID of this instant. Within one process the ids of one millisecond keep their order."""
    return str(ULID())
