"""The one call to Twilio for a message: check everything again, take a turn, claim it, call once, record it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from engage_sms.domain.brake import ACCOUNT_LEVEL, after_refusal, probe, refusal_hold, standstill
from engage_sms.domain.consent import RequestRefusal, leaving
from engage_sms.domain.directory import Organization
from engage_sms.domain.message import (
    Failure,
    Hold,
    Kind,
    Message,
    MessageRef,
    Status,
    Transition,
    abandoned,
    accepted,
    claim,
    ended,
    held,
    refused,
    returned,
    unanswered,
)
from engage_sms.domain.naming import reference
from engage_sms.domain.pace import turn_hold
from engage_sms.domain.planning import Plan, plan_call
from engage_sms.domain.replanning import expired
from engage_sms.domain.settings import resolve
from engage_sms.errors import Conflict, OutcomeUnknown, Permanent, Refused, Rejected, Retryable
from engage_sms.ports import Outgoing, Ports, Replace
from engage_sms.usecases.lookup import decide_again, find_account, find_organization, find_recipient
from engage_sms.usecases.take_turn import LONGEST_WAIT, take_turn
from engage_sms.usecases.trip_breaker import trip_breaker

LEASE = timedelta(seconds=60)
"""Longer than a dispatch may run (30 s), shorter than the queue's visibility timeout (180 s)."""
MOST_DEFERRALS = 10
"""How often Twilio may be too busy for one message before it fails."""
_BEFORE_CLAIM = frozenset({Status.QUEUED, Status.HELD})


class DispatchMessage(NamedTuple):
    """`patience`: how long an automated message may wait for its turn."""

    ref: MessageRef
    patience: timedelta = LONGEST_WAIT


def dispatch_message(command: DispatchMessage, ports: Ports) -> None:
    """Sends the message if it still may be sent; any number of calls send it at most once.

        delivery A   claim: queued ─► sending ✓ ─► consent read ─► Twilio ─► sent
        delivery B   claim: not queued ✗ ─► lease still runs ─► comes back later ─► sent: nothing to do
        A dies       ................... ─► lease ran out ─► unknown: looked up at Twilio, never sent again
        STOP         acknowledged before the consent read ─► seen: nothing leaves

    What is automated takes one of its organization's turns in the second it leaves in. Window, brake and breaker are
    read after the wait for that turn; consent is read strongly consistent after the claim, so a STOP acknowledged
    before that read always wins.
    Raises Retryable while another attempt holds the claim; Permanent when there is no such message.
    """
    message = ports.store.message(command.ref, consistent=True)
    if message is None:
        raise Permanent(f"There is no message {command.ref.message_id}.")
    if message.status is Status.SENDING:
        _watch_over(message, ports)
        return
    if message.status not in _BEFORE_CLAIM:
        return
    organization, leaves = _leave(message, ports)
    if _stopped(message, leaves, ports):
        return
    if message.automated:
        turn = take_turn(organization, ports, patience=command.patience)
        if turn is None:
            _wait_in_line(message, organization, ports)
            return
        if turn > ports.now() or probe(organization.refusal, turn) is not None:
            ports.wait(turn)
            organization, leaves = _leave(message, ports, probing=True)
            if _stopped(message, leaves, ports):
                return
    ports.store.move(message.ref, _attempt(_claim(message, leaves, ports), organization, leaves, ports))


def _claim(message: Message, leaves: Plan, ports: Ports) -> Message:
    """The message, ours for one call. Raises Retryable when it is not: it may be ours without our knowing.

        delivery   claim ✓ ─► the answer is lost ─► the SDK writes again ─► ✗ not queued any more
        comes back           after the lease: its outcome is unknown, and it is looked up

    Whoever took it to be somebody else's would leave it in `sending` for ever.
    """
    claimed = ports.store.move(message.ref, claim(now=ports.now(), lease=LEASE, why=leaves.why))
    if claimed is None:
        raise Retryable(f"Message {message.id} waits no longer; it is seen to when this comes again.")
    return claimed


def _watch_over(message: Message, ports: Ports) -> None:
    """A message in somebody's claim: let the claim run out, then call its outcome unknown."""
    if ports.store.move(message.ref, abandoned(now=ports.now())) is None:
        raise Retryable(f"Message {message.id} is being dispatched; its lease still runs.")


