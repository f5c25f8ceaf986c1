"""Add a user to the organization, or change one; the number a user has stays."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from engage_sms.domain.directory import User
from engage_sms.domain.phone import parse
from engage_sms.errors import Invalid
from engage_sms.ports import Ports, Replace
from engage_sms.usecases.lookup import decide_again, find_organization


class PutUser(NamedTuple):
    org_id: str
    id: str
    name: str
    email: str
    cell_phone: str
    license: str | None = None


def put_user(command: PutUser, ports: Ports) -> User:
    """The user as stored. Raises Invalid for a cell phone that is none in the US or Canada."""
    find_organization(command.org_id, ports)
    cell_phone = valid_phone("cell_phone", command.cell_phone)

    def attempt() -> User:
        known = ports.store.user(command.org_id, command.id, consistent=True)
        stated = User(
            id=command.id,
            org_id=command.org_id,
            name=command.name,
            email=command.email,
            cell_phone=cell_phone,
            license=command.license or None,
            created_at=ports.now(),
        )
        user = stated if known is None else _keeping_number(stated, known)
        ports.store.commit(Replace(user))
        return replace(user, version=user.version + 1)

    return decide_again(attempt)


def valid_phone(field: str, text: str) -> str:
    """The phone in E.164. Raises Invalid naming the field."""
    try:
        return parse(text)
    except ValueError as wrong:
        raise Invalid([{"field": field, "message": str(wrong)}]) from wrong


def _keeping_number(stated: User, known: User) -> User:
    return replace(
        stated,
        number=known.number,
        number_sid=known.number_sid,
        provisioned_at=known.provisioned_at,
        created_at=known.created_at,
        version=known.version,
    )
