"""How many contacts an organization has in each audience: each contact counted once, whatever the stream repeats.

Beside the counts, each contact has a mark that says as what it is counted, by which version of the contact. Mark and
counts change in one transaction, on the condition that the mark is what was read:

    relay A  v2 is in Y ─ reads (v1, X) ─────────────► mark (v2, Y), X - 1, Y + 1   if the mark is (v1, X) ✓
    relay B  the same   ─── reads (v1, X) ─────────────► the same                   if the mark is (v1, X) ✗ ─┐
                                              reads (v2, Y): counted already, nothing to do ◄─────────────────┘
    relay C  v1 again, late ─────────────────► reads (v2, Y): a later version counts, nothing to do

A crash before the transaction leaves all as it was, and the record comes again; after it, the mark says so. Where a new
version of the rules puts the same contact elsewhere, the same transaction moves it. Each count is split into SHARDS by
contact, so that ten relays of one import seldom meet on an item; only the sum of the shards means anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress

from engage_sms.adapters import layout
from engage_sms.adapters.table import Absent, FieldIn, Item, Key, Put, Table, Update, VersionIs, Write
from engage_sms.errors import Conflict

SHARDS = 16
_ATTEMPTS = 8
_MARK, _COUNT = "counted", "headcount"
_NOBODY = ""
"""The audience of a contact that is in none."""


def count_contact(table: Table, org_id: str, contact_id: str, *, version: int, audience: str | None) -> None:
    """Count the contact in the audience and no longer where it was; nothing when a later version was counted.

    Raises Conflict when the mark changed under each of several attempts.
    """
    key, now_in = layout.counted(org_id, contact_id), audience or _NOBODY
    for _ in range(_ATTEMPTS):
        mark = table.get(key, consistent=True)
        was_in = _NOBODY if mark is None else str(mark.doc["audience"])
        if mark is not None and (mark.version or 0) >= version and (mark.version != version or was_in == now_in):
            return
        unchanged = (Absent(),) if mark is None else (VersionIs(mark.version or 0), FieldIn("audience", (was_in,)))
        counts = _counts(org_id, contact_id, was_in, now_in)
        marked = Put(_mark(key, version, now_in), unchanged)
        try:
            table.write(marked, *(_add(count, by) for count, by in counts.items()))
        except Conflict:
            _begin(table, counts)
        else:
            return
    raise Conflict("The contact's mark changed too often.")


def headcounts(table: Table, org_id: str) -> dict[str, int]:
    """How many contacts are in each audience that has any."""
    counted = Counter[str]()
    for item in table.query(layout.headcounts(org_id)):
        counted[item.sk.rpartition("#")[0]] += item.doc["contacts"]
    return {audience: contacts for audience, contacts in sorted(counted.items()) if contacts}


def first_counts(org_id: str, audiences: Mapping[str, str | None]) -> Iterator[Item]:
    """The items of an organization in which nobody was counted before, by the id of each contact at its version 1."""
    counted = Counter[Key]()
    for contact_id, audience in audiences.items():
        yield _mark(layout.counted(org_id, contact_id), 1, audience or _NOBODY)
        counted.update(_counts(org_id, contact_id, _NOBODY, audience or _NOBODY))
    for key, contacts in counted.items():
        yield _count(key, contacts)


def _mark(key: Key, version: int, audience: str) -> Item:
    return Item(pk=key.pk, sk=key.sk, kind=_MARK, version=version, doc={"audience": audience})


def _count(key: Key, contacts: int) -> Item:
    return Item(pk=key.pk, sk=key.sk, kind=_COUNT, doc={"contacts": contacts})


def _counts(org_id: str, contact_id: str, was_in: str, now_in: str) -> dict[Key, int]:
    """What to add to which counts. One that is left is not there unless the contact was counted in it."""
    if was_in == now_in:
        return {}
    shard = layout.shard_of(contact_id, SHARDS)
    steps = {was_in: -1, now_in: 1}
    return {layout.headcount(org_id, audience, shard): by for audience, by in steps.items() if audience != _NOBODY}


def _add(count: Key, by: int) -> Write:
    return Update(key=count, add={"contacts": by})


def _begin(table: Table, counts: dict[Key, int]) -> None:
    """Counts begin at nothing: an update needs an item. Whoever else began one did the same."""
    for count in _missing(table, counts):
        with suppress(Conflict):
            table.write(Put(_count(count, 0), (Absent(),)))


def _missing(table: Table, counts: dict[Key, int]) -> Iterator[Key]:
    return (count for count in counts if table.get(count, consistent=True) is None)
