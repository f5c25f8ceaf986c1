"""A deployed stage's own ports, with the caller's AWS credentials.

The configuration is what the stage's `provisioning` function is given: the command acts on the very table, queues and
parameters that the functions act on, through the same use cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from engage_sms import topology
from engage_sms.bootstrap import build_ports
from engage_sms.config import Config
from engage_sms.ports import Ports
from infra.operations.answer import CannotDo

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

DESCRIBED_BY = "provisioning"
"""The function that may do most; every function is given the same configuration."""


def stage_ports(stage: str, *, client: LambdaClient | None = None) -> Ports:
    """Raises CannotDo when AWS cannot be asked, or there is no such stage in this account and region."""
    name = f"{topology.SERVICE}-{stage}-{DESCRIBED_BY}"
    try:
        found = (client or boto3.client("lambda")).get_function_configuration(FunctionName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise CannotDo(f"There is no stage {stage} in this account and region: {name} is not there.") from error
        raise CannotDo(f"AWS refuses ({error.response['Error']['Code']}) to show {name}.") from error
    except BotoCoreError as error:
        raise CannotDo(f"AWS cannot be asked: {error}") from error
    return build_ports(Config.read(found.get("Environment", {}).get("Variables", {})))
