"""What starts a function besides HTTP: queues, the change stream, schedules, events. Each failure has a place to go."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as schedule_targets
from aws_cdk import aws_sqs as sqs

from engage_sms import topology
from infra.aws.deployment import Deployment, construct_id
from infra.aws.encryption import SENDS, Encryption
from infra.aws.function import EngageFunction

STREAM_BATCH = 100
STREAM_RETRIES = 10
STREAM_PARALLEL = 10
"""Batches of one shard at a time; changes of one item stay in order."""


def consume(consumer: EngageFunction, queue: topology.Queue, source: sqs.IQueue) -> None:
    """Starts `consumer` with messages of the queue; it reports which of them failed, and only those come again."""
    consumer.function.add_event_source(
        sources.SqsEventSource(
            source,
            batch_size=queue.batch_size,
            max_concurrency=queue.max_concurrency,
            report_batch_item_failures=True,
        )
    )


def follow(follower: EngageFunction, table: dynamodb.ITable) -> None:
    """Starts `follower` with the table's changes.

    A record that fails every retry is cut out of its batch; its position in the stream goes to the dead letters.
    """
    follower.function.add_event_source(
        sources.DynamoEventSource(
            table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=STREAM_BATCH,
            parallelization_factor=STREAM_PARALLEL,
            bisect_batch_on_error=True,
            retry_attempts=STREAM_RETRIES,
            report_batch_item_failures=True,
            on_failure=sources.SqsDlq(_dead_letters(follower)),
        )
    )


def tick(
    ticked: EngageFunction,
    schedule: topology.Schedule,
    *,
    group: scheduler.IScheduleGroup,
    encryption: Encryption,
    deployment: Deployment,
) -> None:
    """Starts `ticked` at the schedule's times, in UTC, by a role that may do nothing else."""
    in_this_account = {"StringEquals": {"aws:SourceAccount": Stack.of(ticked).account}}
    role = iam.Role(
        ticked,
        "ScheduleRole",
        assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=in_this_account),
    )
    encryption.grant(role, SENDS)
    scheduler.Schedule(
        ticked,
        "Schedule",
        schedule_name=deployment.name(schedule.name),
        schedule_group=group,
        schedule=scheduler.ScheduleExpression.expression(schedule.expression),
        target=schedule_targets.LambdaInvoke(
            ticked.function,
            role=role,
            dead_letter_queue=_dead_letters(ticked),
            max_event_age=Duration.hours(1),
            retry_attempts=3,
        ),
    )


def listen(
    listener: EngageFunction, rule: topology.EventRule, *, bus: events.IEventBus, deployment: Deployment
) -> None:
    """Starts `listener` with each event of the rule's source and type."""
    events.Rule(
        listener,
        construct_id(rule.name),
        rule_name=deployment.name(rule.name),
        event_bus=bus,
        event_pattern=events.EventPattern(source=[rule.source], detail_type=[rule.detail_type]),
        targets=[
            event_targets.LambdaFunction(
                listener.function,
                dead_letter_queue=_dead_letters(listener),
                max_event_age=Duration.hours(24),
                retry_attempts=185,
            )
        ],
    )


def _dead_letters(function: EngageFunction) -> sqs.IQueue:
    if function.dead_letters is None:
        raise ValueError(f"{function.node.id} is asynchronous and has no dead-letter queue.")
    return function.dead_letters.queue
