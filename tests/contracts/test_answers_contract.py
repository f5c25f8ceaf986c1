"""The memory of answers: the fake and Powertools over DynamoDB keep the same promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import time_machine
from moto import mock_aws

from engage_sms import topology
from engage_sms.adapters.answers import REMEMBERED, DynamoAnswers, MemoryAnswers
from engage_sms.adapters.aws import Clients
from engage_sms.errors import OutcomeUnknown, Rejected
from engage_sms.ports import Answers
from infra.local.resources import create_table

TABLE = "engage-sms-test-idempotency"
NOW = datetime(2026, 7, 15, 15, 0, tzinfo=UTC)
LONG = 9_000
"""Milliseconds that a caller has left."""


@pytest.fixture
def aws() -> Iterator[None]:
    """The table as the topology has it, and a clock that stands still."""
    with time_machine.travel(NOW, tick=False), mock_aws():
        create_table(boto3.client("dynamodb"), topology.IDEMPOTENCY, TABLE)
        yield


@pytest.fixture(params=["memory", "dynamodb"])
def answers(request: pytest.FixtureRequest, aws: None) -> Answers:
    return MemoryAnswers() if request.param == "memory" else DynamoAnswers(TABLE, Clients())


class Work:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> dict[str, Any]:
        self.done += 1
        return {"statusCode": 201, "headers": {"Content-Type": "application/json"}, "body": f'{{"n":{self.done}}}'}


def test_the_same_request_is_answered_once(answers: Answers) -> None:
    """The answer comes back as it was given; the work is not done again."""
    work = Work()

    first = answers.once("k", "request", work, time_left=LONG)
    second = answers.once("k", "request", work, time_left=LONG)

    assert first == second
    assert work.done == 1


def test_another_key_is_another_request(answers: Answers) -> None:
    """Keys do not touch each other."""
    work = Work()

    answers.once("k", "request", work, time_left=LONG)
    answers.once("l", "request", work, time_left=LONG)

    assert work.done == 2


def test_a_key_belongs_to_its_request(answers: Answers) -> None:
    """Another request under the same key is refused with 422 and not answered."""
    work = Work()
    answers.once("k", "request", work, time_left=LONG)

    with pytest.raises(Rejected) as refusal:
        answers.once("k", "other", work, time_left=LONG)

    assert (refusal.value.slug, refusal.value.status) == ("idempotency-key-reused", 422)
    assert work.done == 1


def test_what_fails_is_not_kept(answers: Answers) -> None:
    """The exception comes through as it was, and the key is free again."""

    def fail() -> dict[str, Any]:
        raise LookupError("as it was")

    with pytest.raises(LookupError, match="as it was"):
        answers.once("k", "request", fail, time_left=LONG)

    assert answers.once("k", "other", Work(), time_left=LONG)["statusCode"] == 201


def test_two_at_once_are_one(answers: Answers) -> None:
    """While the first is being answered the second is sent away with 409."""
    refused: list[Rejected] = []

    def slow() -> dict[str, Any]:
        with pytest.raises(Rejected) as refusal:
            answers.once("k", "request", Work(), time_left=LONG)
        refused.append(refusal.value)
        return Work()()

    answer = answers.once("k", "request", slow, time_left=LONG)

    assert answer["statusCode"] == 201
    assert [(refusal.slug, refusal.status) for refusal in refused] == [("request-in-progress", 409)]


def test_a_caller_that_died_frees_its_key_in_time(aws: None) -> None:
    """Once its time is over, the next one may answer."""
    answers = DynamoAnswers(TABLE, Clients())
    died = {
        "id": {"S": ""},
        "status": {"S": "INPROGRESS"},
        "expiration": {"N": str(int((NOW + timedelta(hours=24)).timestamp()))},
        "in_progress_expiration": {"N": str(int((NOW - timedelta(seconds=1)).timestamp() * 1000))},
    }
    work = Work()
    answers.once("k", "request", work, time_left=LONG)
    client = boto3.client("dynamodb")
    (stored,) = client.scan(TableName=TABLE)["Items"]
    client.put_item(TableName=TABLE, Item={**died, "id": stored["id"], "validation": stored["validation"]})

    answers.once("k", "request", work, time_left=LONG)

    assert work.done == 2


def test_an_answer_is_kept_for_a_day(aws: None) -> None:
    """The item's expiry says so to DynamoDB, and an expired one counts no more."""
    answers, work = DynamoAnswers(TABLE, Clients()), Work()
    answers.once("k", "request", work, time_left=LONG)
    (stored,) = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]

    with time_machine.travel(NOW + timedelta(days=1, seconds=1), tick=False):
        answers.once("k", "request", work, time_left=LONG)

    assert int(stored[str(topology.IDEMPOTENCY.ttl)]["N"]) == int(NOW.timestamp()) + REMEMBERED
    assert work.done == 2


def test_a_memory_that_is_out_of_reach_says_so(aws: None) -> None:
    """Whether the request was answered before cannot be known: it is not answered."""
    work = Work()

    with pytest.raises(OutcomeUnknown):
        DynamoAnswers("no-such-table", Clients()).once("k", "request", work, time_left=LONG)

    assert work.done == 0
