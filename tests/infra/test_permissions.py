"""Least privilege: a role may do what the topology grants its function, nothing else."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from engage_sms import topology
from infra.aws.wildcards import ACTIONS, WILDCARDS, Wildcard
from tests.infra.synthesized import Template, as_list

PARAMETERS = ":parameter/engage-sms/dev/"
WRITING = ("DeleteItem", "PutItem", "UpdateItem")

each_function = pytest.mark.parametrize("function", topology.FUNCTIONS, ids=lambda function: function.name)


def test_every_function_has_a_role_of_its_own(template: Template) -> None:
    """Two functions never share what they may do, and no role has a ready-made policy."""
    roles = [template.role(function.name) for function in topology.FUNCTIONS]

    assert len(set(roles)) == len(topology.FUNCTIONS)
    assert all("ManagedPolicyArns" not in role for role in template.of("IAM::Role").values())


@each_function
def test_a_function_reads_and_writes_the_tables_it_says(template: Template, function: topology.Function) -> None:
    """`reads` grants reading and `writes` both; other tables stay closed."""
    role = template.role(function.name)
    written = {table.name for table in function.writes}
    touched = {table.name for table in (*function.reads, *function.writes)}
    indexes = {f"{table.name}/index/{table.index}" for table in topology.TABLES if table.index}

    assert {action: template.allowed(role, f"dynamodb:{action}") for action in WRITING} == dict.fromkeys(
        WRITING, written
    )
    assert template.allowed(role, "dynamodb:GetItem") == template.allowed(role, "dynamodb:BatchGetItem") == touched
    assert template.allowed(role, "dynamodb:Query") == touched | {
        index for index in indexes if index.partition("/")[0] in touched
    }


def test_nobody_scans_describes_or_changes_a_table(template: Template) -> None:
    """What the adapters never ask for, no role may do; only the stream's follower sees the stream."""
    granted = {
        action
        for function in topology.FUNCTIONS
        if not function.stream_of
        for statement in template.statements(template.role(function.name))
        for action in statement["Action"]
        if action.startswith("dynamodb:")
    }

    assert granted == {
        f"dynamodb:{action}" for action in ("BatchGetItem", "ConditionCheckItem", "GetItem", "Query")
    } | {f"dynamodb:{action}" for action in WRITING}


@each_function
def test_a_function_sends_and_takes_what_it_says(template: Template, function: topology.Function) -> None:
    """Queues and the event bus are open to those that name them; dead letters go to the function's own queue."""
    role = template.role(function.name)
    own = {f"{function.name}-dlq"} if function.stream_of or function.schedule or function.rule else set()
    bus = {"engage-sms-dev"} if function.publishes else set()

    assert template.allowed(role, "sqs:SendMessage") == {queue.name for queue in function.sends} | own
    assert template.allowed(role, "sqs:ReceiveMessage") == {queue.name for queue in function.consumes}
    assert template.allowed(role, "events:PutEvents") == bus


@each_function
def test_a_function_reads_and_writes_the_secrets_it_says(template: Template, function: topology.Function) -> None:
    """The parent account's token is open to those that open accounts, not to those that send."""
    role = template.role(function.name)

    def secrets(action: str) -> set[str]:
        return {name.partition(PARAMETERS)[2].removesuffix("/*") for name in template.allowed(role, action)}

    assert secrets("ssm:GetParameter") == {secret.value for secret in function.reads_secrets}
    assert secrets("ssm:PutParameter") == {secret.value for secret in function.writes_secrets}


@each_function
def test_a_function_touches_no_other_service(template: Template, function: topology.Function) -> None:
    """Every granted action belongs to a service that the topology speaks of."""
    statements = template.statements(template.role(function.name))
    services = {action.partition(":")[0] for each in statements for action in each["Action"]}

    assert services <= {"logs", "xray", "dynamodb", "sqs", "events", "ssm"}


@each_function
def test_a_function_uses_the_key_no_more_than_it_reads_and_writes(
    production: Template, function: topology.Function
) -> None:
    """With a key of the stack's own, only what writes or sends may encrypt, and who touches nothing has no key."""
    role = production.role(function.name)
    [key] = production.of("KMS::Key")
    encrypts = bool(function.writes or function.sends or function.writes_secrets or function.schedule or function.rule)
    touches = encrypts or bool(function.reads or function.consumes or function.reads_secrets)

    assert production.allowed(role, "kms:Decrypt") == ({key} if touches else set())
    assert bool(production.allowed(role, "kms:GenerateDataKey")) == encrypts


def test_no_role_may_do_any_action_of_a_service(template: Template, production: Template) -> None:
    """Actions are named one by one; the few families that stand for several have a written reason."""
    allowed = [each for of in (template, production) for each in _allowed(of)]
    families = {action for each in allowed for action in as_list(each["Action"]) if "*" in action}

    assert allowed
    assert families == set(ACTIONS)
    assert [each for each in allowed if "NotAction" in each or "NotResource" in each] == []


def test_every_wildcard_in_a_resource_has_a_written_reason(template: Template) -> None:
    """A `*` that infra/aws/wildcards.py does not explain is refused, and an explanation nobody needs as well."""
    found = _wildcards(template)
    unexplained = [each for each in found if not any(_explains(reason, *each) for reason in WILDCARDS)]
    needless = [reason for reason in WILDCARDS if not any(_explains(reason, *each) for each in found)]

    assert unexplained == []
    assert needless == []
    assert all(reason.reason for reason in WILDCARDS)


def _allowed(template: Template) -> list[dict[str, Any]]:
    policies = [*template.of("IAM::Policy").values(), *template.of("SQS::QueuePolicy").values()]
    statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    return [each for each in statements if each["Effect"] == "Allow"]


def _wildcards(template: Template) -> set[tuple[str, str]]:
    """(action, resource) of each allowed pair whose resource holds a `*`."""
    policies = template.of("IAM::Policy").values()
    statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    pairs = {
        (action, template.text(resource))
        for each in statements
        for action in as_list(each["Action"])
        for resource in as_list(each["Resource"])
    }
    return {pair for pair in pairs if "*" in pair[1]}


def _explains(reason: Wildcard, action: str, resource: str) -> bool:
    narrow = resource == "*" if reason.resource == "*" else resource.endswith(reason.resource) and resource != "*"
    return narrow and any(fnmatchcase(action, pattern) for pattern in reason.actions)
