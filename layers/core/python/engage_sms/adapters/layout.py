"""Where each entity lives in the single table, as data.

The fields that a key spells out are not stored again: they are read back from the key. Every key of an organization
begins with its id, so no key of one organization can name another's item.

| entity | pk | sk | index: ipk → isk |
|---|---|---|---|
| Organization | ORG#id | ORG | ORGS → id |
| User | ORG#org#USERS | USER#id | |
| Contact | ORG#org#CONTACTS | CONTACT#id | ORG#org#PHONE#phone → id |
| Number | NUMBER#phone | NUMBER | |
| Consent | ORG#org#PHONE#phone | CONSENT | |
| Message | ORG#org#CONV#user#contact | MSG#id | see `message_index` → phone#id#segments |
| Conversation | ORG#org#INBOX#user | CONTACT#contact | ORG#org#INBOX#user → last message's id |
| Job, JobResult | ORG#org#JOB#id | JOB, RESULT#subject | |
| Opening | ORG#org#OPENINGS | opens_at | DUE → due_at#org#opens_at |
| Pace | ORG#org#PACE | PACE | |
| Replanning | ORG#org#REPLANNING | REPLANNING | DUE-REPLANNINGS → due_at#org |
| Timer | ORG#org#CONV#user#contact | TIMER#message#kind | DUE-TIMERS#shard → due_at#org#message |
| Parked | ORG#org#PARKED | user#contact#message | |
| Underway | ORG#org#UNDERWAY | worker | |
| UsageDay | ORG#org#USAGE | day | |
| Retention | ORG#org | RETENTION | |
| a mark made by Once | ONCE#scope#key | ONCE | |
| turns taken in a second | ORG#org#TURN#second | TURN | |
| as what a contact is counted | ORG#org#CONTACT#contact | COUNTED | |
| a head count's share | ORG#org#HEADCOUNTS | audience#shard | |

Partitions that many writes of one organization (or of all) go to at once are split into SHARDS by contact: one
partition takes 1,000 writes a second.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from engage_sms.adapters.codec import from_plain, instant, to_plain
from engage_sms.adapters.table import Item, Key
from engage_sms.domain.brake import Underway
from engage_sms.domain.consent import Consent
from engage_sms.domain.conversation import Conversation
from engage_sms.domain.directory import Contact, Number, Organization, User
from engage_sms.domain.due import Opening, Parked, Replanning, Timer
from engage_sms.domain.job import Job, JobResult
from engage_sms.domain.message import WAITING, Message, MessageRef, Status, Transition
from engage_sms.domain.pace import Pace
from engage_sms.domain.retention import Retention
from engage_sms.domain.usage import UsageDay
from engage_sms.ports import Entity, StateChange

SHARDS = 4
ORGANIZATIONS = "ORGS"
DUE_OPENINGS = "DUE"
DUE_REPLANNINGS = "DUE-REPLANNINGS"
IN_LEDGER = frozenset({Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.RECEIVED})
"""States that only a message has that Twilio took, or gave us."""
NEVER_SENT = frozenset({Status.FAILED, Status.CANCELLED, Status.EXPIRED, Status.SKIPPED})
"""States in which a message has ended; one that Twilio took before has its place in the ledger and keeps it."""
ONCE_KIND = "once"
TURN_KIND = "turn"
TURN_KEPT = 3600
"""Seconds: longer than anybody could still take a turn of that second."""

IndexKeys = tuple[str | None, str | None]


def shard_of(contact_id: str, shards: int = SHARDS) -> int:
    """The same on every machine and in every version, unlike `hash`."""
    return zlib.crc32(contact_id.encode()) % shards


# --- partitions of the index ------------------------------------------------------------------------------------------


def holds(org_id: str, opens_at: datetime, shard: int) -> str:
    return f"ORG#{org_id}#HOLD#{instant(opens_at)}#{shard}"


def awaiting(org_id: str, shard: int) -> str:
    return f"ORG#{org_id}#AWAIT#{shard}"


def ledger(org_id: str, day: date, shard: int) -> str:
    return f"ORG#{org_id}#LEDGER#{day.isoformat()}#{shard}"


def never_sent(org_id: str, day: date, shard: int) -> str:
    return f"ORG#{org_id}#ENDED#{day.isoformat()}#{shard}"


def inbox(org_id: str, user_id: str) -> str:
    return f"ORG#{org_id}#INBOX#{user_id}"


def phone(org_id: str, number: str) -> str:
    return f"ORG#{org_id}#PHONE#{number}"


def due_timers(shard: int) -> str:
    return f"DUE-TIMERS#{shard}"


def message_index(message: Message) -> IndexKeys:
    """Held messages are found by opening, those awaiting an opt-in by phone, those that left, came or ended by day."""
    shard = shard_of(message.contact_id)
    isk = f"{message.phone}#{message.id}#{message.segments}"
    if message.status is Status.HELD and message.hold is not None:
        return holds(message.org_id, message.hold.until, shard), isk
    if message.status is Status.AWAITING_OPT_IN:
        return awaiting(message.org_id, shard), isk
    if message.status in IN_LEDGER:
        return ledger(message.org_id, (message.sent_at or message.created_at).date(), shard), isk
    if message.status in NEVER_SENT:
        return never_sent(message.org_id, message.created_at.date(), shard), isk
    return None, isk


@dataclass(frozen=True)
class IndexStep:
    """What a transition does to `ipk`: `isk` never changes, so no read is needed to know it.

    `ipk` None removes it; `if_absent` keeps one that is there.
    """

    ipk: str | None
    if_absent: bool = False


def index_step(ref: MessageRef, step: Transition) -> IndexStep | None:
    """The index after the step; None when the step leaves it alone."""
    shard = shard_of(ref.contact_id)
    if step.to is Status.HELD:
        return IndexStep(holds(ref.org_id, step.fields["hold"].until, shard))
    if step.to is Status.AWAITING_OPT_IN:
        return IndexStep(awaiting(ref.org_id, shard))
    if step.to in IN_LEDGER or (step.to is Status.FAILED and "sid" in step.fields):
        # Reports overtake each other: whichever comes first enters the message, later ones find it entered.
        return IndexStep(ledger(ref.org_id, step.trace.at.date(), shard), if_absent=not step.leaves & WAITING)
    if step.to in NEVER_SENT:
        ends = never_sent(ref.org_id, step.trace.at.date(), shard)
        return IndexStep(ends, if_absent=bool(step.leaves & IN_LEDGER))
    return IndexStep(None)


# --- keys of what holds no entity -------------------------------------------------------------------------------------


def counted(org_id: str, contact_id: str) -> Key:
    if "#" in contact_id:
        raise ValueError("The id of a contact may not hold '#'.")
    return Key(f"ORG#{org_id}#CONTACT#{contact_id}", "COUNTED")


def headcounts(org_id: str) -> str:
    return f"ORG#{org_id}#HEADCOUNTS"


def headcount(org_id: str, audience: str, shard: int) -> Key:
    return Key(headcounts(org_id), f"{audience}#{shard}")


# --- keys of the table ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """How one kind of entity is laid out. Braces name fields of the entity, `ref[...]` those of a field `ref`.

    `forgotten` is when the table may drop it, in epoch seconds.
    """

    kind: str
    entity: type[Any]
    pk: str
    sk: str
    index: Callable[[Any], IndexKeys] = lambda _: (None, None)
    versioned: bool = False
    forgotten: Callable[[Any], int | None] = lambda _: None


UNDERWAY_KEPT = 3600
"""Seconds: much longer than a worker runs, so that what is left of those that are gone does not add up."""
PLACES = (
    Place("org", Organization, "ORG#{id}", "ORG", lambda o: (ORGANIZATIONS, o.id), versioned=True),
    Place("user", User, "ORG#{org_id}#USERS", "USER#{id}", versioned=True),
    Place(
        "contact",
        Contact,
        "ORG#{org_id}#CONTACTS",
        "CONTACT#{id}",
        lambda c: (phone(c.org_id, c.cell_phone), c.id) if c.cell_phone else (None, None),
        versioned=True,
    ),
    Place("number", Number, "NUMBER#{phone}", "NUMBER", versioned=True),
    Place("consent", Consent, "ORG#{org_id}#PHONE#{phone}", "CONSENT", versioned=True),
    Place("msg", Message, "ORG#{org_id}#CONV#{user_id}#{contact_id}", "MSG#{id}", message_index),
    Place(
        "inbox",
        Conversation,
        "ORG#{org_id}#INBOX#{user_id}",
        "CONTACT#{contact_id}",
        lambda c: (inbox(c.org_id, c.user_id), c.last_message_id),
    ),
    Place("job", Job, "ORG#{org_id}#JOB#{id}", "JOB"),
    Place("result", JobResult, "ORG#{org_id}#JOB#{job_id}", "RESULT#{subject_id}"),
    Place(
        "opening",
        Opening,
        "ORG#{org_id}#OPENINGS",
        "{opens_at}",
        lambda o: (DUE_OPENINGS, f"{instant(o.due_at)}#{o.org_id}#{instant(o.opens_at)}"),
        versioned=True,
    ),
    Place("pace", Pace, "ORG#{org_id}#PACE", "PACE", versioned=True),
    Place(
        "replanning",
        Replanning,
        "ORG#{org_id}#REPLANNING",
        "REPLANNING",
        lambda r: (DUE_REPLANNINGS, f"{instant(r.due_at)}#{r.org_id}"),
        versioned=True,
    ),
    Place(
        "timer",
        Timer,
        "ORG#{ref[org_id]}#CONV#{ref[user_id]}#{ref[contact_id]}",
        "TIMER#{ref[message_id]}#{kind}",
        lambda t: (due_timers(shard_of(t.ref.contact_id)), f"{instant(t.due_at)}#{t.ref.org_id}#{t.ref.message_id}"),
    ),
    Place("parked", Parked, "ORG#{ref[org_id]}#PARKED", "{ref[user_id]}#{ref[contact_id]}#{ref[message_id]}"),
    Place(
        "underway",
        Underway,
        "ORG#{org_id}#UNDERWAY",
        "{worker}",
        forgotten=lambda underway: int(underway.at.timestamp()) + UNDERWAY_KEPT,
    ),
    Place("usage", UsageDay, "ORG#{org_id}#USAGE", "{day}"),
    Place("retention", Retention, "ORG#{org_id}", "RETENTION"),
)
PLACE_OF: Mapping[type[Any], Place] = {place.entity: place for place in PLACES}
_PLACE_OF_KIND = {place.kind: place for place in PLACES}
_FIELD = re.compile(r"\{(\w+)(?:\[(\w+)\])?\}")


def key(entity: type[Any], **values: Any) -> Key:
    """The key of the entity of that type with these fields.

    Raises ValueError when a value holds `#`, the separator: it could otherwise name somebody else's item.
    """
    place = PLACE_OF[entity]
    return _key(place, {name: to_plain(value) for name, value in values.items()})


def _key(place: Place, plain: Mapping[str, Any]) -> Key:
    pk, sk = place.pk.format_map(plain), place.sk.format_map(plain)
    if (pk + sk).count("#") != (place.pk + place.sk).count("#"):
        raise ValueError(f"A key of a {place.kind} may not hold '#'.")
    return Key(pk, sk)


def turns(org_id: str, second: datetime) -> Item:
    """The counter of the turns that an organization's automation took in one second (aware, whole): its `version`."""
    where = Key(f"ORG#{org_id}#TURN#{instant(second)}", "TURN")
    return Item(pk=where.pk, sk=where.sk, kind=TURN_KIND, ttl=int(second.timestamp()) + TURN_KEPT)


