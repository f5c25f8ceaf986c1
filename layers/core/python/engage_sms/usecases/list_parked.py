"""Messages whose outcome is unknown and cannot be asked for: what an administrator has to know."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.due import Parked
from engage_sms.domain.message import Status
from engage_sms.ports import Page, Ports


class ListParked(NamedTuple):
    org_id: str
    cursor: str | None = None
    limit: int = 50


def list_parked(command: ListParked, ports: Ports) -> Page[Parked]:
    """One page. A callback may have settled a message since its last look-up: such a one is left out."""
    page = ports.store.parked(command.org_id, cursor=command.cursor, limit=command.limit)
    unsettled = tuple(parked for parked in page.items if _unknown(parked, ports))
    return Page(unsettled, page.cursor)


def _unknown(parked: Parked, ports: Ports) -> bool:
    message = ports.store.message(parked.ref)
    return message is not None and message.status is Status.UNKNOWN
