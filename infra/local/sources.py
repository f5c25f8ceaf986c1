"""What starts the asynchronous functions: queues, the change stream, schedules, the event bus, Twilio.

What is due is looked up in moto's own state, which costs nothing; what is then received comes through AWS's API, as it
would come to Lambda.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from engage_sms import topology
from infra.local.aws import ACCOUNT, REGION
from infra.local.clock import LocalClock
from infra.local.events import queue_event, scheduled_event, stream_event
from infra.local.functions import FunctionFailed, Functions
from infra.local.schedules import next_tick
from infra.local.twilio.fake import FakeTwilio

STREAM_BATCH = 100
STREAM_RETRIES = 10
LAMBDA_RETRIES = (timedelta(minutes=1), timedelta(minutes=2))
"""After a function failed that nobody waits for (docs.aws.amazon.com/lambda, "Asynchronous invocation")."""
_MOMENT = timedelta(milliseconds=1)


class SqsQueue:
    """A queue as its consumer sees it."""

    def __init__(self, name: str, sqs: Any) -> None:
        """`sqs` is a client; its making takes longer than most calls."""
        self.name = name
        self._sqs = sqs
        self._url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def waiting(self) -> list[datetime]:
        """When each message that is in the queue can be received."""
        queue = sqs_backends[ACCOUNT][REGION].queues[self.name]
        # moto shows a message again later than `visible_at`, never at that very millisecond
        moments = [max(message.visible_at, message.delayed_until) for message in list(queue._messages)]
        return [datetime.fromtimestamp(moment / 1000, UTC) + _MOMENT for moment in moments]

    def receive(self, most: int = 10) -> list[dict[str, Any]]:
        """At most `most` messages; none is received again before its visibility timeout is over."""
        found = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=most, MessageSystemAttributeNames=["All"]
        )
        return [dict(message) for message in found.get("Messages", [])]

    def delete(self, message: Mapping[str, Any]) -> None:
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])

    def send(self, body: Any) -> None:
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(body))

    def bodies(self) -> list[str]:
        """What is in the queue, without receiving it."""
        return [message.body for message in list(sqs_backends[ACCOUNT][REGION].queues[self.name]._messages)]


class QueueSource:
    """Gives a queue's messages to its consumer; those that it reports as failed come again, in the end to the DLQ."""

    patient = False

    def __init__(
        self, queue: SqsQueue, described: topology.Queue, consumer: str, functions: Functions, clock: LocalClock
    ) -> None:
        self._queue = queue
        self._described = described
        self._consumer = consumer
        self._functions = functions
        self._clock = clock

    def next_due(self) -> datetime | None:
        return min(self._queue.waiting(), default=None)

    def run_due(self) -> bool:
        due = self.next_due()
        if due is None or due > self._clock.now():
            return False
        messages = self._queue.receive(self._described.batch_size)
        if not messages:
            return True  # they went to the dead-letter queue
        failed = self._failed(messages)
        for message in messages:
            if message["MessageId"] not in failed:
                self._queue.delete(message)
        return True

    def _failed(self, messages: list[dict[str, Any]]) -> set[str]:
        everything = {message["MessageId"] for message in messages}
        try:
            answer = self._functions.invoke(self._consumer, queue_event(self._queue.name, messages))
        except FunctionFailed:
            return everything
        failed = failures(answer)
        return min(failed, everything)


class StreamSource:
    """Gives a table's changes, in their order, to the function that follows them."""

    patient = False

    def __init__(
        self, table: str, follower: str, dead_letters: SqsQueue, functions: Functions, dynamodbstreams: Any
    ) -> None:
        self._table = table
        self._follower = follower
        self._dead_letters = dead_letters
        self._functions = functions
        self._client = dynamodbstreams
        self._arn: str = self._client.list_streams(TableName=table)["Streams"][0]["StreamArn"]
        self._shard: str = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"][0][
            "ShardId"
        ]
        self._position = self._written()
        """How many of the stream's records were dealt with; those from before the start are nobody's business."""
        self._attempts = 0

    def _written(self) -> int:
        shard = dynamodb_backends[ACCOUNT][REGION].tables[self._table].stream_shard
        return len(shard.items) if shard else 0

    def next_due(self) -> datetime | None:
        return datetime.now(UTC) if self._written() > self._position else None

    def run_due(self) -> bool:
        if self._written() <= self._position:
            return False
        # a batch with a bad record in it gets smaller until the record is alone
        records = self._read(STREAM_BATCH if not self._attempts else 1)
        done = self._done(records)
        self._position += done
        if done == len(records):
            self._attempts = 0
            return True
        self._attempts += 1
        if self._attempts > STREAM_RETRIES:
            self._give_up(records[done])
        return True

    def _read(self, most: int) -> list[dict[str, Any]]:
        first = int(self._first_sequence_number()) + self._position
        iterator = self._client.get_shard_iterator(
            StreamArn=self._arn,
            ShardId=self._shard,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=str(first),
        )["ShardIterator"]
        return [dict(record) for record in self._client.get_records(ShardIterator=iterator, Limit=most)["Records"]]

    def _first_sequence_number(self) -> str:
        shard = dynamodb_backends[ACCOUNT][REGION].tables[self._table].stream_shard
        return str(shard.starting_sequence_number if shard else 0)

    def _done(self, records: list[dict[str, Any]]) -> int:
        """How many of the records, from the first on, need not come again."""
        try:
            answer = self._functions.invoke(self._follower, stream_event(records, stream_arn=self._arn))
        except FunctionFailed:
            return 0
        failed = failures(answer)
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        if not failed:
            return len(records)
        return min((numbers.index(number) for number in failed if number in numbers), default=0)

    def _give_up(self, record: Mapping[str, Any]) -> None:
        """Only the position is kept, as Lambda does; the record is readable in the stream for 24 hours."""
        number = record["dynamodb"]["SequenceNumber"]
        batch = {"shardId": self._shard, "startSequenceNumber": number, "endSequenceNumber": number, "batchSize": 1}
        self._dead_letters.send(
            {
                "requestContext": {"condition": "RetryAttemptsExhausted"},
                "DDBStreamBatchInfo": {**batch, "streamArn": self._arn},
            }
        )
        self._position += 1
        self._attempts = 0


