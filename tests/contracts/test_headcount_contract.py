"""Each contact is counted once, in memory and in DynamoDB, whatever the change stream repeats or a crash cuts off."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.adapters.headcount import first_counts
from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.table import Put, Write
from engage_sms.errors import Retryable
from tests.contracts.entities import NOW

EAST, WEST, BOTH = "America/New_York|NY", "America/Los_Angeles|CA", "America/Chicago,America/New_York|IN,KY"


class TestCounting:
    """A contact is where its latest version is."""

    def test_contacts_are_counted_by_audience(self, store: TableStore) -> None:
        """Of one organization; somebody without a cell phone is in no audience."""
        for contact_id, audience in (("a", EAST), ("b", EAST), ("c", BOTH), ("d", None)):
            store.count_contact("acme", contact_id, version=1, audience=audience)
        store.count_contact("other", "a", version=1, audience=WEST)

        assert store.headcounts("acme") == {EAST: 2, BOTH: 1}
        assert store.headcounts("other") == {WEST: 1}
        assert store.headcounts("nobody") == {}

    def test_a_repeat_changes_nothing(self, store: TableStore) -> None:
        """The stream tells of each change at least once."""
        for _ in range(3):
            store.count_contact("acme", "a", version=1, audience=EAST)

        assert store.headcounts("acme") == {EAST: 1}

    def test_a_contact_moves(self, store: TableStore) -> None:
        """It leaves where it was; an audience without contacts is not shown."""
        store.count_contact("acme", "a", version=1, audience=EAST)
        store.count_contact("acme", "b", version=1, audience=EAST)
        store.count_contact("acme", "a", version=2, audience=WEST)
        moved = store.headcounts("acme")
        store.count_contact("acme", "b", version=2, audience=None)

        assert moved == {EAST: 1, WEST: 1}
        assert store.headcounts("acme") == {WEST: 1}

    def test_a_late_record_changes_nothing(self, store: TableStore) -> None:
        """An older version that comes after a newer one, as from the dead letters, does not take the contact back."""
        store.count_contact("acme", "a", version=3, audience=WEST)
        store.count_contact("acme", "a", version=2, audience=EAST)

        assert store.headcounts("acme") == {WEST: 1}

    def test_a_version_that_stays_is_remembered(self, store: TableStore) -> None:
        """There and back again: the late record of the way there is older than the way back."""
        store.count_contact("acme", "a", version=1, audience=EAST)
        store.count_contact("acme", "a", version=3, audience=EAST)
        store.count_contact("acme", "a", version=2, audience=WEST)

        assert store.headcounts("acme") == {EAST: 1}

    def test_new_facts_move_a_contact_that_did_not_change(self, store: TableStore) -> None:
        """The same version in another audience: an area code got a zone."""
        store.count_contact("acme", "a", version=1, audience=EAST)
        store.count_contact("acme", "a", version=1, audience=BOTH)

        assert store.headcounts("acme") == {BOTH: 1}

    def test_what_was_counted_at_once_goes_on(self, store: TableStore) -> None:
        """Contacts counted together when an organization begins move and repeat as if each had been told of."""
        for item in first_counts("acme", {"a": EAST, "b": EAST, "c": BOTH, "d": None}):
            store.table.write(Put(item))
        begun = store.headcounts("acme")
        store.count_contact("acme", "a", version=1, audience=EAST)
        store.count_contact("acme", "b", version=2, audience=WEST)
        store.count_contact("acme", "d", version=2, audience=BOTH)

        assert begun == {EAST: 2, BOTH: 1}
        assert store.headcounts("acme") == {EAST: 1, WEST: 1, BOTH: 2}


# --- crashes and disorder, in memory ----------------------------------------------------------------------------------


class DyingTable(MemoryTable):
    """Each write is done or not, as `fates` say; when it dies the caller does not learn which."""

    def __init__(self) -> None:
        super().__init__()
        self.fates: list[str] = []

    def write(self, *writes: Write) -> None:
        fate = self.fates.pop(0) if self.fates else "lives"
        if fate != "dies before":
            super().write(*writes)
        if fate != "lives":
            raise Retryable("The answer got lost.")


AUDIENCES = st.sampled_from((EAST, WEST, BOTH, None))
FATES = st.sampled_from(("lives", "dies before", "dies after"))


@given(
    lives=st.lists(st.lists(AUDIENCES, min_size=1, max_size=4), min_size=1, max_size=4),
    data=st.data(),
    fates=st.lists(FATES, max_size=30),
)
def test_counts_are_right_after_any_disorder(
    lives: list[list[str | None]], data: st.DataObject, fates: list[str]
) -> None:
    """Every version of every contact is told of in any order, some twice, over a table that dies now and then."""
    told = [(f"c{number}", version) for number, life in enumerate(lives) for version in range(1, len(life) + 1)]
    order = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=8))))
    table = DyingTable()
    table.fates = fates
    store = TableStore(table, now=lambda: NOW)
    for contact_id, version in order:
        audience = lives[int(contact_id[1:])][version - 1]
        while True:
            try:
                store.count_contact("acme", contact_id, version=version, audience=audience)
            except Retryable:
                continue
            break

    assert store.headcounts("acme") == Counter(life[-1] for life in lives if life[-1])


def test_names_of_others_cannot_be_reached() -> None:
    """An id that holds the separator of keys is refused."""
    store = TableStore(MemoryTable(), now=lambda: NOW)

    with pytest.raises(ValueError, match="#"):
        store.count_contact("acme", "a#b", version=1, audience=EAST)
