"""Organizations take turns at what a clock starts, for as long as there is time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engage_sms.usecases.turns import Turns
from tests.world import World

ORGANIZATIONS = {f"o-{number}" for number in range(20)}


@pytest.fixture
def many(world: World) -> World:
    for org_id in sorted(ORGANIZATIONS):
        world.organization(org_id)
    return world


def turns_of(world: World, **time: float) -> Turns:
    """With so much time from now on."""
    return Turns(world.store.organizations(), until=world.clock.instant + timedelta(**time), now=world.clock)


def test_with_time_enough_each_has_one_turn(many: World) -> None:
    """And none is missed."""
    turns = turns_of(many, minutes=1)
    had = [organization.id for organization in turns]

    assert sorted(had) == sorted(ORGANIZATIONS)
    assert turns.missed == 0


def test_no_turn_begins_once_the_time_is_over(many: World) -> None:
    """Who was missed is counted."""
    turns = turns_of(many, seconds=5)
    had = 0
    for _ in turns:
        had += 1
        many.clock.advance(seconds=1)

    assert had == 5
    assert turns.missed == len(ORGANIZATIONS) - 5


def test_runs_that_are_too_short_for_all_reach_everybody(many: World) -> None:
    """Each run has another order, so that none is always the last."""
    reached: set[str] = set()
    for _ in range(24):
        turns = turns_of(many, seconds=5)
        for organization in turns:
            reached.add(organization.id)
            many.clock.advance(seconds=1)
        many.clock.advance(hours=1)

    assert reached == ORGANIZATIONS
