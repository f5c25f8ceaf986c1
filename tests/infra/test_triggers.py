"""What starts a function by itself: matches the topology, and a failure always has a place to go."""

from __future__ import annotations

from typing import Any

import pytest

from engage_sms import topology
from tests.infra.synthesized import Template

FOURTEEN_DAYS = 14 * 24 * 60 * 60
CONSUMERS = [(function, queue) for function in topology.FUNCTIONS for queue in function.consumes]
SCHEDULED = [function for function in topology.FUNCTIONS if function.schedule]


def by_name(value: topology.Function | topology.Queue) -> str:
    """How a case of these tests is called."""
    return value.name


@pytest.mark.parametrize(("function", "queue"), CONSUMERS, ids=by_name)
def test_a_consumer_takes_batches_as_the_topology_says(
    template: Template, function: topology.Function, queue: topology.Queue
) -> None:
    """Only failed messages of a batch come again, and Twilio never meets more consumers than allowed."""
    mapping = template.mapping(function.name, queue.name)

    assert mapping["BatchSize"] == queue.batch_size
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": queue.max_concurrency}


@pytest.mark.parametrize(("function", "queue"), CONSUMERS, ids=by_name)
def test_a_message_stays_hidden_long_enough_for_its_consumer(
    template: Template, function: topology.Function, queue: topology.Queue
) -> None:
    """AWS asks for six times the consumer's timeout; less delivers a message twice while it is worked on."""
    visibility = template.queue(queue.name)["VisibilityTimeout"]

    assert visibility == queue.visibility
    assert visibility >= 6 * template.function(function.name)["Timeout"]


@pytest.mark.parametrize("queue", topology.QUEUES, ids=by_name)
def test_a_queue_ends_in_a_dead_letter_queue_of_its_own(template: Template, queue: topology.Queue) -> None:
    """A message nobody can handle leaves after `max_receives` tries and holds nobody up."""
    redrive = template.queue(queue.name)["RedrivePolicy"]

    assert template.short(redrive["deadLetterTargetArn"]) == f"{queue.name}-dlq"
    assert redrive["maxReceiveCount"] == queue.max_receives


@pytest.mark.parametrize("function", [each for each in topology.FUNCTIONS if each.asynchronous], ids=by_name)
def test_every_asynchronous_function_has_a_dead_letter_path(template: Template, function: topology.Function) -> None:
    """Whatever starts it, a failure ends where a person finds it."""
    paths = _dead_letter_paths(template, function)
    expected = {f"{queue.name}-dlq" for queue in function.consumes} or {f"{function.name}-dlq"}

    assert set(paths) == expected
    assert len(paths) == len(function.consumes) + bool(function.stream_of) + 2 * bool(function.schedule) + 2 * bool(
        function.rule
    )


def test_every_dead_letter_queue_keeps_for_fourteen_days_and_raises_an_alarm(
    template: Template, watching: Template
) -> None:
    """The first letter is heard of, and there is time to act."""
    queues = {each["QueueName"]: each for each in template.of("SQS::Queue").values()}
    dead = {name for name in queues if name.endswith("-dlq")}
    alarms = watching.of("CloudWatch::Alarm").values()
    on_queues = [each for each in alarms if each["Namespace"] == "AWS/SQS" and each["Threshold"] == 1]
    watched = {each["Dimensions"][0]["Value"] for each in on_queues}

    assert watched == dead
    assert {queues[name]["MessageRetentionPeriod"] for name in dead} == {FOURTEEN_DAYS}


def test_every_queue_is_encrypted_and_refuses_plain_text_connections(template: Template) -> None:
    """Bodies name people: they are encrypted at rest and on the way."""
    queues = template.of("SQS::Queue")
    policies = template.of("SQS::QueuePolicy").values()
    refusing = {
        queue["Ref"]
        for policy in policies
        for queue in policy["Queues"]
        if any(each["Effect"] == "Deny" for each in policy["PolicyDocument"]["Statement"])
    }

    assert all(each["SqsManagedSseEnabled"] for each in queues.values())
    assert refusing == set(queues)


def test_production_encrypts_every_queue_with_its_own_key(production: Template) -> None:
    """Dead letters too: they are the same messages."""
    [key] = production.of("KMS::Key")
    keys = {production.text(each["KmsMasterKeyId"]) for each in production.of("SQS::Queue").values()}

    assert keys == {key}


