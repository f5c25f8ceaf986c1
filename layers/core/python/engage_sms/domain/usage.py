"""Segments by day: what Twilio reports, and what our own ledger counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class UsageDay:
    """One GMT day of one organization, as Twilio reported it; pulled again for ten nights and overwritten."""

    org_id: str
    day: date
    segments: int
    by_user: Mapping[str, int] = field(default_factory=dict)
    ledger_segments: int = 0
    """What our own messages of that day add up to."""
    pulled_at: datetime


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """One message in our own count: sent to Twilio, or received from it."""

    user_id: str
    message_id: str
    segments: int
