"""What the store costs in DynamoDB's units: one message's way, and reads that do not grow with what is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engage_sms.adapters.layout import to_item
from engage_sms.adapters.store import TableStore
from engage_sms.domain.message import Status, accepted, claim, reported
from engage_sms.ports import Create
from tests.contracts.entities import HOLD, NOW, OPENING, message, message_id
from tests.meter import MeteredTable, size

UUID = "9b2f6a0e-4c1d-4f7a-8e2b-5d3c1a7f9e{:02d}"
LONG_IDS = {
    "id": "01J2W3X4Y5Z6A7B8C9D0E1F2G3",
    "org_id": UUID.format(1),
    "user_id": UUID.format(2),
    "contact_id": UUID.format(3),
}
SID = "SM" + "0" * 32


@pytest.fixture
def metered() -> MeteredTable:
    """An empty table that counts."""
    return MeteredTable()


@pytest.mark.parametrize("conversation", ["new", "known"])
@pytest.mark.parametrize("ids", ["short", "long"])
def test_a_message_takes_at_most_eight_write_units(metered: MeteredTable, conversation: str, ids: str) -> None:
    """From the request to its delivery, for a full segment and with ids as long as UUIDs."""
    store = TableStore(metered, now=lambda: NOW)
    text = message(2, body="x" * 160, **(LONG_IDS if ids == "long" else {}))
    if conversation == "known":
        store.saw_message(message(1, **LONG_IDS | {"id": message_id(1)} if ids == "long" else {}))
    before = metered.write_units, metered.read_units
    store.commit(Create(text))
    store.saw_message(text)
    store.move(text.ref, claim(now=NOW, lease=timedelta(seconds=90)))
    store.move(text.ref, accepted(now=NOW, sid=SID))
    sent = reported(now=NOW, twilio_status="sent", sid=SID)
    delivered = reported(now=NOW, twilio_status="delivered", sid=SID)
    assert sent is not None
    assert delivered is not None
    last = store.move(text.ref, delivered)

    assert last is not None
    assert last.status is Status.DELIVERED
    assert size(metered.table.get(to_item(last).key)) <= 1024
    assert metered.write_units - before[0] <= 8
    assert metered.read_units - before[1] <= 1


def test_holding_and_releasing_costs_two_index_writes(metered: MeteredTable) -> None:
    """$1.25 a million above the common path: an entry when it is held, its removal when it is claimed."""
    store = TableStore(metered, now=lambda: NOW)
    plain, held = message(1), message(2, status=Status.HELD, hold=HOLD)
    for text in (plain, held):
        store.commit(Create(text))
        before = metered.write_units
        store.move(text.ref, claim(now=OPENING, lease=timedelta(seconds=90)))

    assert metered.write_units - before == 2
    assert metered.write_units == 2 + 4


def test_a_page_costs_the_same_in_a_long_conversation(metered: MeteredTable) -> None:
    """Fifty of ten thousand messages take as many read units as fifty of fifty-one."""
    store = TableStore(metered, now=lambda: NOW)
    costs = []
    for total in (51, 10_000):
        for number in range(total):
            metered.table.write(*store._writes(Create(message(number, contact_id=f"c{total:06d}"))))
        before = metered.read_units
        store.messages("acme", "ann", f"c{total:06d}", limit=50)
        costs.append(metered.read_units - before)

    assert costs[0] == costs[1]
