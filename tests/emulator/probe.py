"""What a role may really do: attempts made with its own credentials, and which of them were refused.

A function made for it runs as the role, as any of ours does. Each attempt is one call that changes nothing of worth
when it is allowed: writes of items that are not there under conditions that fail, messages that no queue takes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engage_sms import topology
from tests.emulator.emulated import STAGE, Emulated

SOURCE = """
import boto3
from botocore.exceptions import ClientError

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}


def handler(attempts, context):
    refused, clients = [], {}
    for service, call, arguments in attempts:
        if service not in clients:
            clients[service] = boto3.client(service)
        try:
            getattr(clients[service], call)(**arguments)
        except ClientError as error:
            refused.append(error.response["Error"]["Code"] in DENIED)
        else:
            refused.append(False)
    return refused
"""


@dataclass(frozen=True)
class Attempt:
    """One call, on one resource, by the names that a person would give them."""

    action: str
    resource: str
    service: str
    call: str
    arguments: dict[str, Any]

    @property
    def name(self) -> tuple[str, str]:
        return self.action, self.resource


def attempts(system: Emulated) -> Iterator[Attempt]:
    """Every kind of call on every resource of the topology, on its neighbours' and on the account."""
    for table in topology.TABLES:
        yield from _on_table(table, f"{STAGE}-{table.name}")
    for queue in _queues():
        yield from _on_queue(queue, system.queue_url(queue))
    for secret in topology.Secret:
        one = secret.value if secret is topology.Secret.PARENT else f"{secret.value}/probe"
        yield from _on_parameter(secret.value, f"/{topology.SERVICE}/dev/{one}")
    yield from _on_parameter("another stage's", f"/{topology.SERVICE}/prod/{topology.Secret.PARENT}")
    for bus in (STAGE, "default"):
        entry = {"EventBusName": bus, "Source": "probe", "DetailType": "probe", "Detail": "{}"}
        yield Attempt("events:PutEvents", bus, "events", "put_events", {"Entries": [entry]})
    for function in topology.FUNCTIONS:
        name, logs = f"{STAGE}-{function.name}", {"logGroupName": f"/aws/lambda/{STAGE}-{function.name}"}
        invocation = {"FunctionName": name, "InvocationType": "DryRun"}
        yield Attempt("lambda:InvokeFunction", function.name, "lambda", "invoke", invocation)
        yield Attempt("logs:FilterLogEvents", function.name, "logs", "filter_log_events", logs)
    for action, service, call in ACCOUNT:
        yield Attempt(action, "the account", service, call, {})


READS = ("GetItem", "Query")
WRITES = ("PutItem", "UpdateItem", "DeleteItem")
TAKES = ("ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage")
ACCOUNT = (
    ("s3:ListAllMyBuckets", "s3", "list_buckets"),
    ("iam:ListRoles", "iam", "list_roles"),
    ("lambda:ListFunctions", "lambda", "list_functions"),
    ("dynamodb:ListTables", "dynamodb", "list_tables"),
    ("sqs:ListQueues", "sqs", "list_queues"),
    ("ssm:DescribeParameters", "ssm", "describe_parameters"),
    ("scheduler:ListSchedules", "scheduler", "list_schedules"),
    ("cloudformation:DescribeStacks", "cloudformation", "describe_stacks"),
)


def granted(function: topology.Function) -> set[tuple[str, str]]:
    """What the topology lets the function do, of everything that is attempted."""
    own = function.stream_of or function.schedule or function.rule
    may: set[tuple[str, str]] = set()
    for table in {*function.reads, *function.writes}:
        may |= {(f"dynamodb:{action}", table.name) for action in READS}
    for table in function.writes:
        may |= {(f"dynamodb:{action}", table.name) for action in WRITES}
    may |= {("sqs:SendMessage", queue.name) for queue in function.sends}
    may |= {("sqs:SendMessage", f"{function.name}-dlq")} if own else set()
    may |= {(f"sqs:{action}", queue.name) for queue in function.consumes for action in TAKES}
    may |= {("ssm:GetParameter", secret.value) for secret in function.reads_secrets}
    may |= {("ssm:PutParameter", secret.value) for secret in function.writes_secrets}
    may |= {("events:PutEvents", STAGE)} if function.publishes else set()
    return may


