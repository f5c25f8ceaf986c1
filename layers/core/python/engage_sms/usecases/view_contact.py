"""A contact, and what the calling user may do: message, ask for the opt-in, or why not."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from engage_sms.domain.consent import ConsentState, RequestRefusal, UserConsent, next_request_at, request_refusal
from engage_sms.domain.directory import Contact, User
from engage_sms.ports import Page, Ports
from engage_sms.usecases.lookup import find_contact, find_user

OPT_IN_REQUIRED = "opt-in-required"


class ViewContact(NamedTuple):
    org_id: str
    user_id: str
    contact_id: str


class ListContacts(NamedTuple):
    """`search` matches names, email and phone; `limit` bounds the page."""

    org_id: str
    user_id: str
    search: str = ""
    cursor: str | None = None
    limit: int = 50


class SmsStanding(NamedTuple):
    """What this user may do with this contact. `reason` says why a message cannot go, None when it can."""

    consent: ConsentState
    can_message: bool
    can_request_opt_in: bool
    reason: str | None
    requests_sent: int
    next_request_at: datetime | None


class ContactView(NamedTuple):
    contact: Contact
    sms: SmsStanding


def view_contact(command: ViewContact, ports: Ports) -> ContactView:
    contact = find_contact(command.org_id, command.contact_id, ports)
    user = find_user(command.org_id, command.user_id, ports)
    return ContactView(contact=contact, sms=standing_with(contact, user, ports))


def list_contacts(command: ListContacts, ports: Ports) -> Page[ContactView]:
    """Reads on until the page is full: a rare match may lie far behind."""
    user = find_user(command.org_id, command.user_id, ports)
    found: list[ContactView] = []
    cursor = command.cursor
    while True:
        page = ports.store.contacts(command.org_id, cursor=cursor, limit=command.limit - len(found))
        matching = (contact for contact in page.items if _matches(contact, command.search))
        found += [ContactView(contact=contact, sms=standing_with(contact, user, ports)) for contact in matching]
        cursor = page.cursor
        if cursor is None or len(found) >= command.limit:
            return Page(tuple(found), cursor)


def standing_with(contact: Contact, user: User, ports: Ports) -> SmsStanding:
    """What the user may do with the contact now."""
    known = UserConsent()
    if contact.cell_phone is not None:
        known = ports.store.consent(contact.org_id, contact.cell_phone).of(user.id)
    refusal = no_route(contact, user) or request_refusal(known, at=ports.now())
    opted_in = refusal is RequestRefusal.ALREADY_OPTED_IN
    return SmsStanding(
        consent=known.state,
        can_message=opted_in,
        can_request_opt_in=refusal is None,
        reason=None if opted_in else str(refusal or OPT_IN_REQUIRED),
        requests_sent=known.requests_sent,
        next_request_at=next_request_at(known) if refusal is RequestRefusal.TOO_SOON else None,
    )


def no_route(contact: Contact, user: User) -> RequestRefusal | None:
    """Why nothing at all can go from the user to the contact; None when a message has both ends."""
    if contact.cell_phone is None:
        return RequestRefusal.NO_VALID_CELL_PHONE
    if user.number is None:
        return RequestRefusal.USER_HAS_NO_NUMBER
    return None


def _matches(contact: Contact, search: str) -> bool:
    wanted = search.strip().casefold()
    texts = (f"{contact.first_name} {contact.last_name}", contact.email or "")
    if any(wanted in text.casefold() for text in texts):
        return True
    digits = "".join(filter(str.isdigit, wanted))
    return bool(digits) and digits in (contact.cell_phone or "")
