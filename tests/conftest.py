"""What every test starts from: no network, a clean environment, a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, socket_allow_hosts
from ulid import ULID

from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.store import TableStore

settings.register_profile("engage", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("engage")

LOOPBACK = {"enable_socket", "ministack", "emulator"}
FOREIGN = ("AWS_", "POWERTOOLS_", "TWILIO_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # moto answers DescribeStream only at the endpoint without an account's id.
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "engage-sms",
    "POWERTOOLS_METRICS_NAMESPACE": "engage-sms",
}


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    """Nothing of the machine's own configuration, and credentials that open nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith(FOREIGN):
                patch.delenv(name)
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def network(request: pytest.FixtureRequest) -> None:
    """No sockets; loopback for tests with one of the marks of LOOPBACK and for those of the local system."""
    loopback = LOOPBACK & {mark.name for mark in request.node.iter_markers()}
    if loopback or "local" in request.path.relative_to(request.config.rootpath).parts:
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


class Clock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> datetime:
        """Takes what `timedelta` takes: `clock.advance(hours=12)`."""
        self.now += timedelta(**duration)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Wednesday, 10 o'clock in Chicago: inside the default sending window."""
    return Clock(datetime(2026, 7, 15, 15, 0, tzinfo=UTC))


class Ids:
    """ULIDs of the clock's instant that count up: the same in every run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        milliseconds = int(self._clock().timestamp() * 1000)
        return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + self._count.to_bytes(10, "big")))


@pytest.fixture
def ids(clock: Clock) -> Ids:
    """Ids that are the same in every run."""
    return Ids(clock)


@pytest.fixture
def table() -> MemoryTable:
    """An empty table in memory, whose change stream is `table.changes()`."""
    return MemoryTable()


@pytest.fixture
def store(table: MemoryTable, clock: Clock) -> TableStore:
    """A store over `table`."""
    return TableStore(table, now=clock)
