"""The operators' commands on a stage: what they show, and that they do no more than the API's own use cases."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from engage_sms.domain.due import Parked
from engage_sms.domain.message import Message, Status
from engage_sms.ports import Create, Overwrite, Ports
from engage_sms.usecases.pause_automation import PauseAutomation, pause_automation
from engage_sms.usecases.send_message import SendMessage, send_message
from infra.local.command import main
from infra.operations import stage
from infra.operations.answer import CannotDo
from infra.operations.commands import COMMANDS
from infra.operations.stage import stage_ports
from infra.operations.summaries import SUMMARIES
from tests.contracts.entities import NOW, message, message_id
from tests.world import ORG, World

FUNCTION = "engage-sms-prod-provisioning"


@pytest.fixture
def world(opted_in: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The stage `dev`, in memory."""

    def ports_of(name: str) -> Ports:
        assert name == "dev"
        return opted_in.ports

    monkeypatch.setattr(stage, "stage_ports", ports_of)
    return opted_in


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert isinstance(end.value.code, int)
    return end.value.code


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """The items of the JSON answer."""
    assert run(*arguments, "--json") == 0
    items: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["items"]
    return items


def test_every_command_that_is_shown_can_be_run() -> None:
    """And none is hidden."""
    assert list(COMMANDS) == list(SUMMARIES)


def test_organizations_are_listed_with_their_numbers_and_their_brake(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """One row each; the sentence says how many stand still."""
    world.organization("other")
    pause_automation(PauseAutomation(org_id="other"), world.ports)

    acme, other = answered(capsys, "organizations")

    assert (acme["id"], acme["twilio"], acme["users"], acme["numbers"], acme["paused_at"]) == (
        ORG,
        "active",
        1,
        1,
        None,
    )
    assert (other["id"], other["numbers"], other["paused_at"]) == ("other", 0, "2026-07-15T15:00:03Z")
    assert run("organizations") == 0
    assert capsys.readouterr().out.endswith("2 organizations; the automation of 1 stands still.\n")


def test_usage_is_twilios_count_beside_our_own(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The month so far, of all organizations or of one."""
    world.organization("other")

    (row,) = answered(capsys, "usage", "--organization", ORG)

    assert row == {"organization": ORG, "month": "2026-07", "segments": row["segments"], "difference": 0}
    assert row["segments"] > 0
    assert [each["organization"] for each in answered(capsys, "usage")] == [ORG, "other"]


def test_parked_messages_are_listed_with_their_reason(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """However many: every page is read; a message that a callback has settled is left out."""
    for index in range(60):
        status = Status.UNKNOWN if index else Status.DELIVERED
        lost: Message = message(index, org_id=ORG, status=status)
        world.store.commit(Create(lost), Overwrite(Parked(ref=lost.ref, since=NOW, reason="No account.", attempts=3)))

    items = answered(capsys, "parked", ORG)

    assert len(items) == 59
    assert items[0] == {
        "message": message_id(1),
        "user": "ann",
        "contact": "bob",
        "since": "2026-07-15T15:00:00.123456Z",
        "attempts": 3,
        "reason": "No account.",
    }


def test_a_pause_is_the_apis_own_and_a_resume_undoes_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """People still text meanwhile."""
    (paused,) = answered(capsys, "pause", ORG)
    organization = world.store.organization(ORG)
    text = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi"), world.ports)
    world.settle()

    assert organization is not None
    assert (paused["organization"], paused["past_recall"]) == (ORG, 0)
    assert organization.paused_at == world.clock()
    assert world.message(text).status is not Status.HELD
    assert run("resume", ORG) == 0
    assert "The automation of acme runs" in capsys.readouterr().out
    assert world.store.organization(ORG).paused_at is None  # type: ignore[union-attr]


@pytest.mark.parametrize("command", ["pause", "resume", "parked"])
def test_an_organization_that_is_not_there_is_a_sentence(
    world: World, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """On standard error, with exit code 1, and nothing on standard output."""
    code = run(command, "nobody")
    said = capsys.readouterr()

    assert code == 1
    assert said.out == ""
    assert said.err.endswith("There is no organization nobody on this stage.\n")


@pytest.mark.parametrize("arguments", [["pause"], ["parked"], ["usage", "acme"], ["organizations", "--stag", "prod"]])
def test_wrong_arguments_are_a_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """With exit code 2, before AWS is asked anything."""
    code = run(*arguments)

    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_stages_ports_are_those_of_its_functions(environment: None) -> None:
    """The function's own configuration is read, so that nobody has to give it."""
    variables = {
        "STAGE": "prod",
        "STATE_TABLE": "engage-sms-prod-state",
        "IDEMPOTENCY_TABLE": "i",
        "PEOPLE_QUEUE_URL": "https://sqs.example/p",
        "AUTOMATION_QUEUE_URL": "https://sqs.example/a",
        "JOBS_QUEUE_URL": "https://sqs.example/j",
        "EVENT_BUS_NAME": "b",
        "PARAMETER_PREFIX": "/engage-sms/prod",
        "PUBLIC_URL": "https://sms.example.com",
    }
    client = boto3.client("lambda")
    with Stubber(client) as aws:
        answer = {"Environment": {"Variables": variables}}
        aws.add_response("get_function_configuration", answer, {"FunctionName": FUNCTION})

        assert stage_ports("prod", client=client).public_url == "https://sms.example.com"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ResourceNotFoundException", f"There is no stage prod in this account and region: {FUNCTION} is not there."),
        ("AccessDeniedException", f"AWS refuses (AccessDeniedException) to show {FUNCTION}."),
    ],
)
def test_a_stage_that_cannot_be_seen_is_a_sentence(environment: None, code: str, says: str) -> None:
    """It names what was asked for."""
    client = boto3.client("lambda")
    with Stubber(client) as aws:
        aws.add_client_error("get_function_configuration", code)
        with pytest.raises(CannotDo) as refused:
            stage_ports("prod", client=client)

    assert str(refused.value) == says