def _leave(message: Message, ports: Ports, *, probing: bool = False) -> tuple[Organization, Plan]:
    """The organization, and when the message may leave by its brake, its breaker and the windows.

    For what is automated the organization is read strongly consistent: a pause that was answered is seen. Where Twilio
    refused the account and the rest is over, one message goes ahead as the probe and the others wait for it:

        m1  reads v4: rest is over ─► v5 probing ✓ ─► claim ─► Twilio
        m2  reads v4: rest is over ───────────────► ✗ Conflict ─► reads v5: probing ─► held
    """
    if not message.automated:
        return find_organization(message.org_id, ports), Plan(Status.QUEUED, ports.now())

    def attempt() -> tuple[Organization, Plan]:
        now = ports.now()
        organization = find_organization(message.org_id, ports, consistent=True)
        hold = standstill(organization, now)
        if hold is not None:
            return organization, Plan(Status.HELD, hold.until, hold=hold)
        leaves = plan_call(resolve(organization.settings), recipient=find_recipient(message, ports), now=now)
        probes = probe(organization.refusal, now) if probing and leaves.status is Status.QUEUED else None
        if probes is not None:
            ports.store.commit(Replace(replace(organization, refusal=probes)))
        return organization, leaves

    return decide_again(attempt)


def _stopped(message: Message, leaves: Plan, ports: Ports) -> bool:
    """Whether something speaks against its leaving; the message then takes the step that this means."""
    step = _stop(message, leaves, ports)
    if step is not None:
        ports.store.move(message.ref, step)
    return step is not None or leaves.hold is not None


def _stop(message: Message, leaves: Plan, ports: Ports) -> Transition | None:
    """The step instead of the claim; None when there is none to take."""
    now = ports.now()
    if message.expires_at is not None and now >= message.expires_at:
        return expired(now, leaves=_BEFORE_CLAIM)
    if leaves.failure is not None:
        return ended(now=now, to=Status.SKIPPED, code=leaves.failure.code, detail=leaves.failure.message)
    if leaves.hold is not None and not _is_held_by(message, leaves.hold):
        return held(now=now, hold=leaves.hold, leaves=_BEFORE_CLAIM)
    return None


def _is_held_by(message: Message, hold: Hold) -> bool:
    """Whether the message is held so already; the words of the reason do not count."""
    return message.hold is not None and (message.hold.rule, message.hold.until) == (hold.rule, hold.until)


def _wait_in_line(message: Message, organization: Organization, ports: Ports) -> None:
    """No turn within seconds: back through the state, so that `release` finds it a slot. This can go on for ever."""
    now = ports.now()
    rate = resolve(organization.settings).throughput_messages_per_second
    hold = turn_hold(rate, now + LONGEST_WAIT)
    ports.store.move(message.ref, held(now=now, hold=hold, leaves=_BEFORE_CLAIM))


def _attempt(message: Message, organization: Organization, leaves: Plan, ports: Ports) -> Transition:
    """The call, and the step its outcome means.

    Consent is the last that is read: nothing that takes time lies between it and the call.
    """
    try:
        account = find_account(organization, ports)
        obstacle = _obstacle(message, ports)
    except Rejected as refusal:
        return _refused(message, organization, refusal, ports)
    except Retryable as busy:
        return _deferred(message, busy, ports)
    now = ports.now()
    if obstacle is not None:
        to = Status.CANCELLED if obstacle.code == RequestRefusal.OPTED_OUT else Status.SKIPPED
        return ended(now=now, to=to, code=obstacle.code, detail=obstacle.message, leaves=frozenset({Status.SENDING}))
    validity = leaves.validity(now)
    if validity == 0:
        return _too_late(message, organization, leaves, ports)
    try:
        sent = ports.twilio.send(account, _outgoing(message, organization, validity, ports))
    except Refused as refusal:
        return _refused(message, organization, refusal, ports)
    except OutcomeUnknown:
        return unanswered(now=ports.now())
    except Retryable as busy:
        return _deferred(message, busy, ports)
    return accepted(now=ports.now(), sid=sent.sid)


