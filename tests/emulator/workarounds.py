"""Where the emulator is wrong about IAM, and what is added to the deployed stack so that it runs there.

Nothing here is part of the stack; infra/README.md lists it.
"""

from __future__ import annotations

import json
from typing import Any

from tests.emulator.deployer import Client

NAME = "for-the-emulator"


def allow_batches(client: Client, role_arn: str) -> None:
    """Lets a role that may send messages send several at once.

    AWS has no such action as `sqs:SendMessageBatch`: `sqs:SendMessage` allows both calls. The emulator asks for it.
    """
    iam, role = client("iam"), role_arn.rpartition("/")[2]
    queues: list[str] = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]:
            if "sqs:SendMessage" in _listed(statement["Action"]):
                queues += _listed(statement["Resource"])
    if queues:
        allowed = [{"Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": queues}]
        document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_role_policy(RoleName=role, PolicyName=NAME, PolicyDocument=document)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
