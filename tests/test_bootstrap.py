"""The composition root: everything from configuration, or one error that names all that is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import boto3
import pytest
from botocore.session import get_session
from moto import mock_aws

from engage_sms.bootstrap import build_ports, real_ports
from engage_sms.config import Config, MissingConfiguration
from engage_sms.errors import Permanent
from engage_sms.ports import PARENT_SECRET, QueueEntry
from infra.local.twilio import FakeTwilio, TwilioInProcess

ENVIRONMENT = {
    "STAGE": "test",
    "STATE_TABLE": "engage-sms-test-state",
    "IDEMPOTENCY_TABLE": "engage-sms-test-idempotency",
    "EVENT_BUS_NAME": "engage-sms-test",
    "PARAMETER_PREFIX": "/engage-sms/test",
    "PUBLIC_URL": "https://sms.example.com",
}
QUEUES = ("PEOPLE_QUEUE_URL", "AUTOMATION_QUEUE_URL", "JOBS_QUEUE_URL")


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """AWS in memory, and the environment of a function in it."""
    with mock_aws():
        sqs = boto3.client("sqs")
        urls = {name: sqs.create_queue(QueueName=name.lower())["QueueUrl"] for name in QUEUES}
        values = ENVIRONMENT | urls
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        real_ports.cache_clear()
        yield values
    real_ports.cache_clear()


def test_the_environment_makes_the_ports(environ: dict[str, str]) -> None:
    """Each port stands on the resource that its variable names; a process makes them once."""
    ports = real_ports()
    ports.jobs_queue.send([QueueEntry(body={"job_id": "j"})])
    ports.secrets.put("twilio/organizations/acme", "{}")

    received = boto3.client("sqs").receive_message(QueueUrl=environ["JOBS_QUEUE_URL"])["Messages"]
    parameter = boto3.client("ssm").get_parameter(Name="/engage-sms/test/twilio/organizations/acme")["Parameter"]
    assert json.loads(received[0]["Body"]) == {"job_id": "j"}
    assert parameter["Type"] == "SecureString"
    assert ports.public_url == "https://sms.example.com"
    assert ports.now().tzinfo is not None
    assert ports.new_id() != ports.new_id()
    assert real_ports() is ports


def test_everything_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error, so that one deployment mends it."""
    required = {field.name.upper() for field in fields(Config)} - {
        "CLIENTS",
        "USER_CLAIM",
        "ORGANIZATION_CLAIM",
        "ROLES_CLAIM",
        "SECRETS_KEY",
    }
    for name in required:
        monkeypatch.delenv(name, raising=False)
    real_ports.cache_clear()

    with pytest.raises(MissingConfiguration) as missing:
        real_ports()

    assert set(missing.value.names) == required
    assert all(name in str(missing.value) for name in required)


def test_the_clients_that_are_named_are_made_at_the_start(environ: dict[str, str]) -> None:
    """From one session, the table's too; the others wait for their first use."""
    made: list[str] = []
    session = get_session()
    create = session.create_client

    def recorded(service: str, *arguments: Any, **named: Any) -> Any:
        made.append(service)
        return create(service, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "create_client", recorded)
        patch.setattr("engage_sms.adapters.aws.get_session", lambda: session)
        build_ports(Config.read(environ))
        usual = list(made)
        build_ports(Config.read(environ | {"CLIENTS": "dynamodb events ssm"}))

    assert usual == ["dynamodb"]
    assert made[1:] == ["dynamodb", "events", "ssm"]


def test_claim_names_come_from_the_configuration(environ: dict[str, str]) -> None:
    """Another issuer's tokens need no other code."""
    ports = build_ports(Config.read(environ | {"USER_CLAIM": "uid", "ORGANIZATION_CLAIM": "t", "ROLES_CLAIM": "g"}))

    assert (ports.claims.user, ports.claims.organization, ports.claims.roles) == ("uid", "t", "g")


def test_twilio_is_called_with_the_parents_credentials(environ: dict[str, str]) -> None:
    """They are read from their parameter when they are first needed; without them nothing is called."""
    fake = FakeTwilio(now=real_ports().now)
    ports = build_ports(Config.read(environ), twilio_http_client=TwilioInProcess(fake))

    with pytest.raises(Permanent, match=PARENT_SECRET):
        ports.twilio.find_account("engage-sms acme")
    ports.secrets.put(PARENT_SECRET, json.dumps({"account_sid": fake.parent.sid, "auth_token": fake.parent.auth_token}))

    assert ports.twilio.find_account("engage-sms acme") is None
