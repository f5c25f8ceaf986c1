"""`engage-sms redrive`: what it asks of AWS, what it says, and why it is safe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from botocore.stub import Stubber
from mypy_boto3_sqs import SQSClient

from engage_sms import topology
from engage_sms.domain.message import Status
from engage_sms.domain.settings import DEFAULTS
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from engage_sms.usecases.pause_automation import PauseAutomation, pause_automation
from engage_sms.usecases.send_message import SendMessage, send_message
from infra.local.command import main
from infra.operations.rates import DEFAULT_RATE
from infra.operations.redrive import CannotRedrive, Redrive, redrive
from tests.usecases.test_journeys import STEP, TEXT, accept
from tests.world import CLOSED, ORG, World

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/engage-sms-dev-dispatch-people-dlq"
ARN = "arn:aws:sqs:us-east-1:123456789012:engage-sms-dev-dispatch-people-dlq"


@pytest.fixture
def sqs() -> SQSClient:
    return boto3.client("sqs")


@pytest.fixture
def aws(sqs: SQSClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """SQS as its own service model describes it: a request that does not fit fails."""
    monkeypatch.setattr(boto3, "client", lambda _: sqs)
    with Stubber(sqs) as stubber:
        yield stubber


def found(aws: Stubber, messages: int) -> None:
    aws.add_response("get_queue_url", {"QueueUrl": URL}, {"QueueName": "engage-sms-dev-dispatch-people-dlq"})
    aws.add_response(
        "get_queue_attributes",
        {"Attributes": {"QueueArn": ARN, "ApproximateNumberOfMessages": str(messages)}},
        {"QueueUrl": URL, "AttributeNames": ["QueueArn", "ApproximateNumberOfMessages"]},
    )


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["redrive", *arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_dead_letters_go_back_at_a_bounded_rate(sqs: SQSClient, aws: Stubber) -> None:
    """To the queue they came from, never faster than asked."""
    found(aws, 7)
    moving = {"SourceArn": ARN, "MaxNumberOfMessagesPerSecond": 5}
    aws.add_response("start_message_move_task", {"TaskHandle": "t-1"}, moving)

    begun = redrive("dispatch-people", stage="dev", rate=5, sqs=sqs)

    assert begun == Redrive(queue="engage-sms-dev-dispatch-people", messages=7, rate=5, task="t-1")
    aws.assert_no_pending_responses()


def test_the_usual_rate_is_an_organizations_own(aws: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    """What one organization may send by default, whoever the letters belong to; said in one sentence."""
    found(aws, 7)
    moving = {"SourceArn": ARN, "MaxNumberOfMessagesPerSecond": DEFAULTS["sms.throughput.messages_per_second"]}
    aws.add_response("start_message_move_task", {"TaskHandle": "t-1"}, moving)

    assert run("dispatch-people") == 0
    assert capsys.readouterr().out == (
        "About 7 messages go back to engage-sms-dev-dispatch-people, at most 3 a second.\n"
    )
    assert DEFAULTS["sms.throughput.messages_per_second"] == DEFAULT_RATE


def test_without_dead_letters_nothing_is_begun(aws: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    """That is no failure."""
    found(aws, 0)

    assert run("dispatch-people") == 0
    assert capsys.readouterr().out == "engage-sms-dev-dispatch-people has no dead letters.\n"


def test_programs_get_json(aws: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    """One line with everything that the sentence says."""
    found(aws, 2)
    aws.add_response("start_message_move_task", {"TaskHandle": "t-1"})

    assert run("dispatch-people", "--rate", "20", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "queue": "engage-sms-dev-dispatch-people",
        "messages": 2,
        "rate": 20,
        "task": "t-1",
    }


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("QueueDoesNotExist", "There is no queue engage-sms-prod-jobs-dlq in this account and region."),
        ("AccessDenied", "AWS refuses (AccessDenied): No."),
    ],
)
def test_a_refusal_of_aws_is_a_sentence(aws: Stubber, capsys: pytest.CaptureFixture[str], code: str, says: str) -> None:
    """On standard error, with exit code 1."""
    aws.add_client_error("get_queue_url", code, "No.")

    assert run("jobs", "--stage", "prod") == 1
    assert capsys.readouterr().err == f"{says}\n"


def test_a_move_that_runs_already_is_said(sqs: SQSClient, aws: Stubber) -> None:
    """SQS takes one at a time."""
    found(aws, 7)
    aws.add_client_error("start_message_move_task", "AWS.SimpleQueueService.UnsupportedOperation", "A task runs.")

    with pytest.raises(CannotRedrive, match=r"does not move engage-sms-dev-dispatch-people-dlq now: A task runs\."):
        redrive("dispatch-people", stage="dev", rate=3, sqs=sqs)


def test_missing_credentials_are_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback."""

    class Locked:
        def get_queue_url(self, **_: str) -> None:
            raise NoCredentialsError

    monkeypatch.setattr(boto3, "client", lambda _: Locked())

    assert run("jobs") == 1
    assert capsys.readouterr().err == "AWS cannot be asked: Unable to locate credentials\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["relay"], "invalid choice: 'relay'"),
        (["jobs", "--rate", "0"], "not a rate"),
        (["jobs", "--rate", "501"], "not a rate"),
        ([], "QUEUE"),
    ],
)
def test_wrong_arguments_are_answered_in_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    """On standard error, with exit code 2."""
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.endswith("Try engage-sms redrive --help.\n")


