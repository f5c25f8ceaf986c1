"""Functions over a world in memory, called as API Gateway calls them."""

from __future__ import annotations

import io

import pytest

from engage_sms.edge.telemetry import logger
from tests.functions.gateway import Gateway
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


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """All that is logged; the logger keeps the stream it was born with."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


@pytest.fixture
def api(world: World) -> Gateway:
    """A user."""
    return Gateway(world.ports)


@pytest.fixture
def admin(world: World) -> Gateway:
    return Gateway(world.ports, user_id="u-admin", roles=["admin"])


@pytest.fixture
def platform(world: World) -> Gateway:
    return Gateway(world.ports, user_id="platform", roles=["platform"])