def test_the_queues_are_the_topology_s_and_the_dead_letter_queues(template: Template) -> None:
    """Nothing waits in a queue that the topology does not know of."""
    names = {template.short(each["QueueName"]) for each in template.of("SQS::Queue").values()}
    by_itself = {each.name for each in topology.FUNCTIONS if each.stream_of or each.schedule or each.rule}
    queues = {queue.name for queue in topology.QUEUES}

    assert names == queues | {f"{name}-dlq" for name in queues | by_itself}


@pytest.mark.parametrize("function", [each for each in topology.FUNCTIONS if each.stream_of], ids=by_name)
def test_a_bad_record_of_the_stream_cannot_stop_the_rest(template: Template, function: topology.Function) -> None:
    """It is cut out, tried a bounded number of times and parked; it never waits out its day."""
    assert function.stream_of is not None
    mapping = template.mapping(function.name, function.stream_of.name)

    assert mapping["EventSourceArn"]["Fn::GetAtt"][1] == "StreamArn"
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < mapping["MaximumRetryAttempts"] < 100
    assert mapping["StartingPosition"] == "TRIM_HORIZON"


@pytest.mark.parametrize("function", SCHEDULED, ids=by_name)
def test_a_schedule_fires_in_utc_by_a_role_that_may_only_start_its_function(
    template: Template, function: topology.Function
) -> None:
    """A schedule's role starts one function and writes to its dead-letter queue, nothing else."""
    assert function.schedule is not None
    made = _schedule(template, function)
    statements = template.statements(made["Target"]["RoleArn"]["Fn::GetAtt"][0])
    may = {
        (action, template.short(resource).removesuffix(":*"))
        for each in statements
        for action in each["Action"]
        for resource in each["Resource"]
    }

    assert template.text(made["GroupName"]) == "engage-sms-dev"
    assert made["ScheduleExpression"] == function.schedule.expression
    assert made["ScheduleExpressionTimezone"] == "Etc/UTC"
    assert template.short(made["Target"]["Arn"]) == function.name
    assert may == {("lambda:InvokeFunction", function.name), ("sqs:SendMessage", f"{function.name}-dlq")}


@pytest.mark.parametrize("function", [each for each in topology.FUNCTIONS if each.rule], ids=by_name)
def test_a_rule_lets_through_the_topology_s_events(template: Template, function: topology.Function) -> None:
    """The function hears of one source and one type of event, on the system's own bus."""
    assert function.rule is not None
    rule = _rule(template, function)

    assert rule["EventPattern"] == {"source": [function.rule.source], "detail-type": [function.rule.detail_type]}
    assert template.text(rule["EventBusName"]) == "engage-sms-dev"


def _schedule(template: Template, function: topology.Function) -> dict[str, Any]:
    schedules = template.of("Scheduler::Schedule").values()
    return next(each for each in schedules if template.short(each["Target"]["Arn"]) == function.name)


def _rule(template: Template, function: topology.Function) -> dict[str, Any]:
    rules = template.of("Events::Rule").values()
    return next(each for each in rules if template.short(each["Targets"][0]["Arn"]) == function.name)


def _dead_letter_paths(template: Template, function: topology.Function) -> list[str]:
    """Where failures end, one entry for each way in: a trigger that cannot deliver, a function that fails."""
    paths = [template.queue(queue.name)["RedrivePolicy"]["deadLetterTargetArn"] for queue in function.consumes]
    if function.stream_of:
        mapping = template.mapping(function.name, function.stream_of.name)
        paths.append(mapping["DestinationConfig"]["OnFailure"]["Destination"])
    if function.schedule:
        paths.append(_schedule(template, function)["Target"]["DeadLetterConfig"]["Arn"])
    if function.rule:
        paths.append(_rule(template, function)["Targets"][0]["DeadLetterConfig"]["Arn"])
    for invoked in template.of("Lambda::EventInvokeConfig").values():
        if template.short(invoked["FunctionName"]) == function.name:
            paths.append(invoked["DestinationConfig"]["OnFailure"]["Destination"])  # noqa: PERF401
    return [template.short(path) for path in paths]
