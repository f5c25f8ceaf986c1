"""The brake and the parked messages over HTTP, and what the functions count."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engage_sms.domain.message import MessageRef, Status
from engage_sms.errors import Retryable
from engage_sms.metrics import NAMESPACE, PARKED
from engage_sms.topology import AUTOMATION, PEOPLE
from engage_sms.usecases.send_message import SendMessage, send_message
from functions.dispatch.handler import handler as dispatch
from functions.release.handler import handler as release
from tests.functions.gateway import Context, Gateway
from tests.usecases.interruption import Interrupted
from tests.usecases.test_journeys import accept
from tests.world import OPEN, ORG, World


def delivery(queue: str, ref: MessageRef) -> dict[str, Any]:
    """One record of that queue."""
    body = {name: getattr(ref, name) for name in ("org_id", "user_id", "contact_id", "message_id")}
    return {
        "messageId": ref.message_id,
        "receiptHandle": "r",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:engage-sms-test-{queue}",
        "awsRegion": "us-east-1",
    }


def test_an_administrator_pauses_and_resumes(opted_in: World, admin: Gateway) -> None:
    """Paused since when, what a resume would send, and everything as before after it."""
    running = admin.get("/v1/organization/pause").json
    paused = admin.post("/v1/organization/pause").json
    message = accept(opted_in)
    opted_in.settle()
    shown = admin.get("/v1/organization/pause").json
    hold = admin.get(f"/v1/conversations/c-1/messages/{message.id}").status
    resumed = admin.post("/v1/organization/resume")
    opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=3))

    assert running == {"paused": False, "paused_at": None, "refused": None, "resume_sends": [], "later": []}
    assert (paused["paused"], paused["past_recall"]) == (True, 0)
    assert shown["paused_at"] == paused["paused_at"]
    assert shown["resume_sends"] == [{"opens_at": None, "messages": 1, "more": False}]
    assert hold == 404
    assert (resumed.status, resumed.json["paused"]) == (200, False)
    assert opted_in.message(message).status is Status.DELIVERED


def test_a_message_held_by_a_pause_names_no_instant(opted_in: World, api: Gateway, admin: Gateway) -> None:
    """Nobody knows when the pause ends, so `until` is null."""
    admin.post("/v1/organization/pause")
    message = accept(opted_in)
    opted_in.settle()
    hold = api.get(f"/v1/conversations/c-1/messages/{message.id}").json["hold"]

    assert hold == {
        "reason": "An administrator paused all automation.",
        "rule": "paused",
        "until": None,
        "rule_data_version": None,
    }


def test_a_refused_account_is_shown(opted_in: World, admin: Gateway) -> None:
    """The code and when automation tries again."""
    opted_in.twilio.inject("messages.create", "20003")
    accept(opted_in)
    opted_in.settle()
    refused = admin.get("/v1/organization/pause").json["refused"]

    assert refused == {"code": "20003", "until": "2026-07-15T15:05:03Z"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/organization/pause"),
        ("POST", "/v1/organization/pause"),
        ("POST", "/v1/organization/resume"),
    ],
)
def test_an_absent_organization_has_no_brake(world: World, admin: Gateway, method: str, path: str) -> None:
    """404, as for anything that is not there."""
    assert admin.call(method, path).slug == "not-found"


def test_parked_messages_are_listed(opted_in: World, admin: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    """Which message, whose, since when, why and how often it was looked up; and the metric that the alarm watches."""
    opted_in.twilio.inject("messages.create", "timeout_after")
    opted_in.twilio.inject("callbacks", "dropped", 3)
    opted_in.twilio.inject("messages.list", "500", 100)
    message = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi"), opted_in.ports)
    opted_in.settle()
    for _ in range(70):
        opted_in.clock.advance(minutes=1)
        release({}, Context(), opted_in.ports)
    page = admin.get("/v1/organization/parked").json
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if PARKED.name in line]

    assert page == {
        "items": [
            {
                "message_id": message.id,
                "contact_id": "c-1",
                "user_id": "u-1",
                "since": "2026-07-15T15:00:03Z",
                "reason": "Twilio does not answer.",
                "attempts": 6,
            }
        ],
        "next_cursor": None,
    }
    assert [line[PARKED.name] for line in counted] == [[1]]
    assert counted[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == NAMESPACE
    assert counted[0]["service"] == "engage-sms"


def test_a_release_that_failed_in_part_says_so(opted_in: World) -> None:
    """After everything else had its turn the function fails: Lambda repeats it and keeps it for a person to see."""
    opted_in.twilio.inject("messages.create", "timeout_before")
    send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi"), opted_in.ports)
    opted_in.settle()
    opted_in.clock.advance(minutes=2)

    class Poisoned(Interrupted):
        def message(self, *_: object, **__: object) -> object:
            raise TypeError("This item cannot be read.")

    poisoned = replace(opted_in.ports, store=Poisoned(opted_in.store, "-", lambda: None))
    with pytest.raises(Retryable, match="1 openings or timers failed"):
        release({}, Context(), poisoned)

    assert release({}, Context(), opted_in.ports)["timers"] == 1


def test_dispatch_says_what_it_takes_in_hand_of_automation(opted_in: World) -> None:
    """One write a batch for automated messages, in place of the last; a person's message costs none."""
    automated = accept(opted_in)
    own = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi"), opted_in.ports)
    dispatch({"Records": [delivery(PEOPLE.name, own.ref)]}, Context(), opted_in.ports)
    before = opted_in.store.underway(ORG)
    dispatch({"Records": [delivery(AUTOMATION.name, automated.ref)]}, Context(), opted_in.ports)
    (underway,) = opted_in.store.underway(ORG)

    assert all(own.ref not in known.refs for known in before)
    assert underway.refs == (automated.ref,)
    assert underway.at >= OPEN
    assert opted_in.message(automated).status is Status.SENT
