"""Where things live: keys, the values they may hold, and the index of a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.adapters import layout
from engage_sms.adapters.codec import instant
from engage_sms.adapters.layout import IndexStep, index_step, key, key_fields, message_ref, shard_of, to_entity
from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.table import Item, Key, Put
from engage_sms.domain.directory import User
from engage_sms.domain.message import Message, Status, TraceEntry, Transition
from tests.contracts.entities import NOW, ref

IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
INSTANTS = st.datetimes(datetime(1000, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(org_id=IDS, user_id=IDS, contact_id=IDS, id_=IDS)
def test_a_key_says_what_it_names(org_id: str, user_id: str, contact_id: str, id_: str) -> None:
    """Whatever the ids, they are read back from the key as they were."""
    where = key(Message, org_id=org_id, user_id=user_id, contact_id=contact_id, id=id_)
    found = message_ref(where)

    assert (found.org_id, found.user_id, found.contact_id, found.message_id) == (org_id, user_id, contact_id, id_)
    assert where.pk.startswith(f"ORG#{org_id}#")


def test_a_key_of_something_else_is_refused() -> None:
    """The index never leads to an item of another kind unnoticed."""
    with pytest.raises(ValueError, match="Not the key"):
        key_fields(User, Key("ORG#acme#CONTACTS", "CONTACT#bob"))


def test_an_item_of_another_kind_is_an_error() -> None:
    """What was written by mistake is not shown as something it is not."""
    store = TableStore(MemoryTable(), now=lambda: NOW)
    where = key(User, org_id="acme", id="ann")
    store.table.write(Put(Item(pk=where.pk, sk=where.sk, kind=layout.ONCE_KIND)))

    with pytest.raises(TypeError, match="not a User"):
        store.user("acme", "ann")
    assert to_entity(Item(pk="x", sk="y", kind="unheard of")) is None


@given(one=INSTANTS, other=INSTANTS)
def test_instants_sort_as_text(one: datetime, other: datetime) -> None:
    """To the microsecond."""
    assert (instant(one) < instant(other)) == (one < other)


def test_an_instant_has_its_time_zone() -> None:
    """Another zone's instant is written in UTC; one without a zone is a mistake."""
    assert instant(datetime(2026, 7, 15, 10, tzinfo=timezone(timedelta(hours=-5)))) == "2026-07-15T15:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        instant(datetime(2026, 7, 15))  # noqa: DTZ001


def test_a_contact_stays_in_its_shard() -> None:
    """The same on every machine and in every version: messages that wait are looked for where they were put."""
    assert [shard_of(c) for c in ("bob", "eve", "ann", "max")] == [0, 2, 3, 1]


@pytest.mark.parametrize(
    ("leaves", "to", "expected"),
    [
        ({Status.HELD}, Status.AWAITING_OPT_IN, IndexStep(layout.awaiting("acme", shard_of("bob")))),
        ({Status.HELD}, Status.SENDING, IndexStep(None)),
        (
            {Status.SENT},
            Status.CANCELLED,
            IndexStep(layout.never_sent("acme", NOW.date(), shard_of("bob")), if_absent=True),
        ),
        ({Status.HELD}, Status.EXPIRED, IndexStep(layout.never_sent("acme", NOW.date(), shard_of("bob")))),
        ({Status.SENDING}, Status.SENT, IndexStep(layout.ledger("acme", NOW.date(), shard_of("bob")), if_absent=True)),
        ({Status.HELD}, Status.SENT, IndexStep(layout.ledger("acme", NOW.date(), shard_of("bob")))),
    ],
)
def test_a_step_moves_a_message_in_the_index(leaves: set[Status], to: Status, expected: IndexStep | None) -> None:
    """Into its waiting place, out of it, into the ledger or among the ended; never out of the ledger."""
    step = Transition(leaves=frozenset(leaves), to=to, trace=TraceEntry(at=NOW, event="x"))

    assert index_step(ref(), step) == expected
