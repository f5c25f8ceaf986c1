"""When an automated message may leave: now, at an opening, or never."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engage_sms.domain.message import Failure, Hold, Status
from engage_sms.domain.settings import Settings
from engage_sms.domain.window import decide

MAX_VALIDITY = 36_000
"""Seconds; the longest `ValidityPeriod` that Twilio takes (twilio.com/docs/messaging/api/message-resource)."""


@dataclass(frozen=True)
class Plan:
    """What should become of an automated message: QUEUED, HELD with its hold, or SKIPPED with the reason."""

    status: Status
    leaves_at: datetime
    hold: Hold | None = None
    failure: Failure | None = None
    closes_at: datetime | None = None

    def validity(self, now: datetime) -> int | None:
        """Whole seconds until the window closes: Twilio must not deliver after that. None outside any window."""
        if self.closes_at is None:
            return None
        return max(1, min(MAX_VALIDITY, int((self.closes_at - now).total_seconds())))


def plan(settings: Settings, *, now: datetime) -> Plan:
    """The plan for an automated message at `now` (aware UTC)."""
    decision = decide((settings.window_rule(),), now)
    if decision.open:
        return Plan(Status.QUEUED, now, closes_at=decision.closes_at)
    if decision.opens_at is None:
        why = "The sending window does not open within the next 8 days."
        return Plan(Status.SKIPPED, now, failure=Failure(code="no-opening", message=why))
    hours = f"{settings.send_window_start_time}-{settings.send_window_end_time}"
    reason = f"Outside the sending window {hours} ({settings.send_window_time_zone})."
    return Plan(
        Status.HELD,
        decision.opens_at,
        hold=Hold(reason=reason, rule=decision.decided_by or "organization", until=decision.opens_at),
    )
