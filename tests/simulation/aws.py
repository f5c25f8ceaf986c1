"""What AWS does between functions: queues, the change stream, the schedule and the bus, at least once and not in order.

Sources: docs.aws.amazon.com/lambda, "Using Lambda with Amazon SQS" (visibility, receives, partial batch answers) and
"… with DynamoDB" (one batch of a shard at a time, repeated from the first failed record on, whole after a crash).
"""

from __future__ import annotations

import json
import zlib
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from engage_sms.adapters.dynamodb_model import to_wire
from engage_sms.adapters.layout import state_change
from engage_sms.adapters.memory import Record
from engage_sms.adapters.table import Item
from engage_sms.domain.directory import TwilioStatus
from engage_sms.errors import EngageError
from engage_sms.ports import Ports, QueueEntry
from engage_sms.topology import Queue
from engage_sms.usecases.relay_change import relay_change
from engage_sms.usecases.settle_sent import SettleSent, settle_sent
from infra.local.events import queue_arn

if TYPE_CHECKING:
    from tests.simulation.system import System

LANES = 3
"""Batches of the stream that may be under way at once."""
STREAM_RETRIES = 10


@dataclass
class Parcel:
    """A queue message, and how often it was received."""

    number: int
    body: str
    receives: int = 0


class Deliveries:
    """One queue: what is visible is received in batches, and is visible again when it was not deleted in time."""

    def __init__(self, system: System, queue: Queue, function: str) -> None:
        self.system = system
        self.queue = queue
        self.function = function
        self.dead: list[Parcel] = []
        self._visible: list[Parcel] = []
        self._latest: deque[Parcel] = deque(maxlen=8)
        self._collecting = False
        self._running = 0
        self._count = 0

    def accept(self, entry: QueueEntry) -> None:
        system = self.system
        self._count += 1
        parcel = Parcel(self._count, json.dumps(dict(entry.body)))
        self._latest.append(parcel)
        late = system.random.uniform(1, 300) if system.hits("queue: late") else system.random.uniform(0.005, 0.3)
        system.engine.after(entry.delay + late, lambda: self._show(parcel))
        if system.hits("queue: delivered twice"):
            twin = Parcel(self._count, parcel.body)
            later = system.random.choice((0.0, 0.5, 30.0, 900.0))
            system.engine.after(entry.delay + late + later, lambda: self._show(twin))

    def redrive(self) -> int:
        """What the dead-letter queue holds goes back; each starts anew."""
        letters, self.dead = self.dead, []
        for parcel in letters:
            self._show(Parcel(parcel.number, parcel.body))
        return len(letters)

    def deliver_again(self) -> None:
        """What came last comes once more, at once, whether it was deleted or is being worked on."""
        for parcel in list(self._latest):
            self._show(Parcel(parcel.number, parcel.body))

    def _show(self, parcel: Parcel) -> None:
        if parcel.receives >= self.queue.max_receives:
            self.dead.append(parcel)
            return
        self._visible.append(parcel)
        self._soon()

    def _soon(self) -> None:
        if not self._collecting and self._visible:
            self._collecting = True
            self.system.engine.after(self.system.random.uniform(0, 0.2), self._receive)

    def _receive(self) -> None:
        self._collecting = False
        system = self.system
        if self._running >= self.queue.max_concurrency:
            return
        system.random.shuffle(self._visible)
        size = system.random.randint(1, self.queue.batch_size)
        batch, self._visible = self._visible[:size], self._visible[size:]
        for parcel in batch:
            parcel.receives += 1
        again = system.now() + timedelta(seconds=self.queue.visibility)
        if system.hits("queue: delivery lost"):
            self._return(batch, again)
        else:
            self._running += 1
            system.engine.spawn(self.function, lambda: self._work(batch, again))
        self._soon()

    def _return(self, batch: list[Parcel], at: Any) -> None:
        for parcel in batch:
            self.system.engine.at(at, lambda parcel=parcel: self._show(parcel))  # type: ignore[misc]

    def _work(self, batch: list[Parcel], again: Any) -> None:
        answer = self.system.invoke(self.function, self._event(batch))
        failed = batch
        if isinstance(answer, dict):
            ids = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            failed = [parcel for index, parcel in enumerate(batch) if f"{index}" in ids]
        self._return(failed, again)
        self._running -= 1
        self._soon()

    def _event(self, batch: list[Parcel]) -> dict[str, Any]:
        return {
            "Records": [
                {
                    "messageId": f"{index}",
                    "receiptHandle": "r",
                    "body": parcel.body,
                    "attributes": {"ApproximateReceiveCount": f"{parcel.receives}"},
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                    "eventSourceARN": queue_arn(self.queue.name),
                    "awsRegion": "us-east-1",
                }
                for index, parcel in enumerate(batch)
            ]
        }


