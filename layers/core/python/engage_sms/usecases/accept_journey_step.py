"""A journey step asks for an SMS: send it, hold it, let it wait for the opt-in, or skip it, and say why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engage_sms.domain.consent import Consent, ConsentState, request_refusal, requested
from engage_sms.domain.directory import Contact, Organization, User
from engage_sms.domain.message import Failure, Kind, Message, Status
from engage_sms.domain.planning import Plan, plan
from engage_sms.domain.recipient import recipient_of
from engage_sms.domain.settings import Settings, resolve
from engage_sms.domain.texts import render
from engage_sms.errors import Conflict, Invalid
from engage_sms.ports import Change, Create, Once, Ports, Replace
from engage_sms.usecases.compose import merge_values, outbound
from engage_sms.usecases.lookup import decide_again, find_contact, find_organization, find_user
from engage_sms.usecases.request_opt_in import SENTENCES
from engage_sms.usecases.send_message import check_body
from engage_sms.usecases.view_contact import no_route


@dataclass(frozen=True, kw_only=True)
class AcceptJourneyStep:
    """`sender` is "owner" or a user id; `merge` adds to the merge fields; `expires_at` is aware."""

    org_id: str
    event_id: str
    journey_id: str
    step_id: str
    execution_id: str
    contact_id: str
    sender: str
    body: str
    merge: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None


def accept_journey_step(command: AcceptJourneyStep, ports: Ports) -> Message | None:
    """The journey's message, wherever it stands; None when this step was accepted before.

    The step's mark, its message, the opt-in request it starts and the budget that costs are one transaction:

        delivery 1  decide ─► mark step, message, request, consent v5 ✓
        delivery 2  decide ───────► Conflict ─► the mark is set: nothing more to do

    Raises NotFound or Invalid for a step that names nobody, or a text that cannot be sent.
    """
    organization = find_organization(command.org_id, ports)
    contact = find_contact(command.org_id, command.contact_id, ports)
    user = find_user(command.org_id, contact.owner_id if command.sender == "owner" else command.sender, ports)
    body = _body(command, organization, user, contact)
    mark = Once("journey", f"{command.org_id}#{command.execution_id}#{command.step_id}#{command.contact_id}")

    def attempt() -> Message | None:
        message, *others = _changes(command, organization, user, contact, body, ports)
        try:
            ports.store.commit(mark, Create(message), *others)
        except Conflict:
            if not ports.store.done(mark):
                raise
            return None
        return message

    return decide_again(attempt)


def _body(command: AcceptJourneyStep, organization: Organization, user: User, contact: Contact) -> str:
    try:
        body = render(command.body, merge_values(organization, user, contact) | dict(command.merge))
    except ValueError as wrong:
        raise Invalid([{"field": "body", "message": str(wrong)}]) from wrong
    check_body(body)
    return body


def _changes(
    command: AcceptJourneyStep, organization: Organization, user: User, contact: Contact, body: str, ports: Ports
) -> tuple[Message, *tuple[Change, ...]]:
    now = ports.now()
    settings = resolve(organization.settings)
    phone = contact.cell_phone or ""
    consent = ports.store.consent(command.org_id, phone, consistent=True)
    standing = consent.of(user.id)
    obstacle = _obstacle(contact, user, consent)
    recipient = recipient_of(contact, phone)
    leaves = Plan(Status.SKIPPED, now, failure=obstacle) if obstacle else plan(settings, recipient=recipient, now=now)
    waits = obstacle is None and standing.state is not ConsentState.OPTED_IN
    message = outbound(
        message_id=ports.new_id(),
        now=now,
        user=user,
        contact=contact,
        kind=Kind.JOURNEY,
        body=body,
        plan=Plan(Status.AWAITING_OPT_IN, now) if waits else leaves,
        expires_at=_expiry(command, settings, now, waits=waits),
        step_expires_at=command.expires_at,
        source={"journey_id": command.journey_id, "step_id": command.step_id, "execution_id": command.execution_id},
    )
    if not waits or request_refusal(standing, at=leaves.leaves_at) is not None or leaves.failure is not None:
        return (message,)
    expires_at = _expiry(command, settings, now, waits=False)
    request = _request(organization, settings, user, contact, leaves, expires_at, ports)
    reserved = requested(consent, user.id, at=leaves.leaves_at, words=request.body, message_id=request.id)
    return message, Replace(reserved), Create(request)


def _obstacle(contact: Contact, user: User, consent: Consent) -> Failure | None:
    """Why the step can never be sent as things stand."""
    missing = no_route(contact, user)
    if missing is not None:
        return Failure(code=str(missing), message=SENTENCES[missing])
    if consent.of(user.id).state is ConsentState.OPTED_OUT:
        return Failure(code="opted-out", message="The contact has opted out.")
    if consent.suspended_at is not None:
        return Failure(code="revocation-suspected", message="The contact's last words read like an opt-out.")
    return None


def _request(
    organization: Organization,
    settings: Settings,
    user: User,
    contact: Contact,
    leaves: Plan,
    expires_at: datetime,
    ports: Ports,
) -> Message:
    body = render(settings.texts_opt_in_request, merge_values(organization, user, contact))
    return outbound(
        message_id=ports.new_id(),
        now=ports.now(),
        user=user,
        contact=contact,
        kind=Kind.OPT_IN_REQUEST,
        body=body,
        plan=leaves,
        expires_at=expires_at,
    )


def _expiry(command: AcceptJourneyStep, settings: Settings, now: datetime, *, waits: bool) -> datetime:
    """How long it may wait, for the opt-in or for the window; the step's own end comes first."""
    patience = timedelta(days=settings.journey_wait_for_opt_in_days)
    latest = now + (patience if waits else timedelta(hours=settings.hold_expires_after_hours))
    return min(latest, command.expires_at) if command.expires_at else latest
