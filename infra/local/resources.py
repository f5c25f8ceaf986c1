"""The topology's tables, queues and bus, made through the AWS API: under moto, or in any emulator."""

from __future__ import annotations

import json
from typing import Any, Protocol

from engage_sms import topology

STAGE = "local"
DEAD_LETTERS_KEPT = 14 * 24 * 3600
"""Seconds; the longest that SQS keeps a message."""


class ClientFactory(Protocol):
    """`boto3.client`, or something like it."""

    def __call__(self, service: str) -> Any: ...


def resource_name(part: str) -> str:
    """The physical name of a resource of the local stage."""
    return f"{topology.SERVICE}-{STAGE}-{part}"


def create_resources(client: ClientFactory, *, public_url: str) -> dict[str, str]:
    """Makes everything, and returns the environment that `Config.read` takes. `public_url` without a trailing slash."""
    dynamodb, sqs = client("dynamodb"), client("sqs")
    for table in topology.TABLES:
        create_table(dynamodb, table, resource_name(table.name))
    urls = {queue.name: create_queue(sqs, queue) for queue in topology.QUEUES}
    for function in topology.FUNCTIONS:
        if function.asynchronous and not function.consumes:
            create_dead_letters(sqs, function.name)
    bus = f"{topology.SERVICE}-{STAGE}"
    client("events").create_event_bus(Name=bus)
    return {
        "STAGE": STAGE,
        "STATE_TABLE": resource_name(topology.STATE.name),
        "IDEMPOTENCY_TABLE": resource_name(topology.IDEMPOTENCY.name),
        "PEOPLE_QUEUE_URL": urls[topology.PEOPLE.name],
        "AUTOMATION_QUEUE_URL": urls[topology.AUTOMATION.name],
        "JOBS_QUEUE_URL": urls[topology.JOBS.name],
        "EVENT_BUS_NAME": bus,
        "PARAMETER_PREFIX": f"/{topology.SERVICE}/{STAGE}",
        "PUBLIC_URL": public_url,
    }


def create_table(dynamodb: Any, table: topology.Table, name: str) -> None:
    """The table, on demand, with its index, change stream (old and new images) and time to live."""
    keys = [key for key in (table.partition_key, table.sort_key) if key]
    index_keys = ["ipk", "isk"] if table.index else []
    request: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys + index_keys],
        "KeySchema": _key_schema(keys),
    }
    if table.index:
        request["GlobalSecondaryIndexes"] = [
            {
                "IndexName": table.index,
                "KeySchema": _key_schema(index_keys),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ]
    if table.stream:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    dynamodb.create_table(**request)
    if table.ttl:
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl}
        )


def _key_schema(keys: list[str]) -> list[dict[str, str]]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def create_queue(sqs: Any, queue: topology.Queue) -> str:
    """The queue and its dead-letter queue; returns its URL."""
    redrive = {"deadLetterTargetArn": create_dead_letters(sqs, queue.name), "maxReceiveCount": queue.max_receives}
    attributes = {"VisibilityTimeout": str(queue.visibility), "RedrivePolicy": json.dumps(redrive)}
    url: str = sqs.create_queue(QueueName=resource_name(queue.name), Attributes=attributes)["QueueUrl"]
    return url


def create_dead_letters(sqs: Any, name: str) -> str:
    """The queue for what `name` (a queue or a function) could not handle; returns its ARN."""
    attributes = {"MessageRetentionPeriod": str(DEAD_LETTERS_KEPT)}
    url = sqs.create_queue(QueueName=resource_name(f"{name}-dlq"), Attributes=attributes)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return arn
