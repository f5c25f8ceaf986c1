"""What a queue promises: in memory and in SQS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from engage_sms import topology
from engage_sms.adapters.aws import Clients, SqsQueue
from engage_sms.adapters.memory import MemoryQueue
from engage_sms.errors import Retryable
from engage_sms.ports import Queue, QueueEntry

Taken = Callable[[], list[tuple[dict[str, Any], str | None]]]


@pytest.fixture(params=["memory", "sqs"])
def subject(request: pytest.FixtureRequest) -> tuple[Queue, Taken]:
    """A queue, and what can be received from it now: bodies and groups."""
    if request.param == "memory":
        memory = MemoryQueue()
        return memory, lambda: [(dict(e.body), e.group) for e in memory.take() if e.delay == 0]
    url = request.getfixturevalue("resources")["PEOPLE_QUEUE_URL"]
    return SqsQueue(url, Clients()), lambda: _receive(url)


def _receive(url: str) -> list[tuple[dict[str, Any], str | None]]:
    taken = []
    while (
        messages := boto3.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"])
        .get("Messages")
    ):
        taken += [(json.loads(m["Body"]), m.get("Attributes", {}).get("MessageGroupId")) for m in messages]
    return taken


def test_everything_that_was_sent_arrives(subject: tuple[Queue, Taken]) -> None:
    """More than one batch, each entry with its body and its tenant."""
    queue, taken = subject
    queue.send([QueueEntry({"n": n}, group=f"org{n % 2}") for n in range(23)])
    queue.send([QueueEntry({"n": 23})])
    queue.send([])
    found = sorted(taken(), key=lambda entry: entry[0]["n"])

    assert found == [({"n": n}, f"org{n % 2}") for n in range(23)] + [({"n": 23}, None)]


def test_a_delayed_entry_is_not_there_yet(subject: tuple[Queue, Taken]) -> None:
    """Each entry has its own delay."""
    queue, taken = subject
    queue.send([QueueEntry({"n": 1}, delay=900), QueueEntry({"n": 2})])

    assert taken() == [({"n": 2}, None)]


@pytest.mark.parametrize("delay", [-1, 901])
def test_a_delay_is_at_most_fifteen_minutes(subject: tuple[Queue, Taken], delay: int) -> None:
    """Longer waits are openings and timers; nothing of such a batch is sent."""
    queue, taken = subject

    with pytest.raises(ValueError, match="0 to 900"):
        queue.send([QueueEntry({"n": 1}), QueueEntry({"n": 2}, delay=delay)])
    assert taken() == []


class Answering(Clients):
    """Clients whose answers a test decides."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        super().__init__()
        self._answer = answer
        self.batches: list[int] = []

    def __call__(self, service: str) -> Any:
        outer = self

        class Sqs:
            def send_message_batch(self, **request: Any) -> dict[str, Any]:
                outer.batches.append(len(request["Entries"]))
                return outer._answer(request)

        return Sqs()


def test_entries_that_were_not_taken_are_retried_as_a_whole() -> None:
    """All batches are tried, then the sender hears how many failed: a repeat is harmless, a loss is not."""
    clients = Answering(lambda request: {"Failed": [{"Id": "0", "Code": "InternalError"}]})

    with pytest.raises(Retryable, match="2 of 12"):
        SqsQueue("https://queue.example", clients).send([QueueEntry({"n": n}) for n in range(12)])
    assert clients.batches == [10, 2]


def _refuse(error: Exception) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise error

    return answer


@pytest.mark.parametrize(
    ("error", "reaction"),
    [
        (ClientError({"Error": {"Code": "RequestThrottled"}}, "SendMessageBatch"), Retryable),
        (EndpointConnectionError(endpoint_url="https://queue.example"), Retryable),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch"), ClientError),
    ],
)
def test_only_what_may_pass_is_retryable(error: Exception, reaction: type[Exception]) -> None:
    """A queue that is busy or silent is worth another try; a missing permission is not."""
    with pytest.raises(reaction):
        SqsQueue("https://queue.example", Answering(_refuse(error))).send([QueueEntry({})])


def test_every_queue_has_somewhere_for_what_cannot_be_handled(resources: dict[str, str]) -> None:
    """The dead-letter queue takes over after the topology's number of deliveries."""
    sqs = boto3.client("sqs")
    for queue in topology.QUEUES:
        url = sqs.get_queue_url(QueueName=f"engage-sms-local-{queue.name}")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(attributes["RedrivePolicy"])

        assert redrive["maxReceiveCount"] == queue.max_receives
        assert redrive["deadLetterTargetArn"].endswith(f"{queue.name}-dlq")
        assert attributes["VisibilityTimeout"] == str(queue.visibility)
