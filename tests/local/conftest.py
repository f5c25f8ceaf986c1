"""The local system, empty, on a Wednesday at 10:00 in Chicago, with a clock that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from infra.local.local_api import LocalApi
from infra.local.server import Server, listen, make_application
from infra.local.system import System
from infra.local.tokens import new_key
from tests.local.caller import Caller, over_http, over_wsgi

WEDNESDAY = datetime(2026, 7, 15, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def signing_key() -> RSAPrivateKey:
    """Made once: it takes longer than most tests."""
    return new_key()


@pytest.fixture
def start(signing_key: RSAPrivateKey) -> Iterator[Callable[..., System]]:
    """Starts a system; what is given goes to its constructor. It stops with the test."""
    started: list[System] = []

    def start_system(**options: object) -> System:
        settings = {"public_url": "http://localhost:8000", "at": WEDNESDAY, "clock_runs": False, **options}
        system = System(signing_key=signing_key, **settings)  # type: ignore[arg-type]
        started.append(system)
        system.start()
        return system

    yield start_system
    for system in started:
        system.stop()


@pytest.fixture
def system(start: Callable[..., System]) -> System:
    """An empty system that moves only when it is told to."""
    system = start()
    system.begin()
    return system


@pytest.fixture
def caller(system: System) -> Caller:
    """Nobody in particular."""
    return Caller(over_wsgi(make_application(system.gateway, LocalApi(system))))


@pytest.fixture
def http(system: System) -> Iterator[Caller]:
    """Nobody in particular, over real connections."""
    with listen(0) as listener:
        server = Server(make_application(system.gateway, LocalApi(system)), listener)
        server.start()
        yield Caller(over_http(listener.getsockname()[1]))
        server.stop()
