"""Advice on the sending window, from contacts that come, move and change while the stream repeats itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.table import Delete
from engage_sms.domain.window import clock
from engage_sms.errors import Invalid, NotFound
from engage_sms.ports import StateChange
from engage_sms.usecases.advise_window import AdviseWindow, WindowAdvice, advise_window
from engage_sms.usecases.count_contact import count_again
from engage_sms.usecases.put_contact import PutContact, put_contact
from engage_sms.usecases.relay_change import relay_change
from tests.usecases.interruption import Interrupted
from tests.world import ORG, World

CHICAGO, DENVER, LOS_ANGELES = "+13125550101", "+13035550101", "+13105550101"


@pytest.fixture
def world() -> World:
    """An organization with a user and no contacts."""
    world = World()
    world.organization()
    world.user()
    world.settle()
    return world


def put(world: World, contact_id: str, **where: Any) -> None:
    command = PutContact(org_id=ORG, id=contact_id, owner_id="u-1", first_name="Bo", last_name="Diaz", **where)
    put_contact(command, world.ports)


def counts(world: World) -> Counter[str]:
    """By zones alone."""
    found = Counter[str]()
    for name, contacts in world.store.headcounts(ORG).items():
        found[name.partition("|")[0]] += contacts
    return found


def changes(world: World) -> list[StateChange]:
    """What the stream tells, which then nobody else hears."""
    assert isinstance(world.table, MemoryTable)
    return world.table.changes()


def advice(world: World, **changes: Any) -> WindowAdvice:
    named = {f"sms.send_window.{name}": value for name, value in changes.items()}
    return advise_window(AdviseWindow(org_id=ORG, changes=named), world.ports)


# --- counting ---------------------------------------------------------------------------------------------------------


def test_a_contact_counts_where_it_is(world: World) -> None:
    """By area code, and by its own zone once that is known; without a phone it counts nowhere."""
    put(world, "c-1", cell_phone=CHICAGO)
    put(world, "c-2", cell_phone=CHICAGO, time_zone="America/Denver")
    put(world, "c-3", cell_phone=None, state="CA")
    world.settle()
    first = counts(world)
    put(world, "c-1", cell_phone=LOS_ANGELES)
    put(world, "c-2", cell_phone=None)
    put(world, "c-3", cell_phone=DENVER, state="CA")
    world.settle()

    assert first == {"America/Chicago": 1, "America/Denver": 1}
    assert counts(world) == {"America/Los_Angeles": 2}


def test_repeats_of_the_stream_count_once(world: World) -> None:
    """Every change told of three times, and all of them once more from the beginning."""
    told: list[StateChange] = []
    for phone in (CHICAGO, DENVER, CHICAGO, LOS_ANGELES):
        put(world, "c-1", cell_phone=phone)
        told += changes(world)
    for change in [*(each for each in told for _ in range(3)), *told]:
        relay_change(change, world.ports)

    assert counts(world) == {"America/Los_Angeles": 1}


def test_two_relays_at_once_count_once(world: World) -> None:
    """Another relay is through with the same change between this one's read and its write."""
    put(world, "c-1", cell_phone=CHICAGO)
    world.settle()
    put(world, "c-1", cell_phone=DENVER)
    (change,) = changes(world)
    table = Interrupted(world.table, "get", lambda: relay_change(change, world.ports))
    slower = replace(world.ports, store=TableStore(table, now=world.clock))
    relay_change(change, slower)

    assert counts(world) == {"America/Denver": 1}


def test_a_name_or_an_owner_costs_nothing(world: World) -> None:
    """A contact that stays where it is leaves the counts alone, down to the last item."""
    put(world, "c-1", cell_phone=CHICAGO)
    world.settle()
    before = world.store.table.query(f"ORG#{ORG}#CONTACT#c-1")
    put(world, "c-1", cell_phone=CHICAGO, email="bo@mail.example")
    world.settle()

    assert world.store.table.query(f"ORG#{ORG}#CONTACT#c-1") == before