def _outgoing(message: Message, organization: Organization, validity: int | None, ports: Ports) -> Outgoing:
    return Outgoing(
        to=message.phone,
        sender=message.number,
        body=message.body,
        media_urls=message.media_urls,
        messaging_service_sid=organization.twilio.messaging_service_sid or "",
        status_callback=f"{ports.public_url}/webhooks/twilio/{message.org_id}/status?m={reference(message.ref)}",
        validity=validity,
    )


def _too_late(message: Message, organization: Organization, leaves: Plan, ports: Ports) -> Transition:
    """The window closed between the claim and the call: held again, for the opening after that closing."""
    now, closed_at = ports.now(), leaves.closes_at or ports.now()
    then = plan_call(resolve(organization.settings), recipient=find_recipient(message, ports), now=max(now, closed_at))
    if then.failure is not None:
        code, detail = then.failure.code, then.failure.message
        return ended(now=now, to=Status.SKIPPED, code=code, detail=detail, leaves=frozenset({Status.SENDING}))
    if then.hold is not None:
        return held(now=now, hold=then.hold, leaves=frozenset({Status.SENDING}))
    return returned(now=now, detail="The window closed and is open again.")


def _refused(message: Message, organization: Organization, refusal: Refused | Rejected, ports: Ports) -> Transition:
    """A definite no. One that concerns the whole account says nothing about an automated message: it waits."""
    now = ports.now()
    if isinstance(refusal, Rejected):
        return refused(now=now, failure=Failure(code=refusal.slug, message=refusal.detail))
    code = str(refusal.code)
    if code in ACCOUNT_LEVEL:
        try:
            rests = trip_breaker(message.org_id, code, ports)
        except Retryable:
            # Others were quicker again and again, or the table is busy: what Twilio said is not lost over that.
            rests = after_refusal(organization.refusal, code=code, now=now)
        if message.automated:
            return held(now=now, hold=refusal_hold(rests), leaves=frozenset({Status.SENDING}))
    return refused(now=now, failure=Failure(code=code, message=refusal.message))


def _deferred(message: Message, busy: Retryable, ports: Ports) -> Transition:
    """Twilio certainly did not take it: back to the queue, a bounded number of times."""
    deferrals = sum(entry.event == "deferred" for entry in message.trace)
    if deferrals >= MOST_DEFERRALS:
        failure = Failure(code="provider-busy", message="Twilio was too busy, again and again.")
        return refused(now=ports.now(), failure=failure)
    return returned(now=ports.now(), detail=str(busy))


def _obstacle(message: Message, ports: Ports) -> Failure | None:
    """Why the claimed message may not leave after all: its number is gone, or consent does not cover it."""
    number = ports.store.number(message.number)
    if number is None or number.released_at is not None or number.user_id != message.user_id:
        return Failure(code="number-released", message="The user no longer has the number it was to be sent from.")
    if message.kind is Kind.OPT_IN_REQUEST:
        return _request_obstacle(message, ports)
    consent = ports.store.consent(message.org_id, message.phone, consistent=True)
    if message.source.get("answers") == "opt_out":
        return None
    standing = consent.of(message.user_id)
    if standing.state == "opted_out":
        return Failure(code="opted-out", message="The contact opted out before it was sent.")
    if message.kind is not Kind.HELP and not consent.allows(message.user_id):
        return Failure(code="opt-in-required", message="The contact has not opted in.")
    if message.automated and consent.suspended_at is not None:
        return Failure(code="revocation-suspected", message="The contact's last words read like an opt-out.")
    return None


def _request_obstacle(message: Message, ports: Ports) -> Failure | None:
    """Why an opt-in request may not leave now; when it may, its true instant goes on record first.

    The stamp is conditional on the consent's version, so of two requests that would leave within 12 hours one sees
    the other.
    """

    def attempt() -> RequestRefusal | None:
        consent = ports.store.consent(message.org_id, message.phone, consistent=True)
        after = leaving(consent, message.user_id, message_id=message.id, at=ports.now())
        if isinstance(after, RequestRefusal):
            return after
        if after != consent:
            ports.store.commit(Replace(after))
        return None

    try:
        refusal = decide_again(attempt)
    except Conflict:
        return Failure(code="consent-busy", message="The contact's consent changed too often while it was to be sent.")
    if refusal is None:
        return None
    return Failure(code=str(refusal), message="The opt-in request was no longer allowed when it was to leave.")
