"""The demonstration organization: made up, the same every time, and there when the system starts.

234 users, 40 of them with numbers that the fake Twilio really sold, contacts with conversations in every state, and
twelve months of usage. Phones are of the fictional 555-01XX lines. What is written here is written as it would stand
after it happened: the change stream is not asked to follow it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from engage_sms.adapters import layout
from engage_sms.adapters.dynamodb_model import to_wire
from engage_sms.adapters.headcount import first_counts
from engage_sms.adapters.table import Item
from engage_sms.domain import phone as phones
from engage_sms.domain.audience import audience_of
from engage_sms.domain.directory import Contact, Number, Organization, User
from engage_sms.domain.message import Message
from engage_sms.domain.naming import number_tag
from engage_sms.domain.usage import UsageDay
from engage_sms.ports import Account, Create, Entity, Ports, Versioned
from engage_sms.usecases.provision_twilio_account import ProvisionTwilioAccount, provision_twilio_account
from engage_sms.usecases.pull_usage import AGAIN, months_back
from infra.local.demonstration_talks import ACTS, talk
from infra.local.system import System
from infra.local.twilio.fake import FakeTwilio

ORGANIZATION = "demo"
USERS = 234
WITH_NUMBERS = 40
WITH_CONTACTS = 12
CONTACTS_EACH = 5
MOST_WRITES = 25
"""In one BatchWriteItem."""
USER_AREAS = ("312", "214", "303", "404", "415", "602")
CONTACT_AREAS = ("708", "972", "720")
FIRST_NAMES = (
    *("Ann", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Hugo", "Iris", "Jack", "Karen", "Luis", "Maria"),
    *("Noah", "Olga", "Paul", "Quinn", "Rosa", "Sam", "Tara", "Umar", "Vera", "Wade"),
)
LAST_NAMES = (
    *("Adams", "Baker", "Castillo", "Diaz", "Evans", "Foster", "Garcia", "Hughes", "Ingram", "Jensen", "Keller"),
    *("Lopez", "Morgan", "Nguyen", "Ortiz", "Patel", "Reyes", "Stone", "Turner"),
)


def populate(system: System) -> None:
    """Puts the organization into the store and into Twilio."""
    ports, now = system.ports, system.clock.now()
    founded = now - timedelta(days=420)
    ports.store.commit(Create(Organization(id=ORGANIZATION, name="Harbor Lending", created_at=founded)))
    organization, _ = provision_twilio_account(ProvisionTwilioAccount(org_id=ORGANIZATION), ports)
    account = ports.account(ORGANIZATION)
    if account is None:
        raise RuntimeError("The demonstration's Twilio account was not made.")
    users = [_user(index, founded) for index in range(USERS)]
    service_sid = organization.twilio.messaging_service_sid or ""
    numbers = [_provision(user, account, service_sid, ports, now) for user in users[:WITH_NUMBERS]]
    users[:WITH_NUMBERS] = [_with_number(user, number) for user, number in zip(users, numbers, strict=False)]
    contacts = [
        _contact(index, users[index // CONTACTS_EACH], founded) for index in range(WITH_CONTACTS * CONTACTS_EACH)
    ]
    owners = {user.id: user for user in users}
    talks = [
        talk(ACTS[index % len(ACTS)], index, organization, owners[contact.owner_id], contact, now)
        for index, contact in enumerate(contacts)
    ]
    messages = [message for found in talks for message in found.messages]
    openings = {found.opening.opens_at: found.opening for found in talks if found.opening}
    _store(system, [*users, *numbers, *contacts, *openings.values()])
    audiences = {contact.id: audience_of(contact) for contact in contacts}
    named = {contact_id: audience.name if audience else None for contact_id, audience in audiences.items()}
    _put(system, first_counts(ORGANIZATION, named))
    _store(system, [entity for found in talks for entity in found.entities()])
    _store(system, _usage(messages, numbers, system.twilio, account, now))


def _store(system: System, entities: Iterable[Entity]) -> None:
    """Puts new entities into the table without looking: a thousand conditional writes would take a second."""
    _put(system, (layout.to_item(_first_version(entity)) for entity in entities))


def _put(system: System, items: Iterable[Item]) -> None:
    puts = ({"PutRequest": {"Item": _wire(item)}} for item in items)
    while batch := list(islice(puts, MOST_WRITES)):
        system.client("dynamodb").batch_write_item(RequestItems={system.config.state_table: batch})


def _first_version(entity: Entity) -> Entity:
    return replace(entity, version=1) if isinstance(entity, Versioned) else entity


def _wire(item: Item) -> dict[str, Any]:
    fields = {name: value for name, value in vars(item).items() if value is not None}
    return {name: to_wire(value) for name, value in fields.items()}


# --- people -----------------------------------------------------------------------------------------------------------


def _user(index: int, created_at: datetime) -> User:
    first = FIRST_NAMES[index % len(FIRST_NAMES)]
    last = LAST_NAMES[index * 7 % len(LAST_NAMES)]
    user_id = f"u-{index + 1:03}"
    return User(
        id=user_id,
        org_id=ORGANIZATION,
        name=f"{first} {last}",
        email=f"{first}.{last}.{index + 1:03}@harbor.example".lower(),
        cell_phone=_fictional(USER_AREAS, index),
        license=f"NMLS {100_000 + index * 37}",
        created_at=created_at,
    )


def _contact(index: int, owner: User, created_at: datetime) -> Contact:
    first = FIRST_NAMES[(index * 5 + 3) % len(FIRST_NAMES)]
    last = LAST_NAMES[(index * 11 + 4) % len(LAST_NAMES)]
    return Contact(
        id=f"c-{index + 1:03}",
        org_id=ORGANIZATION,
        owner_id=owner.id,
        first_name=first,
        last_name=last,
        cell_phone=_fictional(CONTACT_AREAS, index),
        email=f"{first}.{last}@mail.example".lower(),
        created_at=created_at,
    )


def _fictional(areas: tuple[str, ...], index: int) -> str:
    """One of the hundred lines 555-0100 to 555-0199 of an area code, which belong to nobody."""
    return f"+1{areas[index % len(areas)]}55501{index // len(areas):02}"


# --- numbers ----------------------------------------------------------------------------------------------------------


def _provision(user: User, account: Account, service_sid: str, ports: Ports, now: datetime) -> Number:
    """Buys a number of the user's area code, as provisioning would."""
    offered = ports.twilio.offered_numbers(account, area_code=phones.area_code(user.cell_phone), limit=1)
    owned = ports.twilio.buy_number(account, offered[0].phone, friendly_name=number_tag(ORGANIZATION, user.id))
    ports.twilio.add_to_service(account, service_sid, owned.sid)
    provisioned_at = now - timedelta(days=400)
    return Number(phone=owned.phone, org_id=ORGANIZATION, user_id=user.id, sid=owned.sid, provisioned_at=provisioned_at)


