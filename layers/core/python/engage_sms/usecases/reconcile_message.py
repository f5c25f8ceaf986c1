"""A message whose outcome is unknown: ask Twilio what it has, and never send again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from engage_sms.domain.due import Parked, Timer
from engage_sms.domain.message import (
    Failure,
    Message,
    MessageRef,
    Status,
    TraceEntry,
    Transition,
    accepted,
    reported,
)
from engage_sms.errors import EngageError, Refused, Rejected
from engage_sms.ports import Account, Change, Overwrite, Ports, Remove, TwilioMessage
from engage_sms.usecases.lookup import find_account, find_organization

SETTLE = timedelta(seconds=60)
"""How long Twilio's message list may lag behind; the first look-up waits this long, each later one twice as long."""
MOST_LOOKUPS = 6
"""After 60 s, 2, 4, 8, 16 and 32 min more without a trace of it, Twilio did not take the message. When it could not be
asked, the message is parked instead."""
WHILE_PARKED = timedelta(hours=1)
TAKEN_WITHIN = timedelta(seconds=90)
"""From the claim: how late Twilio may say that it made the message."""
_IN_DOUBT = frozenset({Status.QUEUED, Status.SENDING, Status.UNKNOWN})


class ReconcileMessage(NamedTuple):
    timer: Timer


def reconcile_message(command: ReconcileMessage, ports: Ports) -> Parked | None:
    """Settles the message if Twilio has it; in the end records that it was not sent. The message while it is parked.

    A status callback usually settles it first (our reference rides in its URL); then this finds nothing to do. While
    Twilio cannot be asked nobody knows: the message keeps its state and is parked, for an administrator to see. Timer
    and parking change together, after the look-up: a crash before that repeats a look-up, which harms nobody.
    """
    timer = command.timer
    again, parked = _look(timer, ports)
    changes: list[Change] = [Remove(timer) if again is None else Overwrite(again)]
    if parked is not None:
        changes.append(Overwrite(parked))
    elif timer.attempt >= MOST_LOOKUPS:
        changes.append(Remove(Parked(ref=timer.ref, since=timer.due_at, reason="", attempts=timer.attempt)))
    ports.store.commit(*changes)
    return parked


def _look(timer: Timer, ports: Ports) -> tuple[Timer | None, Parked | None]:
    """When to look again, None when the message is settled; and the message when it is parked."""
    message = ports.store.message(timer.ref, consistent=True)
    if message is None or message.status is not Status.UNKNOWN:
        return None, None
    try:
        account = find_account(find_organization(message.org_id, ports), ports)
        found = _at_twilio(message, account, ports, last=timer.attempt + 1 >= MOST_LOOKUPS)
    except EngageError as error:
        return _not_asked(message, timer, error, ports)
    now = ports.now()
    if found is not None:
        ports.store.move(message.ref, accepted(now=now, sid=found.sid))
        later = reported(now=now, twilio_status=found.status, sid=found.sid, error_code=found.error_code)
        if later is not None:
            ports.store.move(message.ref, later)
    elif timer.attempt + 1 < MOST_LOOKUPS:
        return _again(timer, ports), None
    else:
        ports.store.move(message.ref, _never_taken(message, ports))
    return None, None


def _again(timer: Timer, ports: Ports) -> Timer:
    return replace(timer, attempt=timer.attempt + 1, due_at=ports.now() + SETTLE * 2 ** (timer.attempt + 1))


def _not_asked(message: Message, timer: Timer, error: EngageError, ports: Ports) -> tuple[Timer, Parked | None]:
    """Twilio said nothing about the message: look again later, in the end slowly and where people see it."""
    attempts = timer.attempt + 1
    if attempts < MOST_LOOKUPS:
        return _again(timer, ports), None
    unknown = [entry.at for entry in message.trace if entry.event == "outcome_unknown"]
    since = unknown[-1] if unknown else message.created_at
    parked = Parked(ref=timer.ref, since=since, reason=_why(error), attempts=attempts)
    return replace(timer, attempt=attempts, due_at=ports.now() + WHILE_PARKED), parked


def _why(error: EngageError) -> str:
    """A sentence for people; Twilio's own words may hold a phone number."""
    match error:
        case Refused():
            return f"Twilio refuses to be asked (error {error.code})."
        case Rejected():
            return error.detail
    return "Twilio does not answer."


