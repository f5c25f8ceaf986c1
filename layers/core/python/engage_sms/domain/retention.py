"""How long the texts of messages are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How far an organization's texts are removed: no message of a UTC day before `bodies_since` has one any more."""

    org_id: str
    bodies_since: date


def days_over(*, since: date, today: date, body_days: int) -> tuple[date, ...]:
    """The days from `since` whose messages have been kept for `body_days` whole days when `today` begins (UTC)."""
    end = today - timedelta(days=body_days)
    return tuple(since + timedelta(days=offset) for offset in range((end - since).days))
