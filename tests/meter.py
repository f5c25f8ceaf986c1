"""What DynamoDB would bill, counted from item sizes: emulators report figures that are wrong.

Sizes: names and strings by their UTF-8 bytes, numbers one byte for two digits and one more, a map or list 3 bytes and
one for each element. A write costs one unit for each KB begun of the larger of before and after, twice in a
transaction, and each entry it adds to or takes from the index. One whose condition fails costs the same, without the
index. A read costs one unit for each 4 KB begun, half of it when eventually consistent
(docs.aws.amazon.com/amazondynamodb, "Item sizes and formats", "Read and write operations").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.table import EVERYTHING, IndexKey, Item, Key, Put, Span, Update, Write, key_of
from engage_sms.errors import Conflict


class MeteredTable:
    """A table in memory that counts `read_units` and `write_units`."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.read_units = 0.0
        self.write_units = 0

    def get(self, key: Key, *, consistent: bool = False) -> Item | None:
        item = self.table.get(key)
        self._read(size(item), consistent)
        return item

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        items = self.table.get_many(keys)
        for item in items:
            self._read(size(item), consistent=False)
        return items

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
        items = self.table.query(pk, span, after=after, limit=limit, newest_first=newest_first)
        self._read(sum(map(size, items)), consistent)
        return items

    def query_index(
        self,
        ipk: str,
        span: Span = EVERYTHING,
        *,
        after: IndexKey | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[IndexKey]:
        rows = self.table.query_index(ipk, span, after=after, limit=limit, newest_first=newest_first)
        self._read(sum(sum(len(part.encode()) for part in row) + len(ipk.encode()) + 110 for row in rows), False)
        return rows

    def write(self, *writes: Write) -> None:
        before = [self.table.get(key_of(write)) for write in writes]
        factor = 2 if len(writes) > 1 else 1
        try:
            self.table.write(*writes)
        except Conflict:
            for old, write in zip(before, writes, strict=True):
                self.write_units += factor * _kilobytes(old, write.item if isinstance(write, Put) else None)
            raise
        for old, write in zip(before, writes, strict=True):
            self._wrote(old, self.table.get(key_of(write)), factor)

    def update(self, update: Update) -> Item | None:
        before = self.table.get(update.key)
        after = self.table.update(update)
        self._wrote(before, after or before, 1)
        return after

    def count(self, counter: Item, *, below: int) -> bool:
        self.write_units += 1
        return self.table.count(counter, below=below)

    def _read(self, size: int, consistent: bool) -> None:
        self.read_units += max(1, ceil(size / 4096)) * (1 if consistent else 0.5)

    def _wrote(self, old: Item | None, new: Item | None, factor: int) -> None:
        self.write_units += factor * _kilobytes(old, new)
        entries = [(i.ipk, i.isk) if i and i.ipk and i.isk else None for i in (old, new)]
        if entries[0] != entries[1]:
            self.write_units += sum(entry is not None for entry in entries)


def _kilobytes(old: Item | None, new: Item | None) -> int:
    """Those begun, of the larger of the two."""
    return max(1, ceil(max(size(old), size(new)) / 1024))


def size(item: Item | None) -> int:
    """The item's size in bytes; 0 for none."""
    if item is None:
        return 0
    fields = {name: getattr(item, name) for name in ("pk", "sk", "kind", "doc", "version", "ipk", "isk", "ttl")}
    return sum(len(name) + _size(value) for name, value in fields.items() if value is not None)


def _size(value: Any) -> int:
    match value:
        case None | bool():
            return 1
        case str():
            return len(value.encode())
        case int() | float():
            return (len(str(value)) + 1) // 2 + 1
        case Mapping():
            return 3 + sum(1 + len(name.encode()) + _size(inner) for name, inner in value.items())
        case _:
            return 3 + sum(1 + _size(inner) for inner in value)