def test_every_queue_can_be_redriven(sqs: SQSClient) -> None:
    """Each queue of the topology, under its own name."""
    for queue in topology.QUEUES:
        with Stubber(sqs) as stubber:
            stubber.add_response("get_queue_url", {"QueueUrl": URL}, {"QueueName": f"engage-sms-dev-{queue.name}-dlq"})
            stubber.add_response(
                "get_queue_attributes", {"Attributes": {"QueueArn": ARN, "ApproximateNumberOfMessages": "0"}}
            )

            assert redrive(queue.name, stage="dev", rate=1, sqs=sqs).task is None


# --- why it is safe: a message that comes back meets the same rules ---------------------------------------------------


def test_a_redriven_message_is_not_sent_twice(opted_in: World) -> None:
    """However often it comes back after it was sent, in doubt, or cancelled, Twilio hears nothing of it."""
    sent = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi"), opted_in.ports)
    opted_in.settle()
    opted_in.twilio.inject("messages.create", "timeout_after")
    doubtful = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Ho"), opted_in.ports)
    opted_in.settle()
    before = len(opted_in.twilio.messages())
    for _ in range(5):
        dispatch_message(DispatchMessage(ref=sent.ref), opted_in.ports)
        dispatch_message(DispatchMessage(ref=doubtful.ref), opted_in.ports)
        opted_in.clock.advance(minutes=3)

    assert len(opted_in.twilio.messages()) == before


@pytest.mark.parametrize("why", ["window", "pause", "stop", "expired"])
def test_a_redriven_message_keeps_every_rule(opted_in: World, why: str) -> None:
    """Days in the dead letters change nothing: what may not leave now does not."""
    message = accept(opted_in, STEP)
    opted_in._relay()
    if why == "window":
        opted_in.clock.instant = CLOSED
    elif why == "pause":
        pause_automation(PauseAutomation(org_id=ORG), opted_in.ports)
    elif why == "stop":
        opted_in.twilio.text_from_phone("+13125550199", opted_in.number_of(), "STOP")
        opted_in.twilio.run_due()
    else:
        opted_in.clock.advance(hours=timedelta(days=4) / timedelta(hours=1))
    dispatch_message(DispatchMessage(ref=message.ref), opted_in.ports)
    expected = {"window": Status.HELD, "pause": Status.HELD, "stop": Status.CANCELLED, "expired": Status.EXPIRED}

    assert opted_in.message(message).status is expected[why]
    assert all(text["body"] != TEXT for text in opted_in.twilio.messages())
