"""The local system, empty, on a Wednesday at 10:00 in Chicago, with a clock that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def started(signing_key: RSAPrivateKey) -> Iterator[System]:
    """A system that has not begun; it stops with the block."""
    system = System(public_url="http://localhost:8000", at=WEDNESDAY, clock_runs=False, signing_key=signing_key)
    system.start()
    try:
        yield system
    finally:
        system.stop()


@pytest.fixture
def starting(signing_key: RSAPrivateKey) -> Iterator[System]:
    """An empty system that has not begun."""
    with started(signing_key) as system:
        yield system


@pytest.fixture
def system(starting: System) -> System:
    """An empty system that moves only when it is told to."""
    starting.begin()
    return starting


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
