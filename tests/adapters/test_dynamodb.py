"""The table in DynamoDB: its schema, how it reacts to refusals, and what a message costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from engage_sms import topology
from engage_sms.adapters.dynamodb import ATTEMPTS, DynamoTable
from engage_sms.adapters.dynamodb_model import from_wire, model_of, to_wire
from engage_sms.adapters.table import Absent, Item, Key, Put, Update
from engage_sms.errors import Conflict, Retryable
from infra.local.resources import create_table

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(-1e9, 1e9, width=32) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ITEM = Item(pk="a", sk="b", kind="x")


@given(value=PLAIN)
def test_a_document_comes_back_as_it_was(value: Any) -> None:
    """Whatever strings, numbers, lists and maps it holds."""
    assert from_wire(to_wire(value)) == value


def test_a_document_holds_plain_values_only() -> None:
    """Bytes or sets are a mistake in the program."""
    with pytest.raises(TypeError):
        to_wire({"a": b"bytes"})
    with pytest.raises(TypeError):
        from_wire({"B": b"bytes"})


def test_the_model_describes_the_table_of_the_topology() -> None:
    """PynamoDB's keys and index are those the table is made with."""
    with mock_aws():
        client = boto3.client("dynamodb")
        create_table(client, topology.STATE, "made-from-topology")
        model = model_of("made-from-model")
        model.create_table(billing_mode="PAY_PER_REQUEST")
        ours, theirs = (client.describe_table(TableName=n)["Table"] for n in ("made-from-topology", "made-from-model"))

    for part in ("KeySchema", "AttributeDefinitions"):
        assert sorted(ours[part], key=str) == sorted(theirs[part], key=str)
    (our_index,), (their_index,) = ours["GlobalSecondaryIndexes"], theirs["GlobalSecondaryIndexes"]
    for part in ("IndexName", "KeySchema", "Projection"):
        assert our_index[part] == their_index[part]


class Refusing:
    """A client that answers each call with the next error, then with nothing."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return {}


def refused(code: str, *reasons: str) -> Exception:
    """What DynamoDB answers: an error code, and for a transaction why each of its items failed."""
    response: Any = {"Error": {"Code": code}, "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return ClientError(response, "PutItem")


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[DynamoTable, Refusing, list[float]]]:
    """A table whose client refuses as told; and the waits between its attempts."""

    def make(*errors: Exception) -> tuple[DynamoTable, Refusing, list[float]]:
        waits: list[float] = []
        table = DynamoTable("state", sleep=waits.append)
        client = Refusing(*errors)
        connection = table._connection()
        monkeypatch.setattr(connection.client, "_make_api_call", client)
        return table, client, waits

    return make


@pytest.mark.parametrize(
    ("error", "reaction"),
    [
        (refused("ConditionalCheckFailedException"), Conflict),
        (refused("TransactionCanceledException", "None", "ConditionalCheckFailed"), Conflict),
        (refused("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed"), Conflict),
        (refused("ProvisionedThroughputExceededException"), Retryable),
        (refused("ThrottlingException"), Retryable),
        (refused("TransactionCanceledException", "None", "ProvisionedThroughputExceeded"), Retryable),
        (ReadTimeoutError(endpoint_url="https://dynamodb.example"), Retryable),
    ],
)
def test_a_refusal_comes_as_the_reaction_it_asks_for(refusing: Any, error: Exception, reaction: type) -> None:
    """A failed condition is a lost race; a busy table is not."""
    table, client, _ = refusing(error)

    with pytest.raises(Retryable) as caught:
        table.write(Put(ITEM, (Absent(),)), Put(Item(pk="a", sk="c", kind="x")))
    assert type(caught.value) is reaction
    assert client.calls == 1


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException", "AccessDeniedException"])
def test_a_mistake_is_not_retryable(refusing: Any, code: str) -> None:
    """It would fail in the same way forever."""
    table, _, _ = refusing(refused(code))

    with pytest.raises(Exception, match="put item") as caught:
        table.write(Put(ITEM))
    assert not isinstance(caught.value, Retryable)


def test_a_write_that_met_a_transaction_is_written_again(refusing: Any) -> None:
    """Nobody looked at its condition: it did not lose a race. It waits a little longer each time."""
    collision = [refused("TransactionConflictException")] * (ATTEMPTS - 1)
    table, client, waits = refusing(*collision)
    table.write(Put(ITEM, (Absent(),)))

    assert client.calls == ATTEMPTS
    assert len(waits) == ATTEMPTS - 1
    assert all(0 <= wait <= 0.02 * 2**attempt for attempt, wait in enumerate(waits, start=1))


def test_a_write_that_keeps_meeting_transactions_gives_up(refusing: Any) -> None:
    """As something to try later, never as a conflict: the subject of a job is not counted yet."""
    table, client, _ = refusing(*[refused("TransactionCanceledException", "None", "TransactionConflict")] * ATTEMPTS)

    with pytest.raises(Retryable) as caught:
        table.write(Put(ITEM, (Absent(),)), Put(Item(pk="a", sk="c", kind="x")))
    assert not isinstance(caught.value, Conflict)
    assert client.calls == ATTEMPTS


def test_an_update_that_lost_its_race_says_so(refusing: Any) -> None:
    """And one that the table was too busy for does not."""
    table, _, _ = refusing(refused("ConditionalCheckFailedException"), refused("ThrottlingException"))

    assert table.update(Update(key=Key("a", "b"), set={"x": 1})) is None
    with pytest.raises(Retryable):
        table.update(Update(key=Key("a", "b"), set={"x": 1}))
