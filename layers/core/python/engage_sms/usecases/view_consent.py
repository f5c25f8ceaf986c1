"""The state of a contact's consent towards a user, and the evidence for it: every step, in its exact words."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.consent import Evidence, UserConsent
from engage_sms.ports import Ports
from engage_sms.usecases.lookup import find_contact


class ViewConsent(NamedTuple):
    org_id: str
    user_id: str
    contact_id: str


def view_consent(command: ViewConsent, ports: Ports) -> tuple[UserConsent, tuple[Evidence, ...]]:
    """The user's standing and the evidence that bears on it, oldest first; an opt-out bears on every user."""
    contact = find_contact(command.org_id, command.contact_id, ports)
    if contact.cell_phone is None:
        return UserConsent(), ()
    consent = ports.store.consent(command.org_id, contact.cell_phone)
    bearing = (e for e in consent.evidence if e.user_id == command.user_id or e.event == "opted_out")
    return consent.of(command.user_id), tuple(bearing)
