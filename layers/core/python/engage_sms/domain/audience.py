"""An organization's contacts by what the legal hours depend on, counted: advice need not look at each of them."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.directory import Contact
from engage_sms.domain.recipient import Recipient, Source, recipient_of

_LIST, _PARTS = ",", "|"
_WHERE = ("cell_phone", "time_zone", "state", "postal_code")


class Audience(NamedTuple):
    """Contacts with the same zones (IANA) and states (two letters), each sorted: the same hours bind them all."""

    zones: tuple[str, ...]
    states: tuple[str, ...]

    @property
    def name(self) -> str:
        """One text that says it all: "America/Chicago,America/New_York|IN"."""
        return _PARTS.join((_LIST.join(self.zones), _LIST.join(self.states)))

    @classmethod
    def named(cls, name: str) -> Audience:
        """The reverse of `name`."""
        zones, states = (tuple(part.split(_LIST)) for part in name.split(_PARTS))
        return cls(zones, states)

    def recipient(self) -> Recipient:
        """Any of the contacts, as the hours see it; by which source it was found matters to no rule."""
        return Recipient(self.zones, self.states, Source.ADDRESS)


def audience_of(contact: Contact) -> Audience | None:
    """Where the contact counts; None without a cell phone, since nothing is ever sent to it."""
    if contact.cell_phone is None:
        return None
    recipient = recipient_of(contact, contact.cell_phone)
    return Audience(recipient.zones, recipient.states)


def moves(old: Contact, new: Contact) -> bool:
    """Whether anything changed that says where the contact is."""
    return any(getattr(old, name) != getattr(new, name) for name in _WHERE)
