"""Runs an operator's command on a deployed stage, through the stage's own ports."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from engage_sms.errors import EngageError, NotFound
from engage_sms.ports import Ports
from infra.operations import stage
from infra.operations.answer import Answer, CannotDo
from infra.operations.brake import pause, resume
from infra.operations.organizations import organizations
from infra.operations.parked import parked
from infra.operations.usage import usage

COMMANDS: Mapping[str, Callable[[argparse.Namespace, Ports], Answer]] = {
    "organizations": organizations,
    "usage": usage,
    "parked": parked,
    "pause": pause,
    "resume": resume,
}


def run(options: argparse.Namespace) -> int:
    """Does it with the caller's AWS credentials; what it gives is the exit code."""
    try:
        answer = COMMANDS[options.command](options, stage.stage_ports(options.stage))
    except NotFound:
        return _failed(f"There is no organization {options.organization} on this stage.")
    except (CannotDo, EngageError) as reason:
        return _failed(str(reason))
    except (BotoCoreError, ClientError, PynamoDBException) as reason:
        return _failed(f"AWS refuses or cannot be asked: {' '.join(str(reason).split())}")
    answer.show(as_json=options.json)
    return 0


def _failed(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1
