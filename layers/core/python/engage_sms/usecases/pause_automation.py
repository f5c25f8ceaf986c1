"""The brake: an administrator stops everything automated of the organization, at once."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from engage_sms.domain.directory import Organization
from engage_sms.domain.message import Status
from engage_sms.ports import Ports, Replace
from engage_sms.usecases.lookup import decide_again, find_organization


class PauseAutomation(NamedTuple):
    org_id: str


def pause_automation(command: PauseAutomation, ports: Ports) -> tuple[Organization, int]:
    """The paused organization, and how many of its automated messages are past recall: in `sending` now.

    Dispatch reads the organization strongly consistent before each automated message, so what it begins after this
    write stays here; pausing again changes nothing. Dispatch says what it took in hand before it begins:

        worker   announces m1 … m10 ─► reads v3 ─► claims m1 ─► Twilio
        pause                                   v3 ─► v4 paused ─► reads what is announced: m1 is sending
        worker                                             m2: reads v4 ─► held
    """

    def attempt() -> Organization:
        organization = find_organization(command.org_id, ports, consistent=True)
        if organization.paused_at is not None:
            return organization
        paused = replace(organization, paused_at=ports.now())
        ports.store.commit(Replace(paused))
        return replace(paused, version=paused.version + 1)

    return decide_again(attempt), _past_recall(command.org_id, ports)


def _past_recall(org_id: str, ports: Ports) -> int:
    taken = {ref for underway in ports.store.underway(org_id) for ref in underway.refs}
    messages = (ports.store.message(ref, consistent=True) for ref in taken)
    return sum(message is not None and message.status is Status.SENDING for message in messages)
