"""What watches the system: alarms, dashboard, saved queries, and the archive of its events.

A stack of its own, because the system runs without it and it is changed without touching the system. It knows the
system by the names of its resources.
"""

from __future__ import annotations

import re
from typing import Any

from aws_cdk import ArnFormat, Duration, Stack, Tags
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from engage_sms import topology
from infra.aws.dashboard import Dashboard
from infra.aws.deployment import Deployment, construct_id
from infra.aws.queries import QUERIES
from infra.aws.watches import Watch, watches

ARCHIVED_DAYS = 30


class WatchingStack(Stack):
    """`deployment.name("watching")` names it. Who hears of alarms subscribes to its topic, or is the context's."""

    def __init__(self, scope: Construct, *, deployment: Deployment, api_id: str, **options: Any) -> None:
        super().__init__(
            scope, deployment.name("watching"), description="Engage SMS: alarms, dashboard, queries, archive", **options
        )
        self._deployment = deployment
        self._topic = sns.Topic(self, "Alarms", topic_name=deployment.name("alarms"), enforce_ssl=True)
        if deployment.alarm_email:
            self._topic.add_subscription(subscriptions.EmailSubscription(deployment.alarm_email))
        alarms = [self._alarm(watch) for watch in watches(deployment, api_id=api_id)]
        Dashboard(self, "Dashboard", deployment=deployment, api_id=api_id, alarms=alarms)
        self._save_queries()
        self._archive()
        Tags.of(self).add("service", topology.SERVICE)
        Tags.of(self).add("stage", deployment.stage.name)

    def _alarm(self, watch: Watch) -> cloudwatch.Alarm:
        comparison, missing = cloudwatch.ComparisonOperator, cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            construct_id(watch.name),
            alarm_name=self._deployment.name(watch.name),
            alarm_description=watch.description,
            metric=cloudwatch.Metric(
                namespace=watch.source.namespace,
                metric_name=watch.source.name,
                dimensions_map=dict(watch.source.dimensions),
                statistic=watch.statistic,
                period=Duration.seconds(watch.period),
            ),
            threshold=watch.threshold,
            evaluation_periods=watch.periods,
            comparison_operator=(
                comparison.LESS_THAN_THRESHOLD if watch.below else comparison.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            ),
            treat_missing_data=missing.BREACHING if watch.below else missing.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))
        alarm.add_ok_action(actions.SnsAction(self._topic))
        return alarm

    def _save_queries(self) -> None:
        for query in QUERIES:
            logs.CfnQueryDefinition(
                self,
                construct_id(re.sub(r"\W+", "_", f"query {query.name}")),
                name=f"{self._deployment.stack_name}/{query.name}",
                query_string=query.text,
                log_group_names=[f"/aws/lambda/{self._deployment.name(name)}" for name in query.functions],
            )

    def _archive(self) -> None:
        """All events of the bus. Replaying them is harmless: a journey step that was accepted is not accepted again."""
        bus = self.format_arn(
            service="events",
            resource="event-bus",
            resource_name=self._deployment.stack_name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        events.CfnArchive(
            self,
            "Archive",
            archive_name=self._deployment.stack_name,
            description=f"Events of the last {ARCHIVED_DAYS} days, to be replayed",
            source_arn=bus,
            retention_days=ARCHIVED_DAYS,
        )