def _at_twilio(message: Message, account: Account, ports: Ports, *, last: bool) -> TwilioMessage | None:
    """The message in Twilio's list: same ends, same text, made while ours was being sent, and no other's of ours.

    A callback would name it; the list does not. Messages that look alike and have no SID yet may each be the one that
    Twilio has: each has the first that was made in its own time and is not an earlier one's. While another may have it
    as well, nothing is concluded before the `last` look:

        Twilio has           S1
        m1, m2 unknown       m1 looks: one for two ─► later … a callback names S1 ─► the other was not taken
    """
    doubtful = [other for other in _alike(message, _begun(message), ports) if other.sid is None]
    since = min((_begun(other) for other in doubtful), default=_begun(message))
    known = {other.sid for other in _alike(message, since, ports) if other.sid}
    found = [
        candidate
        for candidate in ports.twilio.messages_to(account, message.phone, since=since)
        if candidate.sid not in known
        and candidate.body == message.body
        and candidate.number in {None, message.number}
        and candidate.direction.startswith("outbound")
    ]
    theirs = _matched(doubtful, found)
    mine = theirs.get(message.ref)
    rivals = mine is not None and any(_may_be(mine, other) for other in doubtful if other.ref not in theirs)
    return None if rivals and not last else mine


def _begun(message: Message) -> datetime:
    """When its last call to Twilio began, at the earliest: to the second, as Twilio tells time."""
    begun = max((entry.at for entry in message.trace if entry.event == "dispatching"), default=message.created_at)
    return begun.replace(microsecond=0)


def _may_be(candidate: TwilioMessage, message: Message) -> bool:
    """Whether Twilio made the candidate in the message's time; one still queued has no end of it yet."""
    if candidate.created_at is None:
        return True
    until = datetime.max.replace(tzinfo=UTC) if message.status is Status.QUEUED else _begun(message) + TAKEN_WITHIN
    return _begun(message) <= candidate.created_at <= until


def _matched(doubtful: Sequence[Message], found: Sequence[TwilioMessage]) -> dict[MessageRef, TwilioMessage]:
    """Which is whose, the earliest first. What is still queued has none of its own, it may only be a rival."""
    left = sorted(
        found, key=lambda candidate: (candidate.created_at or datetime.min.replace(tzinfo=UTC), candidate.sid)
    )
    theirs: dict[MessageRef, TwilioMessage] = {}
    for message in sorted(doubtful, key=lambda message: (_begun(message), message.id)):
        fitting = next((candidate for candidate in left if _may_be(candidate, message)), None)
        if fitting is not None and message.status is not Status.QUEUED:
            theirs[message.ref] = fitting
            left.remove(fitting)
    return theirs


def _alike(message: Message, since: datetime, ports: Ports) -> list[Message]:
    """The message and those that look like it and are in doubt, or have left since then.

    Contacts may share a phone, and may have another by now; the ledger goes by the phone that a message was sent to.
    """
    days = [since.date() + timedelta(days=later) for later in range((ports.now().date() - since.date()).days + 1)]
    left = {ref for day in days for ref in ports.store.left_for(message.org_id, message.phone, day)}
    contacts = {contact.id for contact in ports.store.contacts_with_phone(message.org_id, message.phone)}
    found = {message.ref: message} | {ref: ports.store.message(ref) for ref in sorted(left)}
    for contact_id in sorted(contacts | {message.contact_id}):
        page = ports.store.messages(message.org_id, message.user_id, contact_id, limit=100, consistent=True)
        found |= {other.ref: other for other in page.items}
    looks = (message.phone, message.number, message.body)
    same = (other for other in found.values() if other and (other.phone, other.number, other.body) == looks)
    return [other for other in same if other.sid or other.status in _IN_DOUBT]


def _never_taken(message: Message, ports: Ports) -> Transition:
    detail = "Twilio has no trace of it: it was not sent. Send it again if it still matters."
    return Transition(
        leaves=frozenset({Status.UNKNOWN}),
        to=Status.FAILED,
        trace=TraceEntry(at=ports.now(), event="failed", detail=detail),
        fields={"error": Failure(code="not-taken", message=detail)},
    )