def test_everybody_is_counted_again(world: World) -> None:
    """After the counts were lost, and any number of times, beside contacts that change meanwhile."""
    for number, phone in enumerate((CHICAGO, CHICAGO, DENVER)):
        put(world, f"c-{number}", cell_phone=phone)
    changes(world)
    lost = counts(world)
    counted = count_again(ORG, world.store)
    put(world, "c-0", cell_phone=DENVER)
    world.settle()
    again = count_again(ORG, world.store)

    assert (lost, counted, again) == ({}, 3, 3)
    assert counts(world) == {"America/Chicago": 1, "America/Denver": 2}


def test_a_contact_counted_by_old_facts_moves(world: World) -> None:
    """Its version is the same; what is known of its area code is not."""
    put(world, "c-1", cell_phone=DENVER)
    world.store.count_contact(ORG, "c-1", version=1, audience="America/Chicago|IL")
    world.settle()

    assert counts(world) == {"America/Denver": 1}


# --- advice -----------------------------------------------------------------------------------------------------------


def test_the_advice_is_for_the_contacts_there_are(world: World) -> None:
    """Two too early by an hour or two, for the year from today in the organization's zone."""
    for number, phone in enumerate((CHICAGO, DENVER, LOS_ANGELES)):
        put(world, f"c-{number}", cell_phone=phone)
    world.settle()
    given = advice(world).advice

    assert given.contacts == 3
    assert sorted(fit.early for _, fit in given.groups) == [0, 60, 120]
    assert (given.first, given.last) == (date(2026, 7, 15), date(2027, 7, 14))
    assert given.widest_for_all is not None
    assert (clock(given.widest_for_all.start), clock(given.widest_for_all.end)) == ("10:00", "21:00")


def test_states_that_share_their_hours_are_one_group(world: World) -> None:
    """Under the federal hours only the zones matter."""
    for number, phone in enumerate((LOS_ANGELES, "+12065550101", "+15035550101")):
        put(world, f"c-{number}", cell_phone=phone)
    world.settle()
    ((group, _),) = advice(world).advice.groups

    assert (group.contacts, group.zones, group.states) == (3, ("America/Los_Angeles",), ("CA", "OR", "WA"))


def test_with_recipient_hours_off_the_law_is_still_the_measure(world: World) -> None:
    """That is when one needs to know."""
    put(world, "c-1", cell_phone=LOS_ANGELES)
    world.settle()
    ((_, fit),) = advice(world, recipient_hours="off").advice.groups

    assert fit.early == 120


def test_a_window_is_thought_of_without_being_set(world: World) -> None:
    """The advice is for the changed window, in its zone; the settings stay."""
    put(world, "c-1", cell_phone=LOS_ANGELES)
    world.settle()
    given = advice(world, start_time="10:00", end_time="19:00", time_zone="America/New_York")
    organization = world.store.organization(ORG)

    assert [fit.early for _, fit in given.advice.groups] == [60]
    assert given.settings.send_window_time_zone == "America/New_York"
    assert organization is not None
    assert organization.settings == {}


def test_an_impossible_window_is_refused(world: World) -> None:
    """Named by its setting, as when it is set; and nobody gets advice for an organization that is none."""
    with pytest.raises(Invalid, match="end_time"):
        advice(world, start_time="08:00", end_time="08:00")
    with pytest.raises(NotFound):
        advise_window(AdviseWindow(org_id="nobody"), world.ports)


def test_nothing_is_read_of_the_contacts(world: World) -> None:
    """Advice costs the same for ten contacts as for a million."""
    put(world, "c-1", cell_phone=CHICAGO)
    world.settle()
    for item in world.store.table.query(f"ORG#{ORG}#CONTACTS"):
        world.store.table.write(Delete(item.key))

    assert advice(world).advice.contacts == 1
