"""What the store costs in DynamoDB's units: one message's way, and reads that do not grow with what is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engage_sms.adapters import layout
from engage_sms.adapters.layout import to_item
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.table import Item, Put
from engage_sms.domain.consent import Consent, ConsentState, UserConsent
from engage_sms.domain.message import Message, Status, accepted, claim
from engage_sms.errors import Conflict
from engage_sms.ports import Create, Replace
from engage_sms.usecases.record_status import RecordStatus, record_status
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.contracts.entities import HOLD, NOW, OPENING, message
from tests.meter import MeteredTable, size
from tests.usecases.interruption import Interrupted
from tests.world import PHONE, World

SID = "SM" + "0" * 32
LONG = tuple(f"9b2f6a0e-4c1d-4f7a-8e2b-5d3c1a7f9e{number:02d}" for number in range(3))
"""Ids as long as UUIDs: of the organization, the user and the contact."""
SHORT = ("acme", "u-1", "c-1")


@pytest.fixture
def metered() -> MeteredTable:
    """An empty table that counts."""
    return MeteredTable()


def ready_to_text(metered: MeteredTable, ids: tuple[str, str, str], *, known: bool) -> World:
    """A user with a number and a contact who opted in, in a conversation that is begun or not."""
    org_id, user_id, contact_id = ids
    world = World(table=metered)
    world.organization(org_id)
    world.user(user_id, org_id=org_id)
    world.provision(user_id, org_id=org_id)
    world.contact(contact_id, org_id=org_id, owner_id=user_id)
    standing = UserConsent(state=ConsentState.OPTED_IN)
    world.store.commit(Replace(Consent(org_id=org_id, phone=PHONE, users={user_id: standing})))
    world.arrive()
    if known:
        send(world, ids)
    return world


def send(world: World, ids: tuple[str, str, str]) -> Message:
    """One full segment, from the request through relay, dispatch and every callback."""
    org_id, user_id, contact_id = ids
    text = SendMessage(org_id=org_id, user_id=user_id, contact_id=contact_id, body="x" * 160)
    message = send_message(text, world.ports)
    world.arrive()
    return message


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("ids", [SHORT, LONG])
def test_a_message_takes_at_most_eight_write_and_six_read_units(
    metered: MeteredTable, ids: tuple[str, str, str], known: bool
) -> None:
    """From the request to its delivery, with the callbacks `queued`, `sent` and `delivered`."""
    world = ready_to_text(metered, ids, known=known)
    written, read = metered.write_units, metered.read_units
    message = send(world, ids)
    cost = metered.write_units - written, metered.read_units - read
    last = world.message(message)

    assert last.status is Status.DELIVERED
    assert size(metered.table.get(to_item(last).key)) <= 1024
    assert cost[0] <= 8
    assert cost[1] <= 6


def test_a_repeated_callback_costs_a_glance(metered: MeteredTable) -> None:
    """Half a read unit for each report that is known, and no write."""
    world = ready_to_text(metered, SHORT, known=True)
    costs = []
    for repeats in (False, True):
        if repeats:
            world.twilio.inject("callbacks", "duplicated", 3)
        before = metered.write_units, metered.read_units
        send(world, SHORT)
        costs.append((metered.write_units - before[0], metered.read_units - before[1]))

    assert costs[1] == (costs[0][0], costs[0][1] + 1)


@pytest.mark.parametrize("ids", [SHORT, LONG])
def test_a_callback_that_overtakes_the_answer_costs_one_unit(metered: MeteredTable, ids: tuple[str, str, str]) -> None:
    """Whoever comes second to record `sent` loses a conditional write, which DynamoDB bills; no more than that."""
    world = ready_to_text(metered, ids, known=True)
    org_id, user_id, contact_id = ids

    def overtake() -> None:
        newest = world.store.messages(org_id, user_id, contact_id).items[0]
        record_status(RecordStatus(ref=newest.ref, sid=SID, status="sent"), in_time)

    in_time = world.ports
    world.ports = replace(world.ports, twilio=Interrupted(world.ports.twilio, "send", overtake))
    before = metered.write_units
    message = send(world, ids)

    assert metered.write_units - before <= 9
    assert world.message(message).status is Status.DELIVERED


def test_a_write_whose_condition_fails_is_counted(metered: MeteredTable) -> None:
    """As DynamoDB bills it: by the larger of what is there and what was to be put, twice in a transaction."""
    store = TableStore(metered, now=lambda: NOW)
    store.commit(Create(message(1)))
    before = metered.write_units
    with pytest.raises(Conflict):
        store.commit(Create(message(1, body="x" * 1600)))
    alone = metered.write_units - before
    with pytest.raises(Conflict):
        store.commit(Create(message(1)), Create(message(2)))
    together = metered.write_units - before - alone
    store.move(message(1).ref, accepted(now=NOW, sid=SID))
    update = metered.write_units - before - alone - together

    assert (alone, together, update) == (2, 4, 1)


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


@pytest.mark.parametrize(("version", "audience", "units"), [(2, "America/Denver|CO", 6), (2, "America/Chicago|IL", 1)])
def test_counting_a_contact_takes_a_few_units(metered: MeteredTable, version: int, audience: str, units: int) -> None:
    """Four when it is new, six when it moves, one when a version stays; nothing when told again."""
    store = TableStore(metered, now=lambda: NOW)
    for shard in range(16):
        for where in ("America/Chicago|IL", "America/Denver|CO"):
            metered.table.write(
                Put(Item(**layout.headcount("acme", where, shard)._asdict(), kind="", doc={"contacts": 0}))
            )
    before = metered.write_units
    store.count_contact("acme", "new", version=1, audience="America/Chicago|IL")
    first = metered.write_units - before
    store.count_contact("acme", "new", version=version, audience=audience)
    then = metered.write_units - before - first
    store.count_contact("acme", "new", version=version, audience=audience)

    assert (first, then) == (4, units)
    assert metered.write_units - before == first + then
