"""What most use cases begin with: find it in the caller's organization, or say that it is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from engage_sms.domain.directory import Contact, Organization, User
from engage_sms.domain.message import Message
from engage_sms.domain.recipient import Recipient, recipient_of
from engage_sms.errors import Conflict, NotFound, Rejected
from engage_sms.ports import Account, Ports

T = TypeVar("T")


def find_organization(org_id: str, ports: Ports, *, consistent: bool = False) -> Organization:
    organization = ports.store.organization(org_id, consistent=consistent)
    if organization is None:
        raise NotFound("organization")
    return organization


def find_user(org_id: str, user_id: str, ports: Ports, *, consistent: bool = False) -> User:
    user = ports.store.user(org_id, user_id, consistent=consistent)
    if user is None:
        raise NotFound("user")
    return user


def find_contact(org_id: str, contact_id: str, ports: Ports) -> Contact:
    contact = ports.store.contact(org_id, contact_id)
    if contact is None:
        raise NotFound("contact")
    return contact


def find_recipient(message: Message, ports: Ports) -> Recipient:
    """Where the message's recipient may be as its contact stands now, by the phone alone once the contact is gone.

    Strongly consistent: a zone or address that was corrected while the message was held counts at once.
    """
    contact = ports.store.contact(message.org_id, message.contact_id, consistent=True)
    return recipient_of(contact, message.phone)


def find_account(organization: Organization, ports: Ports) -> Account:
    """The credentials of the organization's Twilio account. Raises Rejected while it has none."""
    account = ports.account(organization.id)
    if account is None or organization.twilio.messaging_service_sid is None:
        raise Rejected("twilio-account-required", "Provision the organization's Twilio account first.")
    return account


def decide_again(attempt: Callable[[], T], *, tries: int = 8) -> T:
    """Reads, decides and writes conditionally; whoever loses the race reads again and decides anew.

    Raises Conflict when every try lost.
    """
    for _ in range(tries - 1):
        try:
            return attempt()
        except Conflict:
            continue
    return attempt()
