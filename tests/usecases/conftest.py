"""The worlds that use cases are tried in."""

import pytest

from tests.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def ready(world: World) -> World:
    return world.ready()


@pytest.fixture
def opted_in(world: World) -> World:
    return world.opted_in()
