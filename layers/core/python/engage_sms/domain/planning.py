"""When an automated message may leave: now, at an opening, or never."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engage_sms.domain.message import Failure, Hold, Status
from engage_sms.domain.recipient import Recipient
from engage_sms.domain.settings import RecipientHours, Settings
from engage_sms.domain.window import Rule, decide

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


ORGANIZATION, FEDERAL = "organization", "federal"
"""The names of the rules."""
FEDERAL_HOURS = (8 * 60, 21 * 60)
"""Minutes of the recipient's local day in which a solicitation may arrive: 47 CFR 64.1200(c)(1)."""


def rules_for(settings: Settings, recipient: Recipient | None = None) -> tuple[Rule, ...]:
    """All the windows that must be open: the organization's, and the legal hours in every zone of the recipient."""
    own = settings.window_rule()
    if recipient is None or settings.send_window_recipient_hours is RecipientHours.OFF:
        return (own,)
    start, end = FEDERAL_HOURS
    return (own, *(Rule(FEDERAL, zone, start, end) for zone in recipient.zones))


def plan(settings: Settings, *, recipient: Recipient, now: datetime) -> Plan:
    """The plan for an automated message to the recipient at `now` (aware UTC)."""
    decision = decide(rules_for(settings, recipient), now)
    if decision.open:
        return Plan(Status.QUEUED, now, closes_at=decision.closes_at)
    if decision.opens_at is None:
        why = "The sending window and the legal hours where the contact may be do not meet within the next 8 days."
        return Plan(Status.SKIPPED, now, failure=Failure(code="no-opening", message=why))
    rule = next(answer for answer in decision.rules if answer.rule == decision.decided_by and not answer.open)
    said = "sending window" if rule.rule == ORGANIZATION else "legal hours where the contact may be,"
    reason = f"Outside the {said} {rule.start}-{rule.end} ({rule.time_zone})."
    return Plan(Status.HELD, decision.opens_at, hold=Hold(reason=reason, rule=rule.rule, until=decision.opens_at))
