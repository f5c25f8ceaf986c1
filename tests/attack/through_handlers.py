"""A world whose functions are started as Lambda starts them, and that keeps all that would be in their logs.

What a function raises, Lambda itself logs: type, words and stack. `fault` makes the store fail with words that nobody
may ever read in a log.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any
from urllib.parse import urlencode, urlsplit

from engage_sms.adapters.dynamodb_model import to_wire
from engage_sms.adapters.layout import to_item
from engage_sms.ports import Entity, StateChange
from engage_sms.topology import FUNCTIONS
from tests.attack.webhook_requests import event_of
from tests.functions.gateway import Context, Gateway, Reply, reply_of
from tests.world import Delivery, World

HANDLERS = {function.name: import_module(f"functions.{function.name}.handler").handler for function in FUNCTIONS}
RECEIVES = 5
QUEUES = {"people_queue": "dispatch", "automation_queue": "dispatch", "jobs_queue": "jobs"}


class Unlucky:
    """A store whose every call fails, in the middle of whoever uses it."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*_: Any, **__: Any) -> Any:
            raise ValueError(self._words)

        return fail


class HandledWorld(World):
    """`signatures` came with webhooks, `queued` is all that lay on a queue, `dead` what queues gave up on."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.signatures: list[str] = []
        self.queued: list[dict[str, str]] = []
        self.dead: list[Any] = []

    def run(self, function: str, event: Any, ports: Any = None) -> Any:
        """As Lambda would: what the function raises is logged with its words, and comes back as None."""
        try:
            return HANDLERS[function](event, Context(), ports or self.ports)
        except Exception as error:  # noqa: BLE001
            line = {"errorType": type(error).__name__, "errorMessage": str(error)}
            sys.stdout.write(json.dumps({**line, "stackTrace": traceback.format_tb(error.__traceback__)}) + "\n")
            return None

    def unlucky(self, words: str) -> Any:
        return replace(self.ports, store=Unlucky(words))

    def call(self, method: str, path: str, body: object = None, *, token: str = "", **caller: Any) -> Reply:
        gateway = Gateway(caller.pop("ports", self.ports), **{"roles": ["user", "admin"], **caller})
        return gateway.call(method, path, body, headers={"authorization": f"Bearer {token}"})

    def _derive(self, change: StateChange) -> None:
        event = stream_event(change)
        for _ in range(RECEIVES):
            if not self.run("relay", event)["batchItemFailures"]:
                return
        self.dead.append(event)

    def _release(self) -> None:
        self.run("release", {})

    def _consume(self, queue: str, delivery: Delivery) -> None:
        self.queued.append(delivery.body)
        event = queue_event(json.dumps(delivery.body))
        for _ in range(RECEIVES):
            if not self.run(QUEUES[queue], event)["batchItemFailures"]:
                return
        self.dead.append(event)

    def _post(self, url: str, form: Sequence[tuple[str, str]], headers: dict[str, str]) -> int:
        parts = urlsplit(url)
        named = {name.lower(): value for name, value in headers.items()}
        self.signatures.append(named["x-twilio-signature"])
        event = event_of(parts.path, urlencode(form), query=parts.query, headers=named)
        return reply_of(HANDLERS["webhooks"](event, Context(), self.ports)).status


def queue_event(body: str) -> dict[str, Any]:
    """An SQS batch of one."""
    record = {
        "messageId": "m-1",
        "receiptHandle": "r",
        "body": body,
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:engage-sms-test",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}


def stream_event(change: StateChange) -> dict[str, Any]:
    """A DynamoDB stream batch of one."""
    known = change.new or change.old
    assert known is not None
    images = {"OldImage": change.old, "NewImage": change.new}
    item = to_item(known)
    record = {
        "SequenceNumber": change.sequence,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "Keys": {"pk": {"S": item.pk}, "sk": {"S": item.sk}},
        **{name: _image(entity) for name, entity in images.items() if entity is not None},
    }
    name = "MODIFY" if change.old and change.new else "INSERT" if change.new else "REMOVE"
    event = {"eventID": "e-1", "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": record}
    return {"Records": [event]}


def _image(entity: Entity) -> dict[str, Any]:
    item = to_item(entity)
    texts = {"pk": item.pk, "sk": item.sk, "kind": item.kind, "ipk": item.ipk, "isk": item.isk}
    image: dict[str, Any] = {name: {"S": text} for name, text in texts.items() if text is not None}
    if item.version is not None:
        image["version"] = {"N": str(item.version)}
    return {**image, "doc": to_wire(item.doc)}
