"""A user asks a contact, by hand, to opt in."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.consent import Consent, RequestRefusal, next_request_at, request_refusal, requested
from engage_sms.domain.directory import Contact, Organization, User
from engage_sms.domain.message import Kind, Message
from engage_sms.domain.settings import resolve
from engage_sms.errors import Rejected
from engage_sms.ports import Create, Ports, Replace
from engage_sms.usecases.compose import outbound, rendered
from engage_sms.usecases.lookup import decide_again, find_contact, find_organization, find_user
from engage_sms.usecases.view_contact import no_route

SENTENCES = {
    RequestRefusal.NO_VALID_CELL_PHONE: "The contact has no valid US or Canada cell phone number; add one first.",
    RequestRefusal.USER_HAS_NO_NUMBER: "You have no phone number to send from; ask your administrator for one.",
    RequestRefusal.ALREADY_OPTED_IN: "The contact has opted in already; send a message.",
    RequestRefusal.OPTED_OUT: "The contact has opted out; only they can come back, by texting START.",
    RequestRefusal.LIMIT_REACHED: "The contact has been asked 3 times, which is the limit.",
    RequestRefusal.TOO_SOON: "The contact was asked less than 12 hours ago; wait until next_request_at.",
}


class RequestOptIn(NamedTuple):
    org_id: str
    user_id: str
    contact_id: str


def request_opt_in(command: RequestOptIn, ports: Ports) -> Message:
    """The request, on its way. Raises Rejected with one of RequestRefusal's slugs.

    Reserving the budget and creating the message are one transaction, conditional on the consent's version:

        A  read v4 (2 sent) ─► reserve 3rd, v5 ✓
        B  read v4 (2 sent) ─────────────► reserve 3rd ✗ Conflict ─► read v5 (3 sent) ─► limit reached
    """
    organization = find_organization(command.org_id, ports)
    contact = find_contact(command.org_id, command.contact_id, ports)
    user = find_user(command.org_id, command.user_id, ports)
    missing = no_route(contact, user)
    if missing is not None:
        raise refused(missing)

    def attempt() -> Message:
        now = ports.now()
        consent = ports.store.consent(command.org_id, contact.cell_phone or "", consistent=True)
        refusal = request_refusal(consent.of(user.id), at=now)
        if refusal is not None:
            raise refused(refusal, consent, user)
        request = request_message(organization, user, contact, ports)
        reserved = requested(consent, user.id, at=now, words=request.body, message_id=request.id)
        ports.store.commit(Replace(reserved), Create(request))
        return request

    return decide_again(attempt)


def request_message(organization: Organization, user: User, contact: Contact, ports: Ports) -> Message:
    """The request's text as the organization worded it, from the user's number, to go at once."""
    body = rendered(resolve(organization.settings).texts_opt_in_request, organization, user, contact)
    return outbound(
        message_id=ports.new_id(), now=ports.now(), user=user, contact=contact, kind=Kind.OPT_IN_REQUEST, body=body
    )


def refused(refusal: RequestRefusal, consent: Consent | None = None, user: User | None = None) -> Rejected:
    if refusal is RequestRefusal.TOO_SOON and consent is not None and user is not None:
        earliest = next_request_at(consent.of(user.id))
        return Rejected(str(refusal), SENTENCES[refusal], next_request_at=earliest)
    return Rejected(str(refusal), SENTENCES[refusal])
