"""What a table promises the store beyond what the store's own contract shows: in memory and in DynamoDB."""

from __future__ import annotations

import pytest

from engage_sms.adapters.store import TableStore
from engage_sms.adapters.table import Absent, Delete, FieldIn, Item, Key, Put, Span, Update, VersionIs
from engage_sms.errors import Conflict

A, B = Key("p", "a"), Key("p", "b")


def test_a_transaction_puts_changes_and_deletes(store: TableStore) -> None:
    """All three at once, or none of them when the condition of one fails."""
    table = store.table
    table.write(Put(Item(pk="p", sk="a", kind="x", doc={"n": 1})), Put(Item(pk="p", sk="b", kind="x", version=4)))
    with pytest.raises(Conflict):
        table.write(Update(key=A, add={"n": 1}), Delete(B, (VersionIs(3),)), Put(Item(pk="p", sk="c", kind="x")))
    before = [(item.sk, item.doc) for item in table.query("p", consistent=True)]
    table.write(Update(key=A, add={"n": 1}), Delete(B, (VersionIs(4),)), Put(Item(pk="p", sk="c", kind="x")))
    after = [(item.sk, item.doc) for item in table.query("p", consistent=True)]

    assert before == [("a", {"n": 1}), ("b", {})]
    assert after == [("a", {"n": 2}), ("c", {})]


def test_an_update_alone_may_be_written(store: TableStore) -> None:
    """Its failed condition is a conflict; so is an item that is not there."""
    store.table.write(Put(Item(pk="p", sk="a", kind="x", doc={"s": "old"}), (Absent(),)))
    store.table.write(Update(key=A, set={"s": "new"}, when=(FieldIn("s", ("old",)),)))

    for key in (A, B):
        with pytest.raises(Conflict):
            store.table.write(Update(key=key, set={"s": "newer"}, when=(FieldIn("s", ("old",)),)))
    assert [item.doc for item in store.table.query("p")] == [{"s": "new"}]


def test_deleting_what_is_not_there_is_done(store: TableStore) -> None:
    """Unless a version was asked for."""
    store.table.write(Delete(A))

    with pytest.raises(Conflict):
        store.table.write(Delete(A, (VersionIs(1),)))


def test_keys_sort_by_their_bytes(store: TableStore) -> None:
    """Beyond ASCII too; spans include both ends."""
    keys = ["a", "b", "z", "é", "ｱ", "😀"]
    for sk in reversed(keys):
        store.table.write(Put(Item(pk="p", sk=sk, kind="x", ipk="i", isk=sk)))

    assert [item.sk for item in store.table.query("p")] == keys
    assert [row.isk for row in store.table.query_index("i", newest_first=True)] == keys[::-1]
    assert [item.sk for item in store.table.query("p", Span("b", "é"))] == ["b", "z", "é"]


def test_several_items_come_in_the_order_asked_for(store: TableStore) -> None:
    """More than one batch of them; those that do not exist are left out."""
    for n in range(130):
        store.table.write(Put(Item(pk="p", sk=f"{n:03d}", kind="x")))
    wanted = [Key("p", f"{n:03d}") for n in reversed(range(150))]

    assert [item.key for item in store.table.get_many(wanted)] == wanted[20:]
    assert store.table.get_many([]) == []
