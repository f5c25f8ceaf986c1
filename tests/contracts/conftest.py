"""The subjects of the contract suites: each port in memory, and the same port over AWS as moto plays it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from moto import mock_aws

from engage_sms import topology
from engage_sms.adapters.dynamodb import DynamoTable
from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.store import TableStore
from infra.local.resources import create_resources, create_table
from tests.contracts.subject import Subject, stream_of

_numbers = count(1)


@pytest.fixture(scope="module")
def moto(environment: None) -> Iterator[None]:
    """AWS in this process, for a module."""
    with mock_aws():
        yield


@pytest.fixture
def resources() -> Iterator[dict[str, str]]:
    """AWS in this process with everything of the topology, for one test; the value is the environment."""
    with mock_aws():
        yield create_resources(boto3.client, public_url="https://sms.example.com")


@pytest.fixture(params=["memory", "dynamodb"])
def subject(request: pytest.FixtureRequest, clock: Any) -> Subject:
    """An empty store of each kind."""
    if request.param == "memory":
        table = MemoryTable()
        return Subject(TableStore(table, now=clock), table.changes)
    request.getfixturevalue("moto")
    name = f"state-{next(_numbers)}"
    create_table(boto3.client("dynamodb"), topology.STATE, name)
    return Subject(TableStore(DynamoTable(name), now=clock), lambda: stream_of(name))


@pytest.fixture
def store(subject: Subject) -> TableStore:
    """An empty store of each kind."""
    return subject.store
