"""Add a contact to the organization, or change one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from engage_sms.domain.directory import Contact
from engage_sms.domain.places import is_place, is_postal_code
from engage_sms.domain.window import is_zone
from engage_sms.errors import Invalid
from engage_sms.ports import Ports, Replace
from engage_sms.usecases.lookup import decide_again, find_organization
from engage_sms.usecases.put_user import valid_phone


class PutContact(NamedTuple):
    """`cell_phone` None: there is no valid one. Consent stays with the phone: a changed number has to opt in again."""

    org_id: str
    id: str
    owner_id: str
    first_name: str
    last_name: str
    cell_phone: str | None
    email: str | None = None
    time_zone: str | None = None
    state: str | None = None
    postal_code: str | None = None


_PLACES: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "time_zone": (is_zone, "Give an IANA time zone such as America/Denver, or leave it out."),
    "state": (is_place, "Give a US state or Canadian province, by its name or two letters, or leave it out."),
    "postal_code": (is_postal_code, "Give a ZIP or a Canadian postal code, or leave it out."),
}
"""What says where a contact is, and decides by which hours messages leave: what makes it usable."""


def put_contact(command: PutContact, ports: Ports) -> Contact:
    """The contact as stored. Raises Invalid for an unknown owner, and for a phone or place not of the US or Canada."""
    find_organization(command.org_id, ports)
    places = _usable_places(command)
    if ports.store.user(command.org_id, command.owner_id) is None:
        raise Invalid([{"field": "owner_id", "message": "There is no user of that id in your organization."}])
    stated = Contact(
        id=command.id,
        org_id=command.org_id,
        owner_id=command.owner_id,
        first_name=command.first_name,
        last_name=command.last_name,
        cell_phone=valid_phone("cell_phone", command.cell_phone) if command.cell_phone else None,
        email=command.email,
        time_zone=places["time_zone"],
        state=places["state"],
        postal_code=places["postal_code"],
        created_at=ports.now(),
    )

    def attempt() -> Contact:
        known = ports.store.contact(command.org_id, command.id, consistent=True)
        contact = stated if known is None else replace(stated, created_at=known.created_at, version=known.version)
        ports.store.commit(Replace(contact))
        return replace(contact, version=contact.version + 1)

    return decide_again(attempt)


def _usable_places(command: PutContact) -> dict[str, str | None]:
    """The places without blanks around them, None for a blank one. Raises Invalid naming all that are none."""
    given: dict[str, str | None] = {name: (getattr(command, name) or "").strip() or None for name in _PLACES}
    wrong = [
        {"field": name, "message": _PLACES[name][1]}
        for name, text in given.items()
        if text is not None and not _PLACES[name][0](text)
    ]
    if wrong:
        raise Invalid(wrong)
    return given
