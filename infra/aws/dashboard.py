"""The dashboard: the business first, then what stands in its way, then the machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from engage_sms import metrics, topology
from engage_sms.metrics import NAMESPACE, Metric
from infra.aws.deployment import Deployment
from infra.aws.environment import service_name
from infra.aws.watches import Source, dead_letter_queues, of_function, of_ours, of_queue, of_table

TODAY = (
    metrics.ACCEPTED,
    metrics.HELD,
    metrics.RELEASED,
    metrics.DISPATCHED,
    metrics.DELIVERED,
    metrics.FAILED,
    metrics.NOT_SENT,
    metrics.RECEIVED,
    metrics.OPTED_IN,
    metrics.OPTED_OUT,
)
Line = tuple[str, Source, str]
"""A line of a graph: its label, its metric, its statistic."""


def chart(source: Source, statistic: str, *, label: str | None = None, minutes: int = 5) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=source.namespace,
        metric_name=source.name,
        dimensions_map=dict(source.dimensions),
        statistic=statistic,
        period=Duration.minutes(minutes),
        label=label,
    )


class Dashboard(Construct):
    """Named as the stack that it shows."""

    def __init__(
        self, scope: Construct, id_: str, *, deployment: Deployment, api_id: str, alarms: Sequence[cloudwatch.IAlarm]
    ) -> None:
        super().__init__(scope, id_)
        self._deployment = deployment
        self._api_id = api_id
        dashboard = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=deployment.stack_name, default_interval=Duration.days(1)
        )
        dashboard.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=24, height=4))
        dashboard.add_widgets(self._today())
        for row in (self._business(), self._obstacles(), self._waiting(), self._front(), self._machines()):
            dashboard.add_widgets(*row)

    def _today(self) -> cloudwatch.SingleValueWidget:
        day = 24 * 60
        counts = [chart(of_ours(each, self._deployment), "Sum", label=_words(each), minutes=day) for each in TODAY]
        return cloudwatch.SingleValueWidget(title="The last day", metrics=counts, width=24, height=4)

    def _business(self) -> list[cloudwatch.IWidget]:
        flow = (metrics.HELD, metrics.RELEASED, metrics.DISPATCHED, metrics.DELIVERED, metrics.FAILED)
        after = of_ours(metrics.AFTER_OPENING, self._deployment)
        late = ("release began late", of_ours(metrics.LATENESS, self._deployment), "Maximum")
        lateness = [("p50 of messages", after, "p50"), ("p99 of messages", after, "p99"), late]
        return [
            self._graph("Messages", self._ours(*flow)),
            self._graph("Seconds after the opening", lateness),
            self._graph("Consent", self._ours(metrics.OPTED_IN, metrics.OPTED_OUT, metrics.RECEIVED)),
        ]

    def _obstacles(self) -> list[cloudwatch.IWidget]:
        by_code = cloudwatch.MathExpression(
            expression=(
                f'SEARCH(\'{{{NAMESPACE},service,{metrics.FAILED.by}}} MetricName="{metrics.FAILED.name}" '
                f"service=\"{service_name(self._deployment.stage.name)}\"', 'Sum', 300)"
            ),
            using_metrics={},
            label="",
        )
        doubtful = self._ours(metrics.UNKNOWN, metrics.PARKED, metrics.DEFERRED, metrics.RELEASES_FAILED)
        refused = self._ours(metrics.WEBHOOKS_REFUSED, metrics.ACCOUNTS_REFUSED, metrics.RECORDS_FAILED)
        apart = ("segments apart", of_ours(metrics.USAGE_DIFFERENCE, self._deployment), "Maximum")
        return [
            cloudwatch.GraphWidget(title="Failures by code", left=[by_code], width=8),
            self._graph("Without an answer, or not now", doubtful),
            self._graph("Refused, and usage", [*refused, apart]),
        ]

    def _waiting(self) -> list[cloudwatch.IWidget]:
        names = [queue.name for queue in topology.QUEUES]
        letters, age = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
        behind = ("relay, ms behind", of_function("relay", "IteratorAge", self._deployment), "Maximum")
        return [
            self._graph("Dead letters", self._queues(dead_letter_queues(), letters)),
            self._graph("On the queues", self._queues(names, letters)),
            self._graph("Oldest on the queues, seconds", [*self._queues(names, age), behind]),
        ]

    def _front(self) -> list[cloudwatch.IWidget]:
        def api(metric: str, statistic: str) -> Line:
            label = metric if statistic == "Sum" else f"{metric} {statistic}"
            return label, Source("AWS/ApiGateway", metric, {"ApiId": self._api_id}), statistic

        tables = [
            (f"{table.name} {what.lower()}s", of_table(table, f"{what}ThrottleEvents", self._deployment), "Sum")
            for table in topology.TABLES
            for what in ("Read", "Write")
        ]
        return [
            self._graph("API", [api("Count", "Sum"), api("4xx", "Sum"), api("5xx", "Sum")]),
            self._graph("API, ms", [api("Latency", "p50"), api("Latency", "p99")]),
            self._graph("Turned away by the tables", tables),
        ]

    def _machines(self) -> list[cloudwatch.IWidget]:
        def functions(metric: str, statistic: str) -> list[Line]:
            return [(name, of_function(name, metric, self._deployment), statistic) for name in topology.FUNCTION]

        return [
            self._graph("Errors of functions", functions("Errors", "Sum")),
            self._graph("Duration of functions, p99 in ms", functions("Duration", "p99")),
            self._graph("Throttles of functions", functions("Throttles", "Sum")),
        ]

    def _ours(self, *wanted: Metric) -> list[Line]:
        return [(_words(metric), of_ours(metric, self._deployment), "Sum") for metric in wanted]

    def _queues(self, names: Iterable[str], metric: str) -> list[Line]:
        return [(name, of_queue(name, metric, self._deployment), "Maximum") for name in names]

    @staticmethod
    def _graph(title: str, lines: Sequence[Line]) -> cloudwatch.GraphWidget:
        left = [chart(source, statistic, label=label) for label, source, statistic in lines]
        return cloudwatch.GraphWidget(title=title, left=left, width=8)


def _words(metric: Metric) -> str:
    """`MessagesNotSent` as people say it: `not sent`."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in metric.name).strip()
    return spaced.removeprefix("messages ").removeprefix("contacts ")
