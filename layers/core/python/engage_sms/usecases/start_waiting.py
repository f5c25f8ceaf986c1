"""The YES came: a message that awaited it goes, or is held for the next opening."""

from __future__ import annotations

from datetime import datetime

from engage_sms.domain.consent import Consent
from engage_sms.domain.message import Message, MessageRef, Status, Transition, ended, expiring, held, queued
from engage_sms.domain.planning import plan
from engage_sms.domain.settings import Settings, resolve
from engage_sms.ports import Ports
from engage_sms.usecases.lookup import find_organization, find_recipient

AWAITING = frozenset({Status.AWAITING_OPT_IN})


def start_waiting(ref: MessageRef, consent: Consent, ports: Ports) -> Message | None:
    """The message after its step; None when it waited no longer. Dispatch reads the consent again.

    What `consent` (which allows it) has for the instant of the YES decides whether that came in time, however late this
    runs. From then on the message may wait as long as what is held, and no longer than its journey's step said:

        wait for the opt-in   ends at midnight ─► its timer: held, and expires later by now: the timer moves on
        YES                   23:50 ─► relay: held until 08:00, expires after 72 h
    """
    message = ports.store.message(ref, consistent=True)
    if message is None:
        return None
    opted_in_at = consent.of(ref.user_id).changed_at or ports.now()
    if message.expires_at is not None and opted_in_at >= message.expires_at:
        return ports.store.move(ref, not_in_time(now=ports.now()))
    settings = resolve(find_organization(ref.org_id, ports).settings)
    return ports.store.move(ref, expiring(_step(message, settings, ports), at=_expiry(message, settings, opted_in_at)))


def not_in_time(*, now: datetime) -> Transition:
    """The end of a message whose wait for the opt-in is over."""
    detail = "The contact did not opt in in time."
    return ended(now=now, to=Status.EXPIRED, code="expired", detail=detail, leaves=AWAITING)


def _step(message: Message, settings: Settings, ports: Ports) -> Transition:
    now = ports.now()
    leaves = plan(settings, recipient=find_recipient(message, ports), now=now)
    if leaves.failure is not None:
        skip = leaves.failure
        return ended(now=now, to=Status.SKIPPED, code=skip.code, detail=skip.message, leaves=AWAITING)
    if leaves.hold is not None:
        return held(now=now, hold=leaves.hold, leaves=AWAITING)
    return queued(now=now, detail="The contact opted in.")


def _expiry(message: Message, settings: Settings, opted_in_at: datetime) -> datetime:
    latest = opted_in_at + settings.hold_lasts
    return min(latest, message.step_expires_at) if message.step_expires_at else latest
