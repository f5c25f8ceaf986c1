"""Alarms on what the functions count themselves; queues bring their own."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from engage_sms import metrics
from infra.aws.deployment import Deployment
from infra.aws.environment import service_name


class ParkedMessages(Construct):
    """On as long as the outcome of any message is unknown and Twilio cannot be asked."""

    def __init__(self, scope: Construct, id_: str, *, deployment: Deployment) -> None:
        super().__init__(scope, id_)
        cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_name=deployment.name("parked-messages"),
            alarm_description=(
                "Nobody knows whether some messages were sent, and Twilio cannot be asked: read GET "
                "/v1/organization/parked of the organizations for the reason. They are looked up every hour and never "
                "sent again."
            ),
            metric=cloudwatch.Metric(
                namespace=metrics.NAMESPACE,
                metric_name=metrics.PARKED.name,
                dimensions_map={"service": service_name(deployment.stage.name)},
                period=Duration.hours(1),
                statistic="Sum",
            ),
            threshold=1,
            # A parked message is counted at its hourly look-up, which may slip past the end of an hour.
            evaluation_periods=2,
            datapoints_to_alarm=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
