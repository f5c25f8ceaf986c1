"""A message whose outcome is unknown: ask Twilio what it has, and never send again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from engage_sms.domain.due import Timer
from engage_sms.domain.message import Failure, Message, Status, TraceEntry, Transition, accepted, reported
from engage_sms.ports import Account, Ports, TwilioMessage
from engage_sms.usecases.lookup import find_account, find_organization

SETTLE = timedelta(seconds=60)
"""How long Twilio's message list may lag behind; the first look-up waits this long, each later one twice as long."""
MOST_LOOKUPS = 6
"""After 60 s, 2, 4, 8, 16 and 32 min more without a trace of it, Twilio did not take the message."""


@dataclass(frozen=True, kw_only=True)
class ReconcileMessage:
    timer: Timer


def reconcile_message(command: ReconcileMessage, ports: Ports) -> Timer | None:
    """Settles the message if Twilio has it; in the end records that it was not sent. Returns when to look again.

    A status callback usually settles it first (our reference rides in its URL); then this finds nothing to do.
    """
    timer = command.timer
    message = ports.store.message(timer.ref, consistent=True)
    if message is None or message.status is not Status.UNKNOWN:
        return None
    account = find_account(find_organization(message.org_id, ports), ports)
    found = _at_twilio(message, account, ports)
    now = ports.now()
    if found is not None:
        ports.store.move(message.ref, accepted(now=now, sid=found.sid))
        later = reported(now=now, twilio_status=found.status, sid=found.sid, error_code=found.error_code)
        if later is not None:
            ports.store.move(message.ref, later)
    elif timer.attempt + 1 < MOST_LOOKUPS:
        return replace(timer, attempt=timer.attempt + 1, due_at=now + SETTLE * 2 ** (timer.attempt + 1))
    else:
        ports.store.move(message.ref, _never_taken(message, ports))
    return None


def _at_twilio(message: Message, account: Account, ports: Ports) -> TwilioMessage | None:
    """The message in Twilio's list: same ends, same text, made since ours, and not another message of ours."""
    candidates = ports.twilio.messages_to(account, message.phone, since=message.created_at)
    others = ports.store.messages(message.org_id, message.user_id, message.contact_id, limit=100).items
    taken = {other.sid for other in others if other.sid}
    matching = (
        candidate
        for candidate in candidates
        if candidate.sid not in taken
        and candidate.body == message.body
        and candidate.number in {None, message.number}
        and candidate.direction.startswith("outbound")
    )
    return next(matching, None)


def _never_taken(message: Message, ports: Ports) -> Transition:
    detail = "Twilio has no trace of it: it was not sent. Send it again if it still matters."
    return Transition(
        leaves=frozenset({Status.UNKNOWN}),
        to=Status.FAILED,
        trace=TraceEntry(at=ports.now(), event="failed", detail=detail),
        fields={"error": Failure(code="not-taken", message=detail)},
    )