class Stream:
    """The table's change stream: in order for each item, at least once."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._lanes: list[deque[Record]] = [deque() for _ in range(LANES)]
        self._busy = [False] * LANES

    def feed(self, records: list[Record]) -> None:
        for record in records:
            known = record.new or record.old
            assert known is not None
            lane = zlib.crc32(known.pk.encode()) % LANES
            self._lanes[lane].append(record)
            self._next(lane)

    def _next(self, lane: int) -> None:
        system = self.system
        if self._busy[lane] or not self._lanes[lane]:
            return
        self._busy[lane] = True
        wait = system.random.uniform(1, 120) if system.hits("stream: late") else system.random.uniform(0.02, 0.4)
        system.engine.after(wait, lambda: self._start(lane, system.random.randint(1, 12), 0))

    def _start(self, lane: int, size: int, retries: int) -> None:
        batch = [self._lanes[lane][index] for index in range(min(size, len(self._lanes[lane])))]
        self.system.engine.spawn("relay", lambda: self._work(lane, batch, retries))

    def _work(self, lane: int, batch: list[Record], retries: int) -> None:
        system = self.system
        failed = system.invoke_relay(batch)
        if failed and retries >= STREAM_RETRIES:
            raise AssertionError("A record of the stream failed every retry: it would be among the dead letters.")
        done = batch.index(failed[0]) if failed else len(batch)
        if done == len(batch) and system.hits("stream: batch repeated"):
            wait = system.random.choice((0.1, 5.0, 240.0))
            system.engine.after(wait, lambda: self._start(lane, len(batch), retries + 1))
            return
        for _ in range(done):
            self._lanes[lane].popleft()
        if failed:
            wait = system.random.uniform(0.1, 1.0)
            system.engine.after(
                wait, lambda: self._start(lane, max(1, len(failed) // 2), retries + 1 if not done else 0)
            )
            return
        self._busy[lane] = False
        self._next(lane)


def stream_event(batch: list[Record]) -> dict[str, Any]:
    """The batch as DynamoDB streams spell it."""
    return {"Records": [_stream_record(record) for record in batch]}


def _stream_record(record: Record) -> dict[str, Any]:
    known = record.new or record.old
    assert known is not None
    images = {name: _image(item) for name, item in (("OldImage", record.old), ("NewImage", record.new)) if item}
    body = {
        "SequenceNumber": record.sequence,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "Keys": {"pk": {"S": known.pk}, "sk": {"S": known.sk}},
        **images,
    }
    name = "MODIFY" if record.old and record.new else "INSERT" if record.new else "REMOVE"
    return {"eventID": record.sequence, "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": body}


def _image(item: Item) -> dict[str, Any]:
    texts = {"pk": item.pk, "sk": item.sk, "kind": item.kind, "ipk": item.ipk, "isk": item.isk}
    image: dict[str, Any] = {name: {"S": text} for name, text in texts.items() if text is not None}
    numbers = {"version": item.version, "ttl": item.ttl}
    image |= {name: {"N": f"{number}"} for name, number in numbers.items() if number is not None}
    return {**image, "doc": to_wire(item.doc)}


def settle_plainly(_event: Any, _context: Any, ports: Ports) -> None:
    """What the handler of `usage_nightly` does about messages, without the year of segments."""
    for organization in ports.store.organizations():
        if organization.twilio.status is TwilioStatus.ACTIVE:
            settle_sent(SettleSent(org_id=organization.id), ports)


def relay_plainly(batch: list[Record], system: System) -> list[str]:
    """The same as the handler of `relay`, without the spelling: the sequence numbers of the records that failed."""
    failed = []
    for record in batch:
        change = state_change(record.old, record.new, sequence=record.sequence)
        try:
            if change is not None:
                relay_change(change, system.ports)
        except EngageError:
            failed.append(record.sequence)
    return failed
