"""The phone-management list: an organization's users by name, searched and in pages."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.directory import User
from engage_sms.ports import Ports


class ListUsers(NamedTuple):
    """`search` matches name, email, cell phone and number; `provisioned` keeps users with (or without) a number."""

    org_id: str
    search: str = ""
    page: int = 1
    per_page: int = 25
    provisioned: bool | None = None


class UserPage(NamedTuple):
    items: tuple[User, ...]
    page: int
    per_page: int
    total: int
    pages: int


def list_users(command: ListUsers, ports: Ports) -> UserPage:
    """One page, sorted by name; a page past the last is empty. An organization's users fit into memory."""
    matching = sorted(
        (user for user in ports.store.users(command.org_id) if _matches(user, command)),
        key=lambda user: (user.name.casefold(), user.id),
    )
    start = (command.page - 1) * command.per_page
    return UserPage(
        items=tuple(matching[start : start + command.per_page]),
        page=command.page,
        per_page=command.per_page,
        total=len(matching),
        pages=-(-len(matching) // command.per_page),
    )


def _matches(user: User, command: ListUsers) -> bool:
    if command.provisioned is not None and (user.number is not None) is not command.provisioned:
        return False
    wanted = command.search.strip().casefold()
    texts = (user.name.casefold(), user.email.casefold())
    if any(wanted in text for text in texts):
        return True
    digits = "".join(filter(str.isdigit, wanted))
    return bool(digits) and any(digits in phone for phone in (user.cell_phone, user.number or ""))
