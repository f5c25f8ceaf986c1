"""What the secrets promise: in memory and in Parameter Store."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from engage_sms.adapters.aws import SECRET_KEPT, Clients, ParameterSecrets
from engage_sms.adapters.memory import MemorySecrets
from engage_sms.adapters.system import utc_now
from engage_sms.errors import Retryable
from engage_sms.ports import Secrets

NAME = "twilio/organizations/acme"


@pytest.fixture(params=["memory", "parameter store"])
def secrets(request: pytest.FixtureRequest) -> Secrets:
    """No secrets yet."""
    if request.param == "memory":
        return MemorySecrets()
    return ParameterSecrets(request.getfixturevalue("resources")["PARAMETER_PREFIX"], Clients(), now=utc_now)


def test_a_secret_is_read_as_it_was_put(secrets: Secrets) -> None:
    """A new value is seen at once where it was put."""
    secrets.put(NAME, "one")
    first = secrets.get(NAME)
    secrets.put(NAME, "two")

    assert (first, secrets.get(NAME)) == ("one", "two")


def test_a_missing_secret_is_none_until_it_is_put(secrets: Secrets) -> None:
    """That there was none is not remembered."""
    missing = secrets.get(NAME)
    secrets.put(NAME, "one")

    assert (missing, secrets.get(NAME)) == (None, "one")


def test_a_secret_is_encrypted_below_its_prefix(resources: dict[str, str]) -> None:
    """A SecureString; another process reads it decrypted."""
    ParameterSecrets(resources["PARAMETER_PREFIX"], Clients(), now=utc_now).put(NAME, "token")
    (stored,) = boto3.client("ssm").describe_parameters()["Parameters"]

    assert (stored["Name"], stored["Type"]) == (f"/engage-sms/local/{NAME}", "SecureString")
    assert ParameterSecrets(resources["PARAMETER_PREFIX"], Clients(), now=utc_now).get(NAME) == "token"


def test_a_secret_is_encrypted_under_the_deployment_s_key(resources: dict[str, str]) -> None:
    """The key of the stage, or that of the account where the stage has none."""
    ParameterSecrets(resources["PARAMETER_PREFIX"], Clients(), now=utc_now).put(NAME, "one")
    (by_default,) = boto3.client("ssm").describe_parameters()["Parameters"]
    given_key = ParameterSecrets(resources["PARAMETER_PREFIX"], Clients(), now=utc_now, key="alias/engage-sms-prod")
    given_key.put(NAME, "two")
    (given,) = boto3.client("ssm").describe_parameters()["Parameters"]

    assert (by_default["KeyId"], given["KeyId"]) == ("alias/aws/ssm", "alias/engage-sms-prod")


def test_a_secret_is_read_through_a_cache(resources: dict[str, str], clock: Any) -> None:
    """Each message would otherwise cost a call; a token that was rotated elsewhere is known after minutes."""
    secrets = ParameterSecrets(resources["PARAMETER_PREFIX"], Clients(), now=clock)
    secrets.put(NAME, "one")
    ParameterSecrets(resources["PARAMETER_PREFIX"], Clients(), now=clock).put(NAME, "two")
    kept = secrets.get(NAME)
    clock.advance(seconds=SECRET_KEPT.total_seconds())

    assert (kept, secrets.get(NAME)) == ("one", "two")


@pytest.mark.parametrize(
    ("error", "reaction"),
    [
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameter"), Retryable),
        (EndpointConnectionError(endpoint_url="https://ssm.example"), Retryable),
        (ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetParameter"), ClientError),
    ],
)
def test_only_what_may_pass_is_retryable(error: Exception, reaction: type[Exception]) -> None:
    """A store that is busy or silent is worth another try; a missing permission is not, nor is it a missing secret."""

    class Refusing(Clients):
        def __call__(self, service: str) -> Any:
            return self

        def get_parameter(self, **_: Any) -> dict[str, Any]:
            raise error

    with pytest.raises(reaction):
        ParameterSecrets("/engage-sms/local", Refusing(), now=utc_now).get(NAME)
