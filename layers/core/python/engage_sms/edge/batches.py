"""Batches from queues and streams: each record by itself, so that one that fails or cannot be read holds up no other.

The answer names the records to deliver again; after the queue's `max_receives` they end in the dead-letter queue. A
loop of our own: Powertools' loads asyncio and every kind of event for it, a twelfth of the functions' start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from engage_sms.domain.message import MessageRef
from engage_sms.edge.telemetry import count, log_failure
from engage_sms.errors import Permanent
from engage_sms.metrics import RECORDS_FAILED
from engage_sms.topology import Queue

Record = Mapping[str, Any]


class QueueMessage(NamedTuple):
    """A queue message's body, and how often it was delivered, this time included."""

    body: Mapping[str, str]
    deliveries: int


def each_message(event: Mapping[str, Any], work: Callable[[QueueMessage], None]) -> dict[str, Any]:
    """Works on each SQS record's JSON body. Raises nothing; a body that is no object of texts counts as failed."""
    return _each(event, lambda record: work(_read(record)), id_of=lambda record: str(record["messageId"]))


def each_change(event: Mapping[str, Any], work: Callable[[Record], None]) -> dict[str, Any]:
    """Works on each record of a DynamoDB stream. Raises nothing."""
    return _each(event, work, id_of=lambda record: str(record["dynamodb"]["SequenceNumber"]))


def messages_from(queue: Queue, event: Mapping[str, Any]) -> list[MessageRef]:
    """The messages that this queue delivered; records that cannot be read are left to `each_message`."""
    refs = []
    for record in event["Records"]:
        if record["eventSourceARN"].endswith(queue.name):
            with suppress(ValueError, Permanent):
                refs.append(message_ref(_read(record).body))
    return refs


def message_ref(body: Mapping[str, str]) -> MessageRef:
    """The message that a body on a dispatch queue points to. Raises Permanent when it points to none."""
    try:
        return MessageRef(**body)
    except TypeError as wrong:
        raise Permanent("The queue message points to no message.") from wrong


def _each(
    event: Mapping[str, Any], work: Callable[[Record], None], *, id_of: Callable[[Record], str]
) -> dict[str, Any]:
    """`id_of` gives the name under which Lambda knows a record."""
    failed = []
    for record in event["Records"]:
        try:
            work(record)
        except Exception as error:  # noqa: BLE001  whatever it is, the next record gets its turn
            log_failure("A record failed and will be delivered again.", error, record=id_of(record))
            count(RECORDS_FAILED)
            failed.append({"itemIdentifier": id_of(record)})
    return {"batchItemFailures": failed}


def _read(record: Record) -> QueueMessage:
    body = json.loads(record["body"])
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise Permanent("The queue message is no JSON object of texts.")
    return QueueMessage(body, int(record["attributes"]["ApproximateReceiveCount"]))
