"""Whether automated messages may leave at an instant, and which rule decides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from engage_sms.domain.consent import RequestRefusal
from engage_sms.domain.legal_hours import legal_hours
from engage_sms.domain.planning import explain, rules_for
from engage_sms.domain.recipient import Recipient, locate, recipient_of
from engage_sms.domain.settings import resolve
from engage_sms.domain.window import Decision, decide
from engage_sms.errors import Invalid
from engage_sms.ports import Ports
from engage_sms.usecases.lookup import find_contact, find_organization
from engage_sms.usecases.put_user import valid_phone
from engage_sms.usecases.request_opt_in import refused

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""At the ends of the calendar there is no next opening to compute."""


class ExplainWindow(NamedTuple):
    """`at` is aware; None means now. With a contact or a phone (E.164), the recipient's legal hours count too."""

    org_id: str
    at: datetime | None = None
    contact_id: str | None = None
    phone: str | None = None


class WindowExplained(NamedTuple):
    """The decision and what it rests on; `reason` is its sentence, `recipient` None when none was asked about."""

    decision: Decision
    recipient: Recipient | None
    reason: str
    rule_data_version: str


def explain_window(command: ExplainWindow, ports: Ports) -> WindowExplained:
    """Raises Rejected `no-valid-cell-phone` for a contact that nothing could be sent to; Invalid for a far-off `at`."""
    if command.at is not None and not EARLIEST <= command.at < LATEST:
        raise Invalid([{"field": "at", "message": f"Give a time from {EARLIEST.year} on, before {LATEST.year}."}])
    settings = resolve(find_organization(command.org_id, ports).settings)
    recipient = _recipient(command, ports)
    decision = decide(rules_for(settings, recipient), command.at or ports.now())
    return WindowExplained(
        decision=decision,
        recipient=recipient,
        reason=explain(decision, recipient),
        rule_data_version=legal_hours().version,
    )


def _recipient(command: ExplainWindow, ports: Ports) -> Recipient | None:
    if command.contact_id is None:
        return locate(valid_phone("phone", command.phone)) if command.phone else None
    contact = find_contact(command.org_id, command.contact_id, ports)
    if contact.cell_phone is None:
        raise refused(RequestRefusal.NO_VALID_CELL_PHONE)
    return recipient_of(contact, contact.cell_phone)