def _with_number(user: User, number: Number) -> User:
    return replace(user, number=number.phone, number_sid=number.sid, provisioned_at=number.provisioned_at)


# --- usage ------------------------------------------------------------------------------------------------------------


def _usage(
    messages: list[Message], numbers: list[Number], twilio: FakeTwilio, account: Account, now: datetime
) -> Iterator[UsageDay]:
    """Every day of the current month and the twelve before it, in Twilio's reports and, but for today, in the store.

    The last days are the conversations' own segments, since each night they are pulled and counted again; the older
    ones are made up.
    """
    counted: dict[date, Counter[str]] = {}
    for message in messages:
        if message.sid is not None:
            counted.setdefault((message.sent_at or message.created_at).date(), Counter())[message.user_id] += (
                message.segments
            )
    today = now.date()
    first = months_back(today, 12)
    for offset in range((today - first).days + 1):
        day = first + timedelta(days=offset)
        by_user = counted.get(day, Counter()) if today - day <= timedelta(days=AGAIN) else _made_up(day, numbers)
        segments = sum(by_user.values())
        if segments:
            twilio.seed_usage(account.sid, day, segments, count=max(1, segments * 4 // 5))
        if day < today:
            yield UsageDay(
                org_id=ORGANIZATION,
                day=day,
                segments=segments,
                by_user=dict(by_user),
                ledger_segments=segments,
                pulled_at=now,
            )


def _made_up(day: date, numbers: list[Number]) -> Counter[str]:
    """A busy weekday, a quiet weekend, growing over the year; six users share it."""
    busy = 30 if day.weekday() < 5 else 4
    start = day.toordinal() % len(numbers)
    sharing = [numbers[(start + step * 7) % len(numbers)].user_id for step in range(5)] + [numbers[0].user_id]
    return Counter({user: busy + (day.month * 5 + place * 3) % 17 for place, user in enumerate(sharing)})
