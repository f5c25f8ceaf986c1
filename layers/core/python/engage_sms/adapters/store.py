"""The Store over a table: which items each question reads, and under which condition each change is written."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from engage_sms.adapters import layout
from engage_sms.adapters.codec import instant, to_plain
from engage_sms.adapters.cursors import bad_cursor, cursor_of, read_cursor
from engage_sms.adapters.headcount import count_contact, headcounts
from engage_sms.adapters.inbox import clear_preview, mark_read, put_into_inbox
from engage_sms.adapters.retention import ended_on, remove_body
from engage_sms.adapters.table import (
    EVERYTHING,
    Absent,
    Delete,
    FieldBelow,
    FieldIn,
    IndexKey,
    Item,
    Key,
    Present,
    Put,
    Span,
    Table,
    Update,
    VersionIs,
    Write,
)
from engage_sms.domain.brake import Underway
from engage_sms.domain.consent import Consent
from engage_sms.domain.conversation import Conversation
from engage_sms.domain.directory import Contact, Number, Organization, User
from engage_sms.domain.due import Opening, Parked, Replanning, Timer
from engage_sms.domain.job import Job, JobResult
from engage_sms.domain.message import Message, MessageRef, Transition
from engage_sms.domain.pace import Pace
from engage_sms.domain.retention import Retention
from engage_sms.domain.usage import LedgerLine, UsageDay
from engage_sms.ports import (
    Change,
    CountResult,
    Create,
    Entity,
    Once,
    Overwrite,
    Page,
    Remove,
    Replace,
)

E = TypeVar("E")

ONCE_KEPT = timedelta(days=30)
"""How long a mark of Once is kept at least: longer than any queue, stream or webhook repeats itself."""


class TableStore:
    """The state in a single table; see `layout` for where everything lives."""

    def __init__(self, table: Table, *, now: Callable[[], datetime]) -> None:
        self.table = table
        self._now = now

    # --- writes -------------------------------------------------------------------------------------------------------

    def commit(self, *changes: Change) -> None:
        writes = [write for change in changes for write in self._writes(change)]
        if writes:
            self.table.write(*writes)

    def _writes(self, change: Change) -> tuple[Write, ...]:
        match change:
            case Create(entity):
                return (Put(_next_version(entity), (Absent(),)),)
            case Replace(entity):
                # The version read is the version replaced:
                #
                #   A  read v3 ── decide ── write if v3 ✓ → v4
                #   B     read v3 ── decide ───────── write if v3 ✗ Conflict: read v4 and decide again
                unchanged = VersionIs(entity.version) if entity.version else Absent()
                return (Put(_next_version(entity), (unchanged,)),)
            case Overwrite(entity):
                return (Put(layout.to_item(entity)),)
            case Remove(entity):
                item = layout.to_item(entity)
                return (Delete(item.key, () if item.version is None else (VersionIs(item.version),)),)
            case Once():
                pk, sk = _mark_key(change)
                ttl = int((self._now() + ONCE_KEPT).timestamp())
                return (Put(Item(pk=pk, sk=sk, kind=layout.ONCE_KIND, ttl=ttl), (Absent(),)),)
            case CountResult(result):
                return (Put(layout.to_item(result), (Absent(),)), _count(result))

    def done(self, mark: Once) -> bool:
        return self.table.get(_mark_key(mark), consistent=True) is not None

    def move(self, ref: MessageRef, step: Transition) -> Message | None:
        # One conditional update, never read and then write:
        #
        #   dispatch A  claim if queued|held ✓ → sending ── call Twilio ── sent
        #   dispatch B    claim if queued|held ✗ → None: somebody else has it
        #   callback                                    delivered if sending|unknown|sent ✓
        stands_where_it_may = FieldIn("status", tuple(sorted(step.leaves)))
        lease_ran_out = () if step.lease_before is None else (FieldBelow("lease_until", instant(step.lease_before)),)
        index = layout.index_step(ref, step)
        sets = {name: to_plain(value) for name, value in step.fields.items() if value is not None}
        item = self.table.update(
            Update(
                key=_message_key(ref),
                when=(stands_where_it_may, *lease_ran_out),
                set={**sets, "status": step.to.value},
                remove=[name for name, value in step.fields.items() if value is None],
                append={"trace": to_plain(step.trace)},
                index={} if index is None or index.if_absent else {"ipk": index.ipk},
                index_if_absent={"ipk": index.ipk} if index and index.if_absent and index.ipk else {},
            )
        )
        return _entity(item, Message)

    def take_turn(self, org_id: str, second: datetime, *, rate: int) -> bool:
        return self.table.count(layout.turns(org_id, second), below=rate)

    def remove_body(self, ref: MessageRef, *, at: datetime) -> Message | None:
        return _entity(remove_body(self.table, _message_key(ref), at=at), Message)

    def saw_message(self, message: Message) -> None:
        put_into_inbox(self.table, message)

    def clear_preview(self, message: Message) -> None:
        clear_preview(self.table, message)

    def count_contact(self, org_id: str, contact_id: str, *, version: int, audience: str | None) -> None:
        count_contact(self.table, org_id, contact_id, version=version, audience=audience)

    def headcounts(self, org_id: str) -> dict[str, int]:
        return headcounts(self.table, org_id)

    def mark_read(self, org_id: str, user_id: str, contact_id: str) -> None:
        mark_read(self.table, layout.key(Conversation, org_id=org_id, user_id=user_id, contact_id=contact_id))

    def cancel_job(self, org_id: str, job_id: str) -> None:
        self.table.update(Update(key=layout.key(Job, org_id=org_id, id=job_id), set={"cancelled": True}))

    # --- the directory ------------------------------------------------------------------------------------------------

    def organization(self, org_id: str, *, consistent: bool = False) -> Organization | None:
        return self._get(Organization, consistent=consistent, id=org_id)

    def organizations(self) -> Iterator[Organization]:
        return self._indexed(layout.ORGANIZATIONS, EVERYTHING, Organization)

    def user(self, org_id: str, user_id: str, *, consistent: bool = False) -> User | None:
        return self._get(User, consistent=consistent, org_id=org_id, id=user_id)

    def users(self, org_id: str) -> Iterator[User]:
        pk = layout.key(User, org_id=org_id, id="-").pk
        return (_must_be(item, User) for item in self.table.query(pk))

    def contact(self, org_id: str, contact_id: str, *, consistent: bool = False) -> Contact | None:
        return self._get(Contact, consistent=consistent, org_id=org_id, id=contact_id)

    def contacts(self, org_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Contact]:
        pk = layout.key(Contact, org_id=org_id, id="-").pk
        return self._page(pk, Span.prefix("CONTACT#"), Contact, cursor, limit)

    def contacts_with_phone(self, org_id: str, phone: str) -> tuple[Contact, ...]:
        found = self._indexed(layout.phone(org_id, phone), EVERYTHING, Contact)
        return tuple(contact for contact in found if contact.cell_phone == phone)

    def number(self, phone: str, *, consistent: bool = False) -> Number | None:
        return self._get(Number, consistent=consistent, phone=phone)

    def consent(self, org_id: str, phone: str, *, consistent: bool = False) -> Consent:
        known = self._get(Consent, consistent=consistent, org_id=org_id, phone=phone)
        return known or Consent(org_id=org_id, phone=phone)

    # --- conversations ------------------------------------------------------------------------------------------------

    def message(self, ref: MessageRef, *, consistent: bool = False) -> Message | None:
        return _entity(self.table.get(_message_key(ref), consistent=consistent), Message)

    def messages_of(self, refs: Iterable[MessageRef]) -> Iterator[Message]:
        rows = (IndexKey("", *_message_key(ref)) for ref in refs)
        return (_must_be(item, Message) for item in self._items(rows))

    def messages(
        self,
        org_id: str,
        user_id: str,
        contact_id: str,
        *,
        cursor: str | None = None,
        limit: int = 50,
        consistent: bool = False,
    ) -> Page[Message]:
        pk = _message_key(MessageRef(org_id, user_id, contact_id, "-")).pk
        return self._page(pk, Span.prefix("MSG#"), Message, cursor, limit, newest_first=True, consistent=consistent)

    def conversation(self, org_id: str, user_id: str, contact_id: str) -> Conversation | None:
        return self._get(Conversation, org_id=org_id, user_id=user_id, contact_id=contact_id)

    def conversations(
        self, org_id: str, user_id: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[Conversation]:
        after = None
        if cursor is not None:
            last_message_id, contact_id = read_cursor(cursor, 2)
            if "#" in contact_id:
                raise bad_cursor()
            key = layout.key(Conversation, org_id=org_id, user_id=user_id, contact_id=contact_id)
            after = IndexKey(last_message_id, *key)
        ipk = layout.inbox(org_id, user_id)
        rows = self.table.query_index(ipk, after=after, limit=limit + 1, newest_first=True)
        items = self.table.get_many(Key(row.pk, row.sk) for row in rows[:limit])
        following = None
        if len(rows) > limit:
            last = rows[limit - 1]
            following = cursor_of(last.isk, layout.key_fields(Conversation, Key(last.pk, last.sk))["contact_id"])
        return Page(tuple(_must_be(item, Conversation) for item in items), following)

    # --- jobs ---------------------------------------------------------------------------------------------------------

    def job(self, org_id: str, job_id: str, *, consistent: bool = False) -> Job | None:
        return self._get(Job, consistent=consistent, org_id=org_id, id=job_id)

    def job_result(self, org_id: str, job_id: str, subject_id: str) -> JobResult | None:
        return self._get(JobResult, consistent=True, org_id=org_id, job_id=job_id, subject_id=subject_id)

    def job_results(self, org_id: str, job_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[JobResult]:
        pk = layout.key(JobResult, org_id=org_id, job_id=job_id, subject_id="-").pk
        return self._page(pk, Span.prefix("RESULT#"), JobResult, cursor, limit)

    # --- what waits ---------------------------------------------------------------------------------------------------

    def held(self, org_id: str, opens_at: datetime, *, cursor: str | None = None, limit: int = 500) -> Page[MessageRef]:
        first_shard, after = 0, None
        if cursor is not None:
            shard, *where = read_cursor(cursor, 4)
            if not shard.isdigit():
                raise bad_cursor()
            first_shard, after = int(shard), IndexKey(*where)
        found: list[tuple[int, IndexKey]] = []
        for shard_number in range(first_shard, layout.SHARDS):
            ipk = layout.holds(org_id, opens_at, shard_number)
            # One more than is asked for says whether there is a next page.
            rows = self.table.query_index(ipk, after=after, limit=limit + 1 - len(found))
            found.extend((shard_number, row) for row in rows)
            after = None
            if len(found) > limit:
                break
        refs = tuple(layout.message_ref(Key(row.pk, row.sk)) for _, row in found[:limit])
        if len(found) <= limit:
            return Page(refs)
        last_shard, last = found[limit - 1]
        return Page(refs, cursor_of(str(last_shard), *last))

    def held_for_phone(self, org_id: str, phone: str) -> Iterator[MessageRef]:
        for opening in self.openings(org_id):
            yield from self._refs_of_phone(partial(layout.holds, org_id, opening.opens_at), phone)

    def awaiting(self, org_id: str, phone: str) -> Iterator[MessageRef]:
        return self._refs_of_phone(partial(layout.awaiting, org_id), phone)

    def _refs_of_phone(self, partition: Callable[[int], str], phone: str) -> Iterator[MessageRef]:
        for shard in range(layout.SHARDS):
            for row in self._rows(partition(shard), Span.prefix(f"{phone}#")):
                yield layout.message_ref(Key(row.pk, row.sk))

    def openings(self, org_id: str) -> tuple[Opening, ...]:
        pk = layout.key(Opening, org_id=org_id, opens_at="-").pk
        return tuple(_must_be(item, Opening) for item in self.table.query(pk))

    def opening(self, org_id: str, opens_at: datetime, *, consistent: bool = True) -> Opening | None:
        return self._get(Opening, consistent=consistent, org_id=org_id, opens_at=opens_at)

    def pace(self, org_id: str) -> Pace:
        return self._get(Pace, consistent=True, org_id=org_id) or Pace(org_id=org_id)

    def due_openings(self, until: datetime) -> Iterator[Opening]:
        due = self._indexed(layout.DUE_OPENINGS, _until(until), Opening)
        return (opening for opening in due if opening.due_at <= until)

    def replanning(self, org_id: str) -> Replanning | None:
        return self._get(Replanning, consistent=True, org_id=org_id)

    def due_replannings(self, until: datetime) -> Iterator[Replanning]:
        due = self._indexed(layout.DUE_REPLANNINGS, _until(until), Replanning)
        return (replanning for replanning in due if replanning.due_at <= until)

    def due_timers(self, until: datetime) -> Iterator[Timer]:
        shards = (self._rows(layout.due_timers(shard), _until(until)) for shard in range(layout.SHARDS))
        timers = (_must_be(item, Timer) for item in self._items(heapq.merge(*shards)))
        return (timer for timer in timers if timer.due_at <= until)

    def parked(self, org_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Parked]:
        pk = layout.key(Parked, ref={"org_id": org_id, "user_id": "-", "contact_id": "-", "message_id": "-"}).pk
        return self._page(pk, EVERYTHING, Parked, cursor, limit)

    def underway(self, org_id: str) -> tuple[Underway, ...]:
        pk = layout.key(Underway, org_id=org_id, worker="-").pk
        return tuple(_must_be(item, Underway) for item in self.table.query(pk, consistent=True))

    # --- usage --------------------------------------------------------------------------------------------------------

    def ledger(self, org_id: str, day: date) -> Iterator[LedgerLine]:
        for row in self._left_on(org_id, day):
            ref = layout.message_ref(Key(row.pk, row.sk))
            yield LedgerLine(user_id=ref.user_id, message_id=ref.message_id, segments=int(row.isk.rpartition("#")[2]))

    def left_on(self, org_id: str, day: date) -> Iterator[MessageRef]:
        return (layout.message_ref(Key(row.pk, row.sk)) for row in self._left_on(org_id, day))

    def _left_on(self, org_id: str, day: date) -> Iterator[IndexKey]:
        shards = (self._rows(layout.ledger(org_id, day, shard)) for shard in range(layout.SHARDS))
        return chain.from_iterable(shards)

    def left_for(self, org_id: str, phone: str, day: date) -> Iterator[MessageRef]:
        return self._refs_of_phone(partial(layout.ledger, org_id, day), phone)

    def usage(self, org_id: str, first: date, last: date) -> tuple[UsageDay, ...]:
        pk = layout.key(UsageDay, org_id=org_id, day=first).pk
        days = self.table.query(pk, Span(first.isoformat(), last.isoformat()))
        return tuple(_must_be(item, UsageDay) for item in days)

    # --- retention ----------------------------------------------------------------------------------------------------

    def bodies(self, org_id: str, day: date) -> Iterator[Message]:
        items = (self._items(self._rows(partition)) for partition in ended_on(org_id, day))
        messages = (_must_be(item, Message) for item in chain.from_iterable(items))
        return (message for message in messages if message.body_removed_at is None)

    def retention(self, org_id: str) -> Retention | None:
        return self._get(Retention, consistent=True, org_id=org_id)

    # --- reading ------------------------------------------------------------------------------------------------------

    def _get(self, entity: type[E], *, consistent: bool = False, **key: Any) -> E | None:
        return _entity(self.table.get(layout.key(entity, **key), consistent=consistent), entity)

    def _page(
        self,
        pk: str,
        span: Span,
        entity: type[E],
        cursor: str | None,
        limit: int,
        *,
        newest_first: bool = False,
        consistent: bool = False,
    ) -> Page[E]:
        after = None
        if cursor is not None:
            (after,) = read_cursor(cursor, 1)
            if not span.first <= after <= span.last:
                raise bad_cursor()
        # One more than is asked for says whether there is a next page.
        items = self.table.query(
            pk, span, after=after, limit=limit + 1, newest_first=newest_first, consistent=consistent
        )
        following = cursor_of(items[limit - 1].sk) if len(items) > limit else None
        return Page(tuple(_must_be(item, entity) for item in items[:limit]), following)

    def _indexed(self, ipk: str, span: Span, entity: type[E]) -> Iterator[E]:
        return (_must_be(item, entity) for item in self._items(self._rows(ipk, span)))

    def _rows(self, ipk: str, span: Span = EVERYTHING) -> Iterator[IndexKey]:
        """The whole span of the index partition, read page by page as it is asked for."""
        after = None
        while rows := self.table.query_index(ipk, span, after=after, limit=_ROWS):
            yield from rows
            if len(rows) < _ROWS:
                return
            after = rows[-1]

    def _items(self, rows: Iterator[IndexKey]) -> Iterator[Item]:
        while batch := list(islice(rows, _BATCH)):
            yield from self.table.get_many(Key(row.pk, row.sk) for row in batch)


_BATCH = 100
"""Items in one BatchGetItem."""
_ROWS = 1000
"""Index entries in one Query: below its 1 MB."""


def _next_version(entity: Entity) -> Item:
    item = layout.to_item(entity)
    return replace(item, version=item.version + 1) if item.version is not None else item


def _mark_key(mark: Once) -> Key:
    return Key(f"ONCE#{mark.scope}#{mark.key}", "ONCE")


def _count(result: JobResult) -> Update:
    return Update(
        key=layout.key(Job, org_id=result.org_id, id=result.job_id),
        when=(Present(),),
        add={result.outcome.value: 1},
        set={"last_result_at": instant(result.at)},
    )


def _message_key(ref: MessageRef) -> Key:
    return layout.key(Message, org_id=ref.org_id, user_id=ref.user_id, contact_id=ref.contact_id, id=ref.message_id)


def _entity(item: Item | None, entity: type[E]) -> E | None:
    return None if item is None else _must_be(item, entity)


def _must_be(item: Item, entity: type[E]) -> E:
    found = layout.to_entity(item)
    if not isinstance(found, entity):
        raise TypeError(f"The item at {item.pk} {item.sk} is a {item.kind}, not a {entity.__name__}.")
    return found


def _until(at: datetime) -> Span:
    """Index entries that begin with an instant up to and including this one."""
    return Span(last=instant(at) + "$")
