"""The few things the store needs of a table, small enough for a dict to do them exactly as DynamoDB does.

A write is data: what to change, and the conditions that must hold at that instant. `write` takes one write or several
as one atomic whole; `update` is a single conditional update that answers with the item as it then stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

MAX_WRITES = 100
"""Items in one transaction (docs.aws.amazon.com/amazondynamodb, TransactWriteItems)."""
LOWEST = " "
HIGHEST = "\U0010ffff"
"""Below and above every sort key: DynamoDB compares strings by their UTF-8 bytes, as Python does by code point."""


class Key(NamedTuple):
    """Where an item lives."""

    pk: str
    sk: str


class IndexKey(NamedTuple):
    """What the keys-only index holds of an item, apart from the partition that was asked for."""

    isk: str
    pk: str
    sk: str


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item. It is in the index when both `ipk` and `isk` are there. `ttl` is in epoch seconds."""

    pk: str
    sk: str
    kind: str
    doc: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    ipk: str | None = None
    isk: str | None = None
    ttl: int | None = None

    @property
    def key(self) -> Key:
        return Key(self.pk, self.sk)


# --- conditions on the stored item ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Absent:
    """There is no such item."""


@dataclass(frozen=True)
class Present:
    """There is such an item."""


class VersionIs(NamedTuple):
    """The item's `version` is this one."""

    version: int


class FieldIn(NamedTuple):
    """The field of `doc` has one of these values."""

    name: str
    values: tuple[str, ...]


class FieldMissing(NamedTuple):
    """The field of `doc` is not there."""

    name: str


class FieldBelow(NamedTuple):
    """The field of `doc` is there and sorts before this string."""

    name: str
    bound: str


class FieldMissingOrBelow(NamedTuple):
    """The field of `doc` is not there, or sorts before this string."""

    name: str
    bound: str


class FieldLacks(NamedTuple):
    """The list in this field of `doc` does not contain the string (nor does a list that is not there)."""

    name: str
    element: str


class FieldShorter(NamedTuple):
    """The list in this field of `doc` has fewer elements than this (a list that is not there has none)."""

    name: str
    length: int


Condition = (
    Absent | Present | VersionIs | FieldIn | FieldMissing | FieldBelow | FieldMissingOrBelow | FieldLacks | FieldShorter
)

# --- writes -----------------------------------------------------------------------------------------------------------


class Put(NamedTuple):
    """Put the whole item when all conditions hold."""

    item: Item
    when: tuple[Condition, ...] = ()


class Delete(NamedTuple):
    """Delete the item when all conditions hold; one that is not there is deleted already."""

    key: Key
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Update:
    """Change fields of the `doc` of an item that is there, when all conditions hold.

    `set`, `remove`, `append` (to a list) and `add` (to a number) name fields of `doc`; `index` sets `ipk` or `isk`,
    or removes it (None); `index_if_absent` sets it only where there is none.
    """

    key: Key
    when: tuple[Condition, ...] = ()
    set: Mapping[str, Any] = field(default_factory=dict)
    remove: Sequence[str] = ()
    append: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    index: Mapping[str, str | None] = field(default_factory=dict)
    index_if_absent: Mapping[str, str] = field(default_factory=dict)


Write = Put | Delete | Update


def key_of(write: Write) -> Key:
    return write.item.key if isinstance(write, Put) else write.key


def conditions_of(write: Write) -> tuple[Condition, ...]:
    """What must hold for the write; for an update also that the item is there."""
    return (Present(), *write.when) if isinstance(write, Update) else write.when


def check_writes(writes: Sequence[Write]) -> None:
    """Raises ValueError for what no transaction takes: an item twice, or too many."""
    if len({key_of(write) for write in writes}) != len(writes) or len(writes) > MAX_WRITES:
        raise ValueError(f"One commit changes each item once, and at most {MAX_WRITES} items.")


# --- reads ------------------------------------------------------------------------------------------------------------


class Span(NamedTuple):
    """A range of sort keys, both ends included."""

    first: str = LOWEST
    last: str = HIGHEST

    @classmethod
    def prefix(cls, prefix: str) -> Span:
        return cls(prefix, prefix + HIGHEST)


EVERYTHING = Span()


class Table(Protocol):
    """A table with one sparse index. Index reads are always eventually consistent."""

    def get(self, key: Key, *, consistent: bool = False) -> Item | None: ...

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        """Those of the items that exist, in the order of the keys."""

    def query(
        self,
        pk: str,
        span: Span = EVERYTHING,
        *,
        after: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        consistent: bool = False,
    ) -> list[Item]:
        """At most `limit` items of the partition by sort key, beyond the sort key `after`."""

    def query_index(
        self,
        ipk: str,
        span: Span = EVERYTHING,
        *,
        after: IndexKey | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[IndexKey]:
        """At most `limit` entries of the index partition by `isk`, beyond the entry `after`."""

    def write(self, *writes: Write) -> None:
        """All or nothing. Raises Conflict when a condition fails, Retryable when the table was too busy."""

    def update(self, update: Update) -> Item | None:
        """The item after the update, or None when a condition failed."""

    def count(self, counter: Item, *, below: int) -> bool:
        """Adds one to the counter's `version` while that is below the bound; False when it is not.

        The item is made where it is not there; only its key, `kind` and `ttl` are taken from `counter`.
        """
