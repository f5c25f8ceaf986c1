"""What the store's contract suites are run against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import boto3

from engage_sms.adapters.changes import decode_stream_record
from engage_sms.adapters.store import TableStore
from engage_sms.ports import StateChange


@dataclass(frozen=True)
class Subject:
    """A store, and what its change stream says since the beginning."""

    store: TableStore
    changes: Callable[[], list[StateChange]]


def stream_of(table_name: str) -> list[StateChange]:
    """Everything in the table's change stream that is about entities."""
    streams = boto3.client("dynamodbstreams")
    arn = streams.list_streams(TableName=table_name)["Streams"][0]["StreamArn"]
    shards = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    records = []
    for shard in shards:
        iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        records += streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return [change for change in map(decode_stream_record, records) if change is not None]
