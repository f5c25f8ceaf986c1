"""Fakes of the AWS adapters: exact, in memory, behind one lock. For the rules' tests and the simulation."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engage_sms.adapters.answers import MemoryAnswers
from engage_sms.adapters.layout import state_change
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.table import (
    EVERYTHING,
    HIGHEST,
    Absent,
    Condition,
    Delete,
    FieldBelow,
    FieldIn,
    FieldLacks,
    FieldMissing,
    FieldMissingOrBelow,
    FieldShorter,
    IndexKey,
    Item,
    Key,
    Present,
    Put,
    Span,
    Update,
    VersionIs,
    Write,
    check_writes,
    conditions_of,
    key_of,
)
from engage_sms.errors import Conflict
from engage_sms.ports import Ports, QueueEntry, StateChange, Twilio


def memory_store(now: Callable[[], datetime]) -> TableStore:
    """A store in memory. Its change stream is `store.table.changes()`."""
    return TableStore(MemoryTable(), now=now)


def memory_ports(
    *,
    twilio: Twilio,
    now: Callable[[], datetime],
    wait: Callable[[datetime], None],
    new_id: Callable[[], str],
    public_url: str = "https://sms.example.com",
) -> Ports:
    """All ports in memory but Twilio, each with the inspection its class offers."""
    return Ports(
        store=memory_store(now),
        twilio=twilio,
        people_queue=MemoryQueue(),
        automation_queue=MemoryQueue(),
        jobs_queue=MemoryQueue(),
        events=MemoryEvents(),
        secrets=MemorySecrets(),
        now=now,
        wait=wait,
        new_id=new_id,
        public_url=public_url,
        answers=MemoryAnswers(),
    )


@dataclass(frozen=True)
class Record:
    """One item before and after a change; not to be changed by whoever reads it."""

    old: Item | None
    new: Item | None
    sequence: str


class MemoryTable:
    """A table in a dict: partitions of sorted keys, one sparse index, a change stream, one lock around everything."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._items: dict[Key, Item] = {}
        self._order: defaultdict[str, list[str]] = defaultdict(list)
        self._index: defaultdict[str, list[IndexKey]] = defaultdict(list)
        self._stream: list[Record] = []
        self._sequence = 0

    def records(self) -> list[Record]:
        """What changed since the last call, in order, marks and all."""
        with self._lock:
            drained, self._stream = self._stream, []
            return drained

    def changes(self) -> list[StateChange]:
        """The entities that changed since the last call, in order."""
        changes = (state_change(record.old, record.new, sequence=record.sequence) for record in self.records())
        return [change for change in changes if change is not None]

    def items(self) -> tuple[Item, ...]:
        """Everything there is, by key."""
        with self._lock:
            return tuple(self._items[key] for key in sorted(self._items))

    def get(self, key: Key, *, consistent: bool = False) -> Item | None:
        with self._lock:
            stored = self._items.get(key)
            return None if stored is None else _copied(stored)

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        with self._lock:
            return [_copied(self._items[key]) for key in keys if key in self._items]

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
        with self._lock:
            order = self._order.get(pk, [])
            low, high = bisect_left(order, span.first), bisect_right(order, span.last)
            if after is not None and newest_first:
                high = min(high, bisect_left(order, after))
            elif after is not None:
                low = max(low, bisect_right(order, after))
            chosen = _first(order, low, high, limit, newest_first)
            return [_copied(self._items[Key(pk, sk)]) for sk in chosen]

    def query_index(
        self,
        ipk: str,
        span: Span = EVERYTHING,
        *,
        after: IndexKey | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[IndexKey]:
        with self._lock:
            order = self._index.get(ipk, [])
            low = bisect_left(order, IndexKey(span.first, "", ""))
            high = bisect_right(order, IndexKey(span.last, HIGHEST, HIGHEST))
            if after is not None and newest_first:
                high = min(high, bisect_left(order, after))
            elif after is not None:
                low = max(low, bisect_right(order, after))
            return _first(order, low, high, limit, newest_first)

    def write(self, *writes: Write) -> None:
        check_writes(writes)
        keys = [key_of(write) for write in writes]
        with self._lock:
            for key, write in zip(keys, writes, strict=True):
                stored = self._items.get(key)
                if not all(_holds(condition, stored) for condition in conditions_of(write)):
                    raise Conflict(f"The {type(write).__name__.lower()} lost its race.")
            for key, write in zip(keys, writes, strict=True):
                self._store(key, _after(write, self._items.get(key)))

    def update(self, update: Update) -> Item | None:
        with self._lock:
            try:
                self.write(update)
            except Conflict:
                return None
            return self.get(update.key)

    def count(self, counter: Item, *, below: int) -> bool:
        with self._lock:
            stored = self._items.get(counter.key)
            counted = (stored.version or 0) if stored else 0
            if counted >= below:
                return False
            self._store(counter.key, replace(counter, version=counted + 1))
            return True

    def _store(self, key: Key, new: Item | None) -> None:
        old = self._items.get(key)
        if old == new:
            return
        if old is not None and old.ipk and old.isk:
            self._index[old.ipk].remove(IndexKey(old.isk, *key))
        if new is not None and new.ipk and new.isk:
            insort(self._index[new.ipk], IndexKey(new.isk, *key))
        if old is None:
            insort(self._order[key.pk], key.sk)
        if new is None:
            self._order[key.pk].remove(key.sk)
            del self._items[key]
        else:
            self._items[key] = new
        self._sequence += 1
        self._stream.append(Record(old, new, f"{self._sequence:021d}"))


def _copied(item: Item) -> Item:
    """The item with a document of its own. What else it holds cannot change."""
    return Item(
        pk=item.pk,
        sk=item.sk,
        kind=item.kind,
        doc=_plain(item.doc),
        version=item.version,
        ipk=item.ipk,
        isk=item.isk,
        ttl=item.ttl,
    )


def _plain(value: Any) -> Any:
    """A copy of what a document can hold; many times as fast as deepcopy, which every read would pay."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


_ATOMS = frozenset({str, int, bool, float, type(None)})


def _first(order: list[Any], low: int, high: int, limit: int | None, newest_first: bool) -> list[Any]:
    """A part of the sorted list without walking all of it."""
    count = max(0, high - low) if limit is None else min(limit, max(0, high - low))
    return order[high - count : high][::-1] if newest_first else order[low : low + count]


def _holds(condition: Condition, stored: Item | None) -> bool:
    doc: Mapping[str, Any] = stored.doc if stored else {}
    match condition:
        case Absent():
            return stored is None
        case Present():
            return stored is not None
        case VersionIs(version):
            return stored is not None and stored.version == version
        case FieldIn(name, values):
            return doc.get(name) in values
        case FieldMissing(name):
            return name not in doc
        case FieldBelow(name, bound):
            return name in doc and doc[name] < bound
        case FieldMissingOrBelow(name, bound):
            return name not in doc or doc[name] < bound
        case FieldLacks(name, element):
            return element not in doc.get(name, ())
        case FieldShorter(name, length):
            return len(doc.get(name, ())) < length


def _after(write: Write, stored: Item | None) -> Item | None:
    match write:
        case Put(item):
            return _copied(item)
        case Delete():
            return None
        case Update():
            return None if stored is None else _updated(stored, write)


def _updated(stored: Item, update: Update) -> Item:
    doc = {name: _plain(value) for name, value in stored.doc.items() if name not in update.remove}
    doc |= {name: _plain(value) for name, value in update.set.items()}
    for name, element in update.append.items():
        doc[name] = [*doc.get(name, ()), _plain(element)]
    for name, amount in update.add.items():
        doc[name] = doc.get(name, 0) + amount
    where = {"ipk": stored.ipk, "isk": stored.isk}
    where |= update.index
    where |= {name: where[name] or value for name, value in update.index_if_absent.items()}
    return replace(stored, doc=doc, ipk=where["ipk"], isk=where["isk"])


# --- queues, events, secrets ------------------------------------------------------------------------------------------


class MemoryQueue:
    """A queue that keeps what was sent, in `entries`, until `take` drains it."""

    def __init__(self) -> None:
        self.entries: list[QueueEntry] = []

    def send(self, entries: Sequence[QueueEntry]) -> None:
        for entry in entries:
            if not 0 <= entry.delay <= MAX_DELAY:
                raise ValueError(f"A delay is 0 to {MAX_DELAY} seconds, not {entry.delay}.")
        self.entries.extend(entries)

    def take(self) -> list[QueueEntry]:
        """Everything that was sent since the last call."""
        taken, self.entries = self.entries, []
        return taken


MAX_DELAY = 900
"""Seconds that a queue can hold a message back (SQS, DelaySeconds)."""


@dataclass(frozen=True)
class Published:
    """An event that was put on the bus."""

    detail_type: str
    detail: Mapping[str, Any]


class MemoryEvents:
    """A bus that keeps what was published, in `published`."""

    def __init__(self) -> None:
        self.published: list[Published] = []

    def publish(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        self.published.append(Published(detail_type, dict(detail)))


class MemorySecrets:
    """Secrets in a dict. They do not print."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def put(self, name: str, value: str) -> None:
        self._values[name] = value
