"""What happened, as it happened: the record that the checker reads afterwards and that a story is told from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from engage_sms.adapters.layout import to_entity
from engage_sms.adapters.table import Item
from engage_sms.domain.consent import Consent
from engage_sms.domain.directory import Number, Organization, User
from engage_sms.domain.message import Message, MessageRef
from engage_sms.ports import Entity, Outgoing

E = TypeVar("E")


@dataclass
class Changed:
    """An item of the table changed."""

    at: datetime
    before: Item | None
    item: Item | None

    @cached_property
    def new(self) -> Entity | None:
        return None if self.item is None else to_entity(self.item)

    @cached_property
    def old(self) -> Entity | None:
        return None if self.before is None else to_entity(self.before)

    @property
    def kind(self) -> str:
        known = self.item or self.before
        return known.kind if known else ""


@dataclass
class Handed:
    """Dispatch handed a message to Twilio at `at`; `sid` when Twilio took it, at `taken_at`.

    `begun` is when the function that did it was started.
    """

    at: datetime
    org_id: str
    ref: MessageRef
    outgoing: Outgoing
    begun: datetime
    sid: str | None = None
    taken_at: datetime | None = None


@dataclass
class Heard:
    """A webhook with a contact's text was answered."""

    at: datetime
    org_id: str
    sid: str
    phone: str
    number: str
    body: str
    status: int


@dataclass
class Reported:
    """A webhook with a message's status was answered."""

    at: datetime
    org_id: str
    sid: str
    word: str
    status: int


@dataclass
class Owned:
    """A number was bought at Twilio, or given back there."""

    at: datetime
    sid: str
    phone: str
    bought: bool


@dataclass
class Said:
    """A line of the story: an action, a fault, an answer."""

    at: datetime
    line: str


Event = Changed | Handed | Heard | Reported | Owned | Said


@dataclass
class History:
    """All events in order, and how the state stood at the end."""

    seed: int
    events: list[Event] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    answers: list[Any] = field(default_factory=list)
    calm_since: datetime | None = None
    """From then on nothing went wrong any more."""
    ended: datetime | None = None
    at_twilio: dict[str, str] = field(default_factory=dict)
    """What Twilio says of each message at the end, in its words, by SID."""
    due: set[tuple[str, datetime]] = field(default_factory=set)
    """Organization and instant of every opening, and of every expiry, that is still ahead at the end."""

    def of(self, kind: type[E]) -> Iterator[E]:
        return (event for event in self.events if isinstance(event, kind))

    @cached_property
    def sends(self) -> list[Handed]:
        return list(self.of(Handed))

    @cached_property
    def taken(self) -> list[Handed]:
        """What Twilio took."""
        return [send for send in self.sends if send.sid is not None]

    @cached_property
    def messages(self) -> dict[MessageRef, list[tuple[datetime, Message]]]:
        """Every state of every message, oldest first."""
        found: defaultdict[MessageRef, list[tuple[datetime, Message]]] = defaultdict(list)
        for change in self.of(Changed):
            if change.kind == "msg" and isinstance(change.new, Message):
                found[change.new.ref].append((change.at, change.new))
        return found

    @cached_property
    def last(self) -> dict[MessageRef, Message]:
        return {ref: states[-1][1] for ref, states in self.messages.items()}

    @cached_property
    def organizations(self) -> dict[str, list[tuple[datetime, Organization]]]:
        found: defaultdict[str, list[tuple[datetime, Organization]]] = defaultdict(list)
        for change in self.of(Changed):
            if change.kind == "org" and isinstance(change.new, Organization):
                found[change.new.id].append((change.at, change.new))
        return found

    @cached_property
    def consents(self) -> dict[tuple[str, str], list[tuple[datetime, Consent]]]:
        found: defaultdict[tuple[str, str], list[tuple[datetime, Consent]]] = defaultdict(list)
        for change in self.of(Changed):
            if change.kind == "consent" and isinstance(change.new, Consent):
                found[change.new.org_id, change.new.phone].append((change.at, change.new))
        return found

    @cached_property
    def users(self) -> dict[tuple[str, str], list[tuple[datetime, User]]]:
        found: defaultdict[tuple[str, str], list[tuple[datetime, User]]] = defaultdict(list)
        for change in self.of(Changed):
            if change.kind == "user" and isinstance(change.new, User):
                found[change.new.org_id, change.new.id].append((change.at, change.new))
        return found

    @cached_property
    def numbers(self) -> dict[str, list[tuple[datetime, Number]]]:
        found: defaultdict[str, list[tuple[datetime, Number]]] = defaultdict(list)
        for change in self.of(Changed):
            if change.kind == "number" and isinstance(change.new, Number):
                found[change.new.phone].append((change.at, change.new))
        return found
