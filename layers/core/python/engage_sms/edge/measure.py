"""What a change of state counts for: the business as numbers, read off the change stream and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from engage_sms import metrics
from engage_sms.domain.brake import PAUSED
from engage_sms.domain.consent import Consent, ConsentState
from engage_sms.domain.directory import Organization
from engage_sms.domain.due import Opening
from engage_sms.domain.message import Direction, Message, Status
from engage_sms.domain.usage import UsageDay
from engage_sms.metrics import Measured, Reading
from engage_sms.ports import StateChange

_READING_OF = {
    Status.HELD: metrics.HELD,
    Status.SENDING: metrics.DISPATCHED,
    Status.UNKNOWN: metrics.UNKNOWN,
    Status.SENT: metrics.SENT,
    Status.DELIVERED: metrics.DELIVERED,
    Status.UNDELIVERED: metrics.FAILED,
    Status.FAILED: metrics.FAILED,
    Status.SKIPPED: metrics.NOT_SENT,
    Status.CANCELLED: metrics.NOT_SENT,
    Status.EXPIRED: metrics.NOT_SENT,
    Status.RECEIVED: metrics.RECEIVED,
}


def measured(change: StateChange, *, at: datetime) -> Measured:
    """What the change, made `at` that instant, counts for; nothing for most entities."""
    match change.old, change.new:
        case (Message() | None) as old, Message() as new if old is None or old.status is not new.status:
            return Measured(tuple(_message(old, new)), _of_message(old, new))
        case (Consent() | None) as old, Consent() as new:
            return Measured(tuple(_consent(old, new)), {"org_id": new.org_id})
        case Organization(refusal=None), Organization(refusal=refusal) as new if refusal is not None:
            return Measured((Reading(metrics.ACCOUNTS_REFUSED),), {"org_id": new.id, "code": refusal.code})
        case Opening() as old, (Opening() | None) if _untouched(old):
            late = max(0.0, (at - old.begins).total_seconds())
            return Measured((Reading(metrics.LATENESS, late),), {"org_id": old.org_id})
        case _, UsageDay() as day:
            apart = abs(day.segments - day.ledger_segments)
            return Measured(
                (Reading(metrics.USAGE_DIFFERENCE, apart),), {"org_id": day.org_id, "day": day.day.isoformat()}
            )
    return Measured()


def _message(old: Message | None, new: Message) -> Iterator[Reading]:
    if old is None and new.direction is Direction.OUTBOUND:
        yield Reading(metrics.ACCEPTED)
    if new.status is Status.QUEUED and old is not None and old.status is Status.SENDING:
        yield Reading(metrics.DEFERRED)
    if new.status is Status.SENDING and old is not None and old.hold is not None and old.hold.rule != PAUSED:
        yield Reading(metrics.AFTER_OPENING, max(0.0, (new.trace[-1].at - old.hold.until).total_seconds()))
    metric = _READING_OF.get(new.status)
    if metric is metrics.FAILED:
        yield Reading(metric, cause=metrics.cause_of(new.error.code if new.error else None))
    elif metric is metrics.NOT_SENT:
        yield Reading(metric, cause=new.status)
    elif metric is not None:
        yield Reading(metric)


def _of_message(old: Message | None, new: Message) -> dict[str, str]:
    said = {
        "org_id": new.org_id,
        "user_id": new.user_id,
        "message_id": new.id,
        "kind": new.kind,
        "was": old.status if old else "",
        "status": new.status,
        "code": new.error.code if new.error else "",
    }
    return {name: str(value) for name, value in said.items() if value}


def _consent(old: Consent | None, new: Consent) -> Iterator[Reading]:
    before = old or Consent(org_id=new.org_id, phone=new.phone)
    changed = [new.of(user).state for user in new.users if before.of(user).state is not new.of(user).state]
    given = changed.count(ConsentState.OPTED_IN)
    if given:
        yield Reading(metrics.OPTED_IN, given)
    everybody = new.opted_out_at is not None and new.opted_out_at != before.opted_out_at
    if everybody or ConsentState.OPTED_OUT in changed:
        yield Reading(metrics.OPTED_OUT)


def _untouched(opening: Opening) -> bool:
    """Release has not begun with it. A pause's opening begins with its resume."""
    return opening.cursor is None and opening.due_at <= opening.begins
