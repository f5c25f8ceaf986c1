"""Log groups that forget in time."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from engage_sms import topology
from infra.aws.deployment import Deployment

RETENTION = {
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}
"""CloudWatch takes only certain numbers of days; these are the ones that make sense here."""


def log_group(scope: Construct, id_: str, *, name: str, deployment: Deployment) -> logs.LogGroup:
    """A group of that name that keeps its lines for the topology's LOG_RETENTION_DAYS."""
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=name,
        retention=RETENTION[topology.LOG_RETENTION_DAYS],
        removal_policy=RemovalPolicy.RETAIN if deployment.stage.keeps_data else RemovalPolicy.DESTROY,
    )
