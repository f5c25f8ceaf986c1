"""`engage-sms organizations`: every organization, its Twilio account, its numbers, and what stops its automation."""

from __future__ import annotations

import argparse

from engage_sms.domain.directory import Organization
from engage_sms.ports import Ports
from infra.operations.answer import Answer, watched

COLUMNS = ("Id", "Name", "Twilio", "Users", "Numbers", "Paused at", "Refused with", "Refused until")


def organizations(_options: argparse.Namespace, ports: Ports) -> Answer:
    """In the order of their ids."""
    rows = [_row(organization, ports) for organization in watched(ports.store.organizations(), "organizations")]
    stopped = sum(paused is not None or code is not None for *_, paused, code, _until in rows)
    sentence = f"{len(rows)} organizations; the automation of {stopped} stands still."
    return Answer(sentence=sentence, columns=COLUMNS, rows=sorted(rows))


def _row(organization: Organization, ports: Ports) -> tuple[object, ...]:
    users = list(ports.store.users(organization.id))
    refusal = organization.refusal if organization.refusal and ports.now() < organization.refusal.until else None
    return (
        organization.id,
        organization.name,
        organization.twilio.status.value,
        len(users),
        sum(user.number is not None for user in users),
        organization.paused_at,
        refusal and refusal.code,
        refusal and refusal.until,
    )
