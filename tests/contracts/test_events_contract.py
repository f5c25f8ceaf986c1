"""What the event bus promises: in memory and on EventBridge."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from engage_sms.adapters.aws import Clients, EventBridgeBus
from engage_sms.adapters.memory import MemoryEvents
from engage_sms.errors import Retryable
from engage_sms.ports import EventBus

Published = Callable[[], list[tuple[str, dict[str, Any]]]]


@pytest.fixture(params=["memory", "eventbridge"])
def subject(request: pytest.FixtureRequest, clock: Any) -> tuple[EventBus, Published]:
    """A bus, and what a subscriber to our source got from it."""
    if request.param == "memory":
        memory = MemoryEvents()
        return memory, lambda: [(event.detail_type, dict(event.detail)) for event in memory.published]
    bus, clients = request.getfixturevalue("resources")["EVENT_BUS_NAME"], Clients()
    return EventBridgeBus(bus, clients, now=clock), _listen(clients, bus)


def _listen(clients: Clients, bus: str) -> Published:
    """What EventBridge is asked to put on the bus; moto's own rules need more than is installed."""
    entries: list[dict[str, Any]] = []
    clients("events").meta.events.register(
        "provide-client-params.eventbridge.PutEvents", lambda params, **_: entries.extend(params["Entries"])
    )

    def published() -> list[tuple[str, dict[str, Any]]]:
        return [
            (entry["DetailType"], json.loads(entry["Detail"]))
            for entry in entries
            if (entry["EventBusName"], entry["Source"], entry["Time"].tzinfo) == (bus, "engage.sms", UTC)
        ]

    return published


def test_an_event_reaches_its_subscribers(subject: tuple[EventBus, Published]) -> None:
    """With its type and detail, from our source."""
    bus, published = subject
    bus.publish("sms.message.sent", {"message_id": "m1", "segments": 2})

    assert published() == [("sms.message.sent", {"message_id": "m1", "segments": 2})]


def test_an_event_that_was_not_taken_is_retried() -> None:
    """EventBridge answers 200 even when it took nothing."""

    class Refusing(Clients):
        def __call__(self, service: str) -> Any:
            return self

        def put_events(self, **_: Any) -> dict[str, Any]:
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    bus = EventBridgeBus("bus", Refusing(), now=lambda: datetime(2026, 7, 15, tzinfo=UTC))

    with pytest.raises(Retryable, match="ThrottlingException"):
        bus.publish("sms.message.sent", {})
