"""When an automated message may leave: now, at an opening, or never."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from engage_sms.domain.legal_hours import legal_hours, state_of
from engage_sms.domain.message import Failure, Hold, Status
from engage_sms.domain.recipient import Recipient
from engage_sms.domain.settings import RecipientHours, Settings
from engage_sms.domain.window import Decision, Rule, RuleAnswer, decide, load_zone, opens_last

MAX_VALIDITY = 36_000
"""Seconds; the longest `ValidityPeriod` that Twilio takes (twilio.com/docs/messaging/api/message-resource)."""
CALL = timedelta(seconds=20)
"""How long a call may take to reach Twilio: its timeout, to connect and again to answer (`adapters.twilio_api`). What
may be delivered for a while counts from when it gets there, so the last moments of a window are not used."""

LAST_CALL = CALL + timedelta(seconds=1)
"""So long before the closing the last slot ends: what comes later has no whole second left to be delivered in."""


class Plan(NamedTuple):
    """What should become of an automated message: QUEUED, HELD with its hold, or SKIPPED with the reason."""

    status: Status
    leaves_at: datetime
    hold: Hold | None = None
    failure: Failure | None = None
    closes_at: datetime | None = None
    why: str = ""
    """For a message that may leave: by what, as its trace keeps it."""

    def validity(self, now: datetime) -> int | None:
        """Whole seconds that Twilio may deliver in, from when it gets the message, however long the call takes.

        None where no window closes; 0 when that leaves none: too late to call Twilio.
        """
        if self.closes_at is None:
            return None
        return max(0, min(MAX_VALIDITY, int((self.closes_at - CALL - now).total_seconds())))


ORGANIZATION = "organization"
"""The name of the organization's own rule; the others are named in `legal_hours`."""


def rules_for(settings: Settings, recipient: Recipient | None = None) -> tuple[Rule, ...]:
    """All the windows that must be open: the organization's, and the legal hours in every zone of the recipient."""
    own = settings.window_rule()
    if recipient is None or settings.send_window_recipient_hours is RecipientHours.OFF:
        return (own,)
    law = legal_hours()
    if settings.send_window_recipient_hours is RecipientHours.FEDERAL:
        return (own, *law.federal_rules(recipient))
    return (own, *law.federal_rules(recipient), *law.state_rules(recipient))


def plan(settings: Settings, *, recipient: Recipient, now: datetime) -> Plan:
    """The plan for an automated message to the recipient at `now` (aware UTC)."""
    decision = decide(rules_for(settings, recipient), now)
    version = legal_hours().version
    why = explain(decision, recipient)
    if decision.open:
        return Plan(Status.QUEUED, now, closes_at=decision.closes_at, why=f"{why} Rule data {version}.")
    if decision.opens_at is None:
        return Plan(Status.SKIPPED, now, failure=Failure(code="no-opening", message=why))
    rule = deciding(decision).rule
    hold = Hold(reason=why, rule=rule, until=decision.opens_at, rule_data_version=version)
    return Plan(Status.HELD, decision.opens_at, hold=hold)


def plan_call(settings: Settings, *, recipient: Recipient, now: datetime) -> Plan:
    """The plan for a message that would be handed to Twilio at `now`: the window's last moments count as closed."""
    leaves = plan(settings, recipient=recipient, now=now)
    if leaves.closes_at is None or leaves.validity(now):
        return leaves
    return plan(settings, recipient=recipient, now=leaves.closes_at)


def deciding(decision: Decision) -> RuleAnswer:
    """Of a closed window, what the rule that decides says by itself."""
    return max((answer for answer in decision.rules if not answer.open), key=opens_last)


def explain(decision: Decision, recipient: Recipient | None = None) -> str:
    """The decision in plain words: which rule holds messages back, its hours and clock, until when on that clock.

    What is wrong with the recipient's record follows.
    """
    notes = recipient.notes if recipient else ()
    if decision.open:
        return " ".join(("Every window is open.", *notes))
    rule = deciding(decision)
    if decision.opens_at is None:
        return " ".join((f"Outside {_said(rule)}; no time in the next 8 days suits every window.", *notes))
    until = decision.opens_at.astimezone(load_zone(rule.time_zone))
    return " ".join((f"Outside {_said(rule)} until {until:%Y-%m-%d %H:%M}.", *notes))


def _said(answer: RuleAnswer) -> str:
    hours = f"{answer.start}-{answer.end}" if answer.start else "none that day"
    if answer.rule == ORGANIZATION:
        return f"the sending window {hours} ({answer.time_zone})"
    state = state_of(answer.rule)
    whose = f"the hours of {state}" if state else "the legal hours where the contact may be"
    return f"{whose}, {hours} ({answer.time_zone})"
