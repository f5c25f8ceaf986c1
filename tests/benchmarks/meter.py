"""DynamoDB's units, counted from the sizes of items: the emulators' own figures are wrong.

A write costs one unit for each started KB of the item, twice that in a transaction; an index entry that appears or goes
costs one, one that moves costs two. A read costs one unit for each started 4 KB, half of it eventually consistent
(docs.aws.amazon.com/amazondynamodb, read/write capacity units).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.table import EVERYTHING, IndexKey, Item, Key, Span, Update, Write, key_of


@dataclass
class Units:
    """What was used so far."""

    write: float = 0
    read: float = 0


class MeteredTable(MemoryTable):
    """A table in memory that counts the units DynamoDB would charge."""

    def __init__(self) -> None:
        super().__init__()
        self.units = Units()

    def get(self, key: Key, *, consistent: bool = False) -> Item | None:
        item = super().get(key, consistent=consistent)
        self._read([item] if item else [], consistent=consistent)
        return item

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        items = super().get_many(keys)
        for item in items:
            self._read([item])
        return items

    def query(self, pk: str, span: Span = EVERYTHING, **options: Any) -> list[Item]:
        items = super().query(pk, span, **options)
        self._read(items, consistent=options.get("consistent", False))
        return items

    def query_index(self, ipk: str, span: Span = EVERYTHING, **options: Any) -> list[IndexKey]:
        keys = super().query_index(ipk, span, **options)
        self.units.read += max(1, ceil(len(keys) * 200 / 4096)) / 2
        return keys

    def write(self, *writes: Write) -> None:
        before = {key_of(write): self._items.get(key_of(write)) for write in writes}
        try:
            super().write(*writes)
        finally:
            for key, old in before.items():
                self.units.write += _write_units(old, self._items.get(key)) * (2 if len(writes) > 1 else 1)

    def update(self, update: Update) -> Item | None:
        reads = self.units.read
        after = super().update(update)
        self.units.read = reads  # the answer comes with the write (ReturnValues)
        return after

    def _read(self, items: list[Item], *, consistent: bool = False) -> None:
        kilobytes = sum(_size(item) for item in items) / 4096
        self.units.read += max(1, ceil(kilobytes)) * (1 if consistent else 0.5)


def _size(item: Item | None) -> int:
    return len(json.dumps(asdict(item), default=str).encode()) if item else 0


def _write_units(old: Item | None, new: Item | None) -> float:
    before, after = ((item.ipk, item.isk) if item and item.ipk else None for item in (old, new))
    index = 0 if before == after else (before is not None) + (after is not None)
    return max(1, ceil(max(_size(old), _size(new)) / 1024)) + index
