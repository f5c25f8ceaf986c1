"""Create an organization, or rename it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from engage_sms.domain.directory import Organization
from engage_sms.ports import Ports, Replace
from engage_sms.usecases.lookup import decide_again


class PutOrganization(NamedTuple):
    id: str
    name: str


def put_organization(command: PutOrganization, ports: Ports) -> tuple[Organization, bool]:
    """The organization as stored, and whether it is new."""

    def attempt() -> tuple[Organization, bool]:
        known = ports.store.organization(command.id, consistent=True)
        if known is not None and known.name == command.name:
            return known, False
        blank = known or Organization(id=command.id, name=command.name, created_at=ports.now())
        ports.store.commit(Replace(replace(blank, name=command.name)))
        return replace(blank, name=command.name, version=blank.version + 1), known is None

    return decide_again(attempt)
