"""The system holds to the topology, and what fails in it ends where it should."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest

from engage_sms import topology
from engage_sms.config import Config
from engage_sms.domain.directory import Organization
from engage_sms.ports import Create
from infra.local.resources import resource_name
from infra.local.sources import EventSource, QueueSource, ScheduleSource, StreamSource
from infra.local.system import System
from tests.local.caller import Caller

QUEUE_URLS = {queue.name: f"{queue.name.removeprefix('dispatch-')}_queue_url" for queue in topology.QUEUES}


@pytest.fixture
def invoked(system: System, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Every invocation from now on; the functions themselves do nothing."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(name: str, event: dict[str, Any]) -> dict[str, Any]:
        calls.append((name, event))
        return {"statusCode": 200, "body": ""}

    monkeypatch.setattr(system.functions, "invoke", note)
    return calls


def breaks(monkeypatch: pytest.MonkeyPatch, function: str) -> list[dict[str, Any]]:
    """The function raises from now on; what it was given."""
    given: list[dict[str, Any]] = []

    def broken(event: dict[str, Any], *_: object) -> None:
        given.append(event)
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(f"functions.{function}.handler.handler", broken)
    return given


def put(config: Config, queue: str, body: str) -> None:
    url = getattr(config, QUEUE_URLS[queue])
    boto3.client("sqs", region_name="us-east-1").send_message(QueueUrl=url, MessageBody=body)


# --- the topology -----------------------------------------------------------------------------------------------------


def test_every_route_is_served_by_its_function(caller: Caller, invoked: list[tuple[str, dict[str, Any]]]) -> None:
    """With a token where one is wanted, the request reaches the function that the topology names."""
    boss = caller.signed_in("boss", "acme", "admin")
    refused = {}
    for _, route in topology.ROUTES:
        path = route.path.format(id="i-1", contact_id="c-1", message_id="m-1", org_id="acme")
        if route.auth is topology.Auth.JWT:
            refused[route] = caller.call(route.method, path).status
        boss.call(route.method, path)

    assert set(refused.values()) == {401}
    assert [(name, event["routeKey"]) for name, event in invoked] == [
        (function.name, f"{route.method} {route.path}") for function, route in topology.ROUTES
    ]


def test_every_queue_is_consumed(system: System, invoked: list[tuple[str, dict[str, Any]]]) -> None:
    """A message in a queue starts the function that consumes it, and is gone afterwards."""
    for queue in topology.QUEUES:
        put(system.config, queue.name, queue.name)
    system.engine.settle()
    consumed = {(event["Records"][0]["body"], name) for name, event in invoked}

    assert consumed == {(queue.name, f.name) for f in topology.FUNCTIONS for queue in f.consumes}
    assert system.engine.next_due() == system.clock.now() + timedelta(hours=1), "nothing is left but the hourly sweep"


def test_every_schedule_ticks(system: System, invoked: list[tuple[str, dict[str, Any]]]) -> None:
    """In a day each scheduled function is started by its schedule's own event."""
    system.engine.advance_to(system.clock.now() + timedelta(days=1))
    expected = {f.name: resource for f in topology.FUNCTIONS if f.schedule and (resource := f.schedule.name)}

    assert {name: event["resources"][0].rpartition("/")[2] for name, event in invoked} == expected


def test_everything_that_starts_a_function_is_there(system: System) -> None:
    """As many queues, streams, rules and schedules as the topology has; one more rule records what goes out."""
    kinds = [type(source) for source in system.engine.sources]

    assert kinds.count(QueueSource) == len(topology.QUEUES)
    assert kinds.count(StreamSource) == len([f for f in topology.FUNCTIONS if f.stream_of])
    assert kinds.count(EventSource) == len([f for f in topology.FUNCTIONS if f.rule]) + 1
    assert kinds.count(ScheduleSource) == len([f for f in topology.FUNCTIONS if f.schedule])


# --- what fails -------------------------------------------------------------------------------------------------------


def test_a_message_that_nobody_can_read_ends_in_the_dead_letter_queue(system: System) -> None:
    """After as many attempts as the topology says, a visibility timeout apart."""
    for queue in topology.QUEUES:
        put(system.config, queue.name, "poison")
    system.engine.settle()
    before = system.dead_letters()
    longest = max(queue.visibility * queue.max_receives for queue in topology.QUEUES)
    system.engine.advance_to(system.clock.now() + timedelta(seconds=longest + 1))
    after = system.dead_letters()

    assert not any(before.values())
    assert {name: bodies for name, bodies in after.items() if bodies} == {q.name: ["poison"] for q in topology.QUEUES}


def test_a_whole_batch_comes_again_when_its_function_raises(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """No message is deleted that the function did not report as done."""
    given = breaks(monkeypatch, "jobs")
    put(system.config, "jobs", "{}")
    system.engine.advance_to(system.clock.now() + timedelta(seconds=topology.JOBS.visibility + 1))

    assert [event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in given] == ["1", "2"]


def test_a_change_that_cannot_be_relayed_is_parked_and_holds_up_no_other(
    system: System, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its retries its position is in the relay's dead-letter queue, and the changes after it are relayed."""
    given = breaks(monkeypatch, "relay")
    platform = caller.signed_in("root", "acme", "platform")
    platform.put("/v1/organizations/acme", {"name": "Acme"})
    platform.put("/v1/organizations/other", {"name": "Other"})
    system.engine.settle()
    parked = [json.loads(body) for body in system.dead_letters()["relay"]]

    assert len(given) == 22
    assert [len(event["Records"]) for event in given[:2]] == [2, 1]
    assert [entry["DDBStreamBatchInfo"]["batchSize"] for entry in parked] == [1, 1]


def test_an_event_that_its_function_refuses_is_tried_three_times_and_kept(system: System, caller: Caller) -> None:
    """Minutes apart, and then the event itself is in the dead-letter queue, for a person to see."""
    event = {"source": "engage.journeys", "detail-type": "journey.sms.requested", "detail": {"org_id": "nobody"}}
    caller.post("/local/events", event)
    system.engine.settle()
    at_once = system.dead_letters()["journeys"]
    system.engine.advance_to(system.clock.now() + timedelta(minutes=4))
    (kept,) = [json.loads(body) for body in system.dead_letters()["journeys"]]

    assert at_once == []
    assert kept["requestContext"]["approximateInvokeCount"] == 3
    assert kept["requestPayload"]["detail"] == {"org_id": "nobody"}
    assert kept["requestPayload"]["account"] == "123456789012"


# --- beginning and ending ---------------------------------------------------------------------------------------------


def test_a_webhook_goes_nowhere_else(system: System) -> None:
    """Twilio here reaches this system alone."""
    with pytest.raises(ConnectionError):
        system._post("https://elsewhere.example/hook", [], {})


def test_only_scheduled_functions_can_be_run(system: System) -> None:
    """The others have no event to start with."""
    with pytest.raises(KeyError):
        system.run_function("dispatch")


def test_what_was_there_before_the_beginning_is_not_relayed(starting: System) -> None:
    """The demonstration is written as it stands; nothing follows from it."""
    starting.ports.store.commit(Create(Organization(id="acme", name="Acme", created_at=starting.clock.now())))
    with pytest.raises(RuntimeError, match="not begun"):
        starting.engine.step()
    starting.begin()

    assert starting.engine.step() is False


def test_resources_are_named_for_the_local_stage(system: System) -> None:
    """As everywhere: engage-sms, the stage, the name."""
    assert system.config.state_table == resource_name("state") == "engage-sms-local-state"
