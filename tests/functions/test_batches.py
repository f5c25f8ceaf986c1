"""Queues, the stream and the event bus: a record that fails holds up no other."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from engage_sms.adapters.dynamodb_model import to_wire
from engage_sms.adapters.layout import to_item
from engage_sms.adapters.memory import MemoryQueue
from engage_sms.domain.message import Kind, Message, Status
from engage_sms.errors import EngageError, Permanent
from engage_sms.usecases.send_message import SendMessage, send_message
from engage_sms.usecases.start_provisioning import StartProvisioning, start_provisioning
from functions.dispatch.handler import handler as dispatch
from functions.jobs.handler import handler as jobs
from functions.journeys.handler import handler as journeys
from functions.relay.handler import handler as relay
from functions.release.handler import handler as release
from tests.functions.gateway import Context
from tests.world import CLOSED, NEXT_OPENING, ORG, World


def batch(*bodies: object) -> dict[str, Any]:
    """An SQS event; texts are sent as they are."""
    return {
        "Records": [
            {
                "messageId": f"m-{index}",
                "receiptHandle": "r",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:engage-sms-test",
                "awsRegion": "us-east-1",
            }
            for index, body in enumerate(bodies)
        ]
    }


def failed(answer: Mapping[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def queued(world: World) -> tuple[Message, dict[str, str]]:
    message = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi"), world.ports)
    return message, {"org_id": ORG, "user_id": "u-1", "contact_id": "c-1", "message_id": message.id}


def test_a_queue_message_is_dispatched(opted_in: World) -> None:
    """The message is sent, and the queue has nothing to deliver again."""
    message, body = queued(opted_in)

    answer = dispatch(batch(body), Context(), opted_in.ports)

    assert failed(answer) == []
    assert opted_in.message(message).status is Status.SENT


@pytest.mark.parametrize(
    "unreadable", ["no json", "[]", {"org_id": ORG}, {"org_id": 5}, {"org_id": "x", "user_id": "y"}, "null"]
)
def test_an_unreadable_queue_message_fails_alone(opted_in: World, unreadable: object) -> None:
    """It is named for delivery again, so it ends in the dead-letter queue; the one beside it is sent."""
    message, body = queued(opted_in)

    answer = dispatch(batch(unreadable, body), Context(), opted_in.ports)

    assert failed(answer) == ["m-0"]
    assert opted_in.message(message).status is Status.SENT


def test_a_batch_that_fails_altogether_names_every_record(opted_in: World) -> None:
    """The function itself does not fail: each message has its own count of receives."""
    answer = dispatch(batch("x", "y"), Context(), opted_in.ports)

    assert failed(answer) == ["m-0", "m-1"]


def test_a_message_of_nobody_fails(opted_in: World) -> None:
    """A reference to no message is kept for a person to see."""
    body = {"org_id": ORG, "user_id": "u-1", "contact_id": "c-1", "message_id": "ghost"}

    assert failed(dispatch(batch(body), Context(), opted_in.ports)) == ["m-0"]


def test_logs_carry_ids_but_no_words_of_a_message(opted_in: World, log: io.StringIO) -> None:
    """What a failed record held never shows in the logs."""
    dispatch(batch("secret words +13125550199"), Context(), opted_in.ports)

    logged = log.getvalue()
    assert "m-0" in logged
    assert "secret words" not in logged
    assert "+13125550199" not in logged


def test_a_subject_of_a_job_gets_its_number(world: World) -> None:
    """One queue message is one user."""
    world.organization()
    world.user("u-1")
    command = StartProvisioning(org_id=ORG, started_by="u-a", user_ids=("u-1",), area_code_source="user_cell")
    job = start_provisioning(command, world.ports)

    answer = jobs(batch({"org_id": ORG, "job_id": job.id, "subject_id": "u-1"}), Context(), world.ports)

    assert failed(answer) == []
    assert world.number_of("u-1").startswith("+1415")


def test_a_subject_gets_a_result_at_its_last_delivery(world: World) -> None:
    """While Twilio is busy the queue delivers again; the last time, that is the user's result."""
    world.organization()
    world.user("u-1")
    command = StartProvisioning(org_id=ORG, started_by="u-a", user_ids=("u-1",), area_code_source="user_cell")
    job = start_provisioning(command, world.ports)
    world.twilio.inject("incoming_phone_numbers.create", "429", 50)
    event = batch({"org_id": ORG, "job_id": job.id, "subject_id": "u-1"})

    early = jobs(event, Context(), world.ports)
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "4"
    last = jobs(event, Context(), world.ports)

    stored = world.store.job(ORG, job.id, consistent=True)
    assert failed(early) == ["m-0"]
    assert failed(last) == []
    assert stored is not None
    assert stored.failed == 1


def step(**changed: Any) -> dict[str, Any]:
    detail = {
        "event_id": "e-1",
        "org_id": ORG,
        "journey_id": "j-1",
        "step_id": "s-1",
        "execution_id": "x-1",
        "contact_id": "c-1",
        "sender": "owner",
        "body": "Hi {contact.first_name}",
        **changed,
    }
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "source": "engage.journeys",
        "detail-type": "journey.sms.requested",
        "detail": {name: value for name, value in detail.items() if value is not ...},
    }


