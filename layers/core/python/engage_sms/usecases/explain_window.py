"""Whether automated messages may leave at an instant, and which rule decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engage_sms.domain.consent import RequestRefusal
from engage_sms.domain.planning import rules_for
from engage_sms.domain.settings import resolve
from engage_sms.domain.window import Decision, decide
from engage_sms.ports import Ports
from engage_sms.usecases.lookup import find_contact, find_organization
from engage_sms.usecases.put_user import valid_phone
from engage_sms.usecases.request_opt_in import refused


@dataclass(frozen=True, kw_only=True)
class ExplainWindow:
    """`at` is aware; None means now. With a contact or a phone (E.164), the recipient's legal hours count too."""

    org_id: str
    at: datetime | None = None
    contact_id: str | None = None
    phone: str | None = None


def explain_window(command: ExplainWindow, ports: Ports) -> Decision:
    """Raises Rejected `no-valid-cell-phone` for a contact that nothing could be sent to."""
    settings = resolve(find_organization(command.org_id, ports).settings)
    phone = _recipient(command, ports)
    rules = rules_for(settings, phone) if phone else (settings.window_rule(),)
    return decide(rules, command.at or ports.now())


def _recipient(command: ExplainWindow, ports: Ports) -> str | None:
    if command.contact_id is None:
        return valid_phone("phone", command.phone) if command.phone else None
    contact = find_contact(command.org_id, command.contact_id, ports)
    if contact.cell_phone is None:
        raise refused(RequestRefusal.NO_VALID_CELL_PHONE)
    return contact.cell_phone
