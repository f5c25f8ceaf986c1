"""Where a recipient may be: the zones whose clocks bind, the states whose law binds, and how both are known.

Zones come from the best source there is: the contact's own time zone, else its address (state, postal code), else its
area code, else every zone of the contiguous states. A source that cannot be read falls to the next one, with a note.

States are those of the address and of the area code together. Several states presume by law that whoever has one of
their area codes is their resident (Florida, Oklahoma, Connecticut, Virginia), whatever else is known, so a state's
hours bind as long as the code does. They bind on the clock where the contact is: the presumption says whose law counts,
and better evidence than an area code says what time it is there.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from engage_sms.domain.area_codes import AREAS
from engage_sms.domain.directory import Contact
from engage_sms.domain.phone import area_code, location, zones
from engage_sms.domain.places import CONTIGUOUS, named, posted, zones_of
from engage_sms.domain.window import is_zone

_E164 = re.compile(r"\+1[0-9]{10}")


class Source(StrEnum):
    """How a recipient's zones are known, best first."""

    TIME_ZONE = "time_zone"
    ADDRESS = "address"
    AREA_CODE = "area_code"
    ANYWHERE = "anywhere"


class Recipient(NamedTuple):
    """Every zone (IANA) and state (two letters) a recipient may be in, each sorted and never empty.

    `notes` are sentences about what was given and could not be used.
    """

    zones: tuple[str, ...]
    states: tuple[str, ...]
    source: Source
    notes: tuple[str, ...] = ()


def locate(
    phone: str, *, time_zone: str | None = None, state: str | None = None, postal_code: str | None = None
) -> Recipient:
    """Where the owner of the phone (E.164) may be, by all that is known. Never fails, and never guesses narrowly."""
    in_service = _E164.fullmatch(phone) is not None and area_code(phone) in AREAS
    addressed, notes = _address(state, postal_code)
    sources = {
        Source.TIME_ZONE: (time_zone,) if time_zone and is_zone(time_zone) else (),
        Source.ADDRESS: zones_of(addressed),
        Source.AREA_CODE: zones(phone) if in_service else (),
        Source.ANYWHERE: zones_of(CONTIGUOUS),
    }
    source, known = next((source, known) for source, known in sources.items() if known)
    if time_zone and source is not Source.TIME_ZONE:
        notes.insert(0, f'There is no time zone "{time_zone}".')
    states = {*addressed, *(named(location(phone)) if in_service else ())} or CONTIGUOUS
    return Recipient(known, tuple(sorted(states)), source, tuple(notes))


def recipient_of(contact: Contact | None, phone: str) -> Recipient:
    """Where the contact may be. The phone is given apart: a message goes to the one it was written to."""
    if contact is None:
        return locate(phone)
    return locate(phone, time_zone=contact.time_zone, state=contact.state, postal_code=contact.postal_code)


def _address(state: str | None, postal_code: str | None) -> tuple[tuple[str, ...], list[str]]:
    """The states an address may lie in, and what is wrong with it. Where its parts disagree both count."""
    by_state, by_post = named(state or ""), posted(postal_code or "")
    notes = []
    if state and not by_state:
        notes.append(f'"{state}" is no state or province.')
    if postal_code and not by_post:
        notes.append(f'The postal code "{postal_code}" is in no state or province.')
    common = tuple(code for code in by_state if code in by_post)
    if by_state and by_post and not common:
        notes.append(f'The postal code "{postal_code}" is not in "{state}": the hours of both count.')
    return common or by_state + by_post, notes
