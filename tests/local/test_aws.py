"""moto as the local system uses it: whole transactions, one at a time, and an environment that is given back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from engage_sms import topology
from infra.local.aws import REGION, LocalAws
from infra.local.resources import create_table

TABLE = "table"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client, with a table made like the state's; the user's own variables stand in the way."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere.example")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    aws = LocalAws()
    aws.start({"ENGAGE_EXTRA": "1"})
    client = boto3.client("dynamodb", region_name=REGION)
    create_table(client, topology.STATE, TABLE)
    try:
        yield client
    finally:
        aws.stop()


def key(name: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": name}, "sk": {"S": "-"}}


def add_one(name: str, condition: str | None = None) -> dict[str, Any]:
    update = {
        "TableName": TABLE,
        "Key": key(name),
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    return update | ({"ConditionExpression": condition} if condition else {})


def count(dynamodb: Any, name: str) -> int:
    return int(dynamodb.get_item(TableName=TABLE, Key=key(name)).get("Item", {}).get("n", {"N": "0"})["N"])


def test_a_transaction_that_fails_leaves_everything_as_it_was(dynamodb: Any) -> None:
    """Updates, puts and the change stream of the part that went well are taken back."""
    dynamodb.update_item(**add_one("old"))
    streams = boto3.client("dynamodbstreams", region_name=REGION)
    before = _changes(streams)
    with pytest.raises(ClientError, match="TransactionCanceled"):
        dynamodb.transact_write_items(
            TransactItems=[
                {"Update": add_one("old")},
                {"Put": {"TableName": TABLE, "Item": key("new")}},
                {"Update": add_one("absent", "attribute_exists(pk)")},
            ]
        )

    assert count(dynamodb, "old") == 1
    assert "Item" not in dynamodb.get_item(TableName=TABLE, Key=key("new"))
    assert _changes(streams) == before


def test_a_transaction_that_succeeds_is_seen_with_its_changes(dynamodb: Any) -> None:
    """The stream has the image from before each update and the one after."""
    dynamodb.update_item(**add_one("a"))
    dynamodb.transact_write_items(TransactItems=[{"Update": add_one("a")}, {"Update": add_one("b")}])
    changes = _changes(boto3.client("dynamodbstreams", region_name=REGION))
    (last,) = [change for change in changes if "OldImage" in change]

    assert (count(dynamodb, "a"), count(dynamodb, "b")) == (2, 1)
    assert (last["OldImage"]["n"], last["NewImage"]["n"]) == ({"N": "1"}, {"N": "2"})


def test_no_update_is_lost_between_threads(dynamodb: Any) -> None:
    """Calls take turns."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: dynamodb.update_item(**add_one("shared")), range(120)))

    assert count(dynamodb, "shared") == 120


def test_the_environment_is_taken_over_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile or an endpoint of the user's cannot lead out of the machine, and is there again afterwards."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere.example")
    before = dict(os.environ)
    aws = LocalAws()
    aws.start({"ENGAGE_EXTRA": "1"})
    during = dict(os.environ)
    aws.stop()

    assert "AWS_ENDPOINT_URL" not in during
    assert (during["ENGAGE_EXTRA"], during["AWS_REGION"]) == ("1", REGION)
    assert dict(os.environ) == before


def _changes(streams: Any) -> list[dict[str, Any]]:
    arn = streams.list_streams(TableName=TABLE)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return [record["dynamodb"] for record in records]