def _queues() -> list[str]:
    queues = [queue.name for queue in topology.QUEUES]
    by_itself = [each.name for each in topology.FUNCTIONS if each.stream_of or each.schedule or each.rule]
    return [*queues, *(f"{name}-dlq" for name in [*queues, *by_itself])]


def _on_table(table: topology.Table, name: str) -> Iterator[Attempt]:
    keys = [table.partition_key, *([table.sort_key] if table.sort_key else [])]
    key = {key: {"S": "probe"} for key in keys}
    there = {"TableName": name, "ConditionExpression": f"attribute_exists({table.partition_key})"}
    query = {"KeyConditionExpression": f"{table.partition_key} = :probe"}
    calls: dict[str, dict[str, Any]] = {
        "get_item": {"TableName": name, "Key": key},
        "query": {"TableName": name, **query, "ExpressionAttributeValues": {":probe": {"S": "probe"}}},
        "scan": {"TableName": name, "Limit": 1},
        "put_item": {**there, "Item": key},
        "update_item": {**there, "Key": key},
        "delete_item": {**there, "Key": key},
        "describe_table": {"TableName": name},
        "describe_continuous_backups": {"TableName": name},
        "update_time_to_live": {
            "TableName": name,
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": table.ttl},
        },
    }
    for call, arguments in calls.items():
        yield Attempt(f"dynamodb:{_action(call)}", table.name, "dynamodb", call, arguments)


def _on_queue(name: str, url: str) -> Iterator[Attempt]:
    calls: dict[str, dict[str, Any]] = {
        "send_message": {"MessageBody": "\v"},
        "receive_message": {},
        "change_message_visibility": {"ReceiptHandle": "probe", "VisibilityTimeout": 0},
        "delete_message": {"ReceiptHandle": "probe"},
        "purge_queue": {},
        "set_queue_attributes": {"Attributes": {"DelaySeconds": "0"}},
    }
    for call, arguments in calls.items():
        yield Attempt(f"sqs:{_action(call)}", name, "sqs", call, {"QueueUrl": url, **arguments})


def _on_parameter(name: str, path: str) -> Iterator[Attempt]:
    value = {"Value": "probe", "Type": "SecureString", "Overwrite": True}
    yield Attempt("ssm:GetParameter", name, "ssm", "get_parameter", {"Name": path, "WithDecryption": True})
    yield Attempt("ssm:PutParameter", name, "ssm", "put_parameter", {"Name": path, **value})
    yield Attempt("ssm:DeleteParameter", name, "ssm", "delete_parameter", {"Name": path})


def _action(call: str) -> str:
    return "".join(word.capitalize() for word in call.split("_"))


def allowed(system: Emulated, function: topology.Function, tried: Sequence[Attempt]) -> set[tuple[str, str]]:
    """Those of the attempts that the function's role was not refused."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("probe.py", SOURCE)
    lambda_, name = system.client("lambda"), f"probe-{function.name}"
    original = lambda_.get_function_configuration(FunctionName=f"{STAGE}-{function.name}")
    lambda_.create_function(
        FunctionName=name,
        Runtime=original["Runtime"],
        Role=original["Role"],
        Handler="probe.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=300,
    )
    payload = json.dumps([(each.service, each.call, each.arguments) for each in tried])
    answer = lambda_.invoke(FunctionName=name, Payload=payload)
    refused = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, refused
    lambda_.delete_function(FunctionName=name)
    return {each.name for each, no in zip(tried, refused, strict=True) if not no}