def test_a_journey_step_is_held_and_released(opted_in: World) -> None:
    """Outside the window it is held; `release` puts it on the queue for the opening; delivered twice it is one."""
    opted_in.clock.instant = CLOSED
    first = journeys(step(), Context(), opted_in.ports)
    second = journeys(step(), Context(), opted_in.ports)
    opted_in.settle()
    opted_in.clock.instant = NEXT_OPENING

    report = release({}, Context(), opted_in.ports)

    assert first["status"] == "held"
    assert second == {"message_id": None, "status": None}
    assert report["messages"] == 1
    queue = opted_in.ports.automation_queue
    assert isinstance(queue, MemoryQueue)
    assert [entry.body["message_id"] for entry in queue.entries] == [first["message_id"]]


def test_a_journey_step_may_merge_and_expire(opted_in: World) -> None:
    """The event's own fields go into the text; its expiry bounds the wait."""
    event = step(body="Rate: {rate}", merge={"rate": "6.1 %"}, expires_at="2026-07-15T18:00:00Z")

    journeys(event, Context(), opted_in.ports)

    message = opted_in.conversation()[-1]
    assert message.kind is Kind.JOURNEY
    assert message.body == "Rate: 6.1 %"
    assert message.expires_at is not None
    assert message.expires_at.isoformat() == "2026-07-15T18:00:00+00:00"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"body": ...}, "body"),
        ({"contact_id": ""}, "contact_id"),
        ({"execution_id": "x#1"}, "execution_id"),
        ({"step_id": "s\x00"}, "step_id"),
        ({"merge": {"rate": 6}}, "merge"),
        ({"merge": "x"}, "merge"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2026-07-15T18:00:00"}, "expires_at"),
    ],
)
def test_a_step_nobody_can_read_goes_to_the_dead_letters(opted_in: World, changed: dict[str, Any], field: str) -> None:
    """It raises, naming every field that is wrong; nothing is stored."""
    before = opted_in.conversation()

    with pytest.raises(Permanent, match=field):
        journeys(step(**changed), Context(), opted_in.ports)

    assert opted_in.conversation() == before


@pytest.mark.parametrize("detail", [None, [], "text"])
def test_an_event_without_detail_goes_to_the_dead_letters(opted_in: World, detail: object) -> None:
    """It raises rather than vanish."""
    with pytest.raises(Permanent):
        journeys({"detail": detail}, Context(), opted_in.ports)


def test_a_step_for_nobody_goes_to_the_dead_letters(opted_in: World) -> None:
    """An unknown contact is an error somebody has to see."""
    with pytest.raises(EngageError):
        journeys(step(contact_id="ghost"), Context(), opted_in.ports)


def image(message: Message) -> dict[str, Any]:
    """The message's item as a stream shows it."""
    item = to_item(message)
    texts = {"pk": item.pk, "sk": item.sk, "kind": item.kind}
    return {**{name: {"S": text} for name, text in texts.items()}, "doc": to_wire(item.doc)}


def stream(*images: Mapping[str, Any]) -> dict[str, Any]:
    """A DynamoDB stream event of new items."""
    return {
        "Records": [
            {
                "eventID": f"e-{index}",
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "dynamodb": {
                    "SequenceNumber": str(index),
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                    "Keys": {name: new[name] for name in ("pk", "sk")},
                    "NewImage": new,
                },
            }
            for index, new in enumerate(images)
        ]
    }


def test_a_new_message_goes_to_the_queue(opted_in: World) -> None:
    """The change of state is all there is to it: the queue message follows from the stream."""
    message, body = queued(opted_in)

    answer = relay(stream(image(message)), Context(), opted_in.ports)

    queue = opted_in.ports.people_queue
    assert isinstance(queue, MemoryQueue)
    assert failed(answer) == []
    assert [dict(entry.body) for entry in queue.entries] == [body]


def test_a_relayed_change_is_counted_and_named_by_its_ids(opted_in: World, capsys: pytest.CaptureFixture[str]) -> None:
    """One line of the log is both: the metric, and a step of this message's life."""
    message, _ = queued(opted_in)
    relay(stream(image(message)), Context(), opted_in.ports)
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert line["MessagesAccepted"] == [1.0]
    assert (line["message_id"], line["org_id"], line["status"]) == (message.id, ORG, "queued")


def test_a_change_that_cannot_be_read_fails_alone(opted_in: World) -> None:
    """It is named by its place in the stream; the change beside it is relayed; marks hold nothing to relay."""
    message, body = queued(opted_in)
    broken = {**image(message), "doc": {"M": {"status": {"S": "no such status"}}}}
    mark = {"pk": {"S": "once#x"}, "sk": {"S": "once"}, "kind": {"S": "once"}, "doc": {"M": {}}}

    answer = relay(stream(broken, mark, image(message)), Context(), opted_in.ports)

    queue = opted_in.ports.people_queue
    assert isinstance(queue, MemoryQueue)
    assert failed(answer) == ["0"]
    assert [dict(entry.body) for entry in queue.entries] == [body]