class Invocations:
    """Starts functions whose answer nobody waits for: two more attempts, then the dead-letter queue."""

    patient = True

    def __init__(self, functions: Functions, dead_letters: Mapping[str, SqsQueue], clock: LocalClock) -> None:
        self._functions = functions
        self._dead_letters = dead_letters
        self._clock = clock
        self._again: list[tuple[datetime, int, str, dict[str, Any], int]] = []
        self._order = count()

    def invoke(self, function: str, event: dict[str, Any], *, attempt: int = 0) -> None:
        try:
            self._functions.invoke(function, event)
        except FunctionFailed as failure:
            if attempt < len(LAMBDA_RETRIES):
                due = self._clock.now() + LAMBDA_RETRIES[attempt]
                heapq.heappush(self._again, (due, next(self._order), function, event, attempt + 1))
            else:
                self._dead_letters[function].send(_failed_invocation(event, failure))

    def next_due(self) -> datetime | None:
        return self._again[0][0] if self._again else None

    def run_due(self) -> bool:
        if not self._again or self._again[0][0] > self._clock.now():
            return False
        _, _, function, event, attempt = heapq.heappop(self._again)
        self.invoke(function, event, attempt=attempt)
        return True


class EventSource:
    """Gives the events that a rule of the bus matched to its function."""

    patient = False

    def __init__(self, queue: SqsQueue, listener: Callable[[dict[str, Any]], None], clock: LocalClock) -> None:
        self._queue = queue
        self._listener = listener
        self._clock = clock

    def next_due(self) -> datetime | None:
        return min(self._queue.waiting(), default=None)

    def run_due(self) -> bool:
        due = self.next_due()
        if due is None or due > self._clock.now():
            return False
        for message in self._queue.receive():
            self._queue.delete(message)
            self._listener(json.loads(message["Body"]))
        return True


class ScheduleSource:
    """Ticks a schedule. `quiet_until` says from when on a tick can find something to do; None: nothing is planned.

    The clock is not stopped for ticks before that; one that comes by itself is carried out.
    """

    patient = True

    def __init__(
        self,
        function: str,
        schedule: topology.Schedule,
        invocations: Invocations,
        clock: LocalClock,
        quiet_until: Callable[[], datetime | None] | None = None,
    ) -> None:
        self._function = function
        self._schedule = schedule
        self._invocations = invocations
        self._clock = clock
        self._quiet_until = quiet_until
        self._next = next_tick(schedule.expression, clock.now())

    def next_due(self) -> datetime | None:
        if self._quiet_until is None:
            return self._next
        quiet_until = self._quiet_until()
        if quiet_until is None:
            return None
        return max(self._next, next_tick(self._schedule.expression, quiet_until - _MOMENT))

    def run_due(self) -> bool:
        now = self._clock.now()
        if now < self._next:
            return False
        at, self._next = self._next, next_tick(self._schedule.expression, now)
        self._invocations.invoke(self._function, scheduled_event(self._schedule.name, event_id=str(uuid4()), at=at))
        return True


class TwilioSource:
    """Lets Twilio's messages move on and its webhooks come."""

    patient = False

    def __init__(self, twilio: FakeTwilio) -> None:
        self._twilio = twilio

    def next_due(self) -> datetime | None:
        return self._twilio.next_due()

    def run_due(self) -> bool:
        return self._twilio.run_due() > 0


def failures(answer: Any) -> set[str]:
    """The items that a batch's answer reports as failed; an empty name means all of them, which no id equals.

    Source: docs.aws.amazon.com/lambda, "Implementing partial batch responses".
    """
    reported = (answer or {}).get("batchItemFailures") or []
    return {str(item.get("itemIdentifier") or "") for item in reported}


def _failed_invocation(event: dict[str, Any], failure: FunctionFailed) -> dict[str, Any]:
    """What Lambda puts into the destination of failed invocations."""
    return {
        "version": "1.0",
        "requestContext": {
            "condition": "RetriesExhausted",
            "approximateInvokeCount": len(LAMBDA_RETRIES) + 1,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorType": type(failure.error).__name__, "errorMessage": str(failure.error)},
    }
