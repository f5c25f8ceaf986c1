"""`engage-sms parked`: an organization's messages that nobody knows the outcome of, and why Twilio cannot be asked."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from engage_sms.domain.due import Parked
from engage_sms.ports import Ports
from engage_sms.usecases.list_parked import ListParked, list_parked
from engage_sms.usecases.lookup import find_organization
from infra.operations.answer import Answer, watched

COLUMNS = ("Message", "User", "Contact", "Since", "Attempts", "Reason")


def parked(options: argparse.Namespace, ports: Ports) -> Answer:
    """Raises NotFound for an organization that is not there."""
    org_id = find_organization(options.organization, ports).id
    rows = [
        (found.ref.message_id, found.ref.user_id, found.ref.contact_id, found.since, found.attempts, found.reason)
        for found in watched(_all(org_id, ports), "messages")
    ]
    return Answer(sentence=f"{len(rows)} messages of {org_id} are parked.", columns=COLUMNS, rows=rows)


def _all(org_id: str, ports: Ports) -> Iterator[Parked]:
    cursor = None
    while True:
        page = list_parked(ListParked(org_id=org_id, cursor=cursor), ports)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