def to_item(entity: Entity) -> Item:
    """The entity as an item, with its version as it is."""
    place = PLACE_OF[type(entity)]
    doc = to_plain(entity)
    where = _key(place, doc)
    for name, inner in _FIELD.findall(place.pk + place.sk):
        if not inner:
            doc.pop(name, None)
    doc.pop("ref", None)
    doc.pop("version", None)
    ipk, isk = place.index(entity)
    version = getattr(entity, "version", None)
    return Item(
        pk=where.pk,
        sk=where.sk,
        kind=place.kind,
        doc=doc,
        version=version,
        ipk=ipk,
        isk=isk,
        ttl=place.forgotten(entity),
    )


def to_entity(item: Item) -> Entity | None:
    """The entity in the item; None for an item that holds none (the marks of Once)."""
    place = _PLACE_OF_KIND.get(item.kind)
    if place is None:
        return None
    plain = {**item.doc, **key_fields(place.entity, item.key)}
    if item.version is not None:
        plain["version"] = item.version
    if place.entity is Conversation:
        plain["unread"] = plain.get("unread", 0) + len(plain.get("unread_ids", ()))
    entity: Entity = from_plain(plain, place.entity)
    return entity


def key_fields(entity: type[Any], where: Key) -> dict[str, Any]:
    """The fields that the key spells out."""
    place = PLACE_OF[entity]
    found: dict[str, Any] = {}
    for template, text in ((place.pk, where.pk), (place.sk, where.sk)):
        pattern, names = _reader(template)
        match = pattern.fullmatch(text)
        if match is None:
            raise ValueError(f"Not the key of a {place.kind}.")
        for (name, inner), value in zip(names, match.groups(), strict=True):
            if inner:
                found.setdefault(name, {})[inner] = value
            else:
                found[name] = value
    return found


@cache
def _reader(template: str) -> tuple[re.Pattern[str], list[tuple[str, str]]]:
    """What matches a key of this template, and the fields (with those inside them) that its groups are."""
    literals = [re.escape(part) for part in _FIELD.sub("\0", template).split("\0")]
    return re.compile("([^#]+)".join(literals)), _FIELD.findall(template)


def message_ref(where: Key) -> MessageRef:
    """The message at this key."""
    found = key_fields(Message, where)
    return MessageRef(found["org_id"], found["user_id"], found["contact_id"], found["id"])


def state_change(old: Item | None, new: Item | None, *, sequence: str) -> StateChange | None:
    """What the change of an item means; None when the item holds no entity."""
    before = to_entity(old) if old else None
    after = to_entity(new) if new else None
    return StateChange(before, after, sequence) if before or after else None
