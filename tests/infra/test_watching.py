"""What watches the system looks at things that are there, and says what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engage_sms import metrics, topology
from engage_sms.usecases.reconcile_message import WHILE_PARKED
from infra.aws.deployment import STAGES, Deployment
from infra.aws.queries import QUERIES
from infra.aws.watches import Watch, watches
from tests.infra.synthesized import Template

DEPLOYMENT = Deployment(stage=STAGES["dev"])
WATCHES = watches(DEPLOYMENT, api_id="api")
each_watch = pytest.mark.parametrize("watch", WATCHES, ids=lambda watch: watch.name)


@each_watch
def test_an_alarm_is_what_the_table_of_watches_says(watching: Template, watch: Watch) -> None:
    """Somebody hears of it, when it rings and when it is over, and reads what to do."""
    [alarm] = [
        each for each in watching.of("CloudWatch::Alarm").values() if each["AlarmName"].endswith(f"dev-{watch.name}")
    ]
    [topic] = watching.of("SNS::Topic")
    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    statistic = alarm.get("Statistic") or alarm.get("ExtendedStatistic")

    assert alarm["AlarmDescription"] == watch.description
    assert watch.do in watch.description
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
    assert (alarm["Namespace"], alarm["MetricName"]) == (watch.source.namespace, watch.source.name)
    assert set(dimensions) == set(watch.source.dimensions)
    assert (statistic, alarm["Period"], alarm["Threshold"]) == (watch.statistic, watch.period, watch.threshold)
    assert alarm["TreatMissingData"] == ("breaching" if watch.below else "notBreaching")
    assert alarm["ComparisonOperator"].startswith("LessThan" if watch.below else "GreaterThanOrEqual")


def test_there_is_no_alarm_beside_the_table(watching: Template) -> None:
    """An alarm that the table does not have has no line in README."""
    names = {each["AlarmName"].removeprefix("engage-sms-dev-") for each in watching.of("CloudWatch::Alarm").values()}

    assert names == {watch.name for watch in WATCHES}
    assert len(names) == len(WATCHES)


@each_watch
def test_an_alarm_watches_something_that_there_is(template: Template, watch: Watch) -> None:
    """A metric that nothing writes, or of a resource of another name, would never ring."""
    [(dimension, value)] = watch.source.dimensions.items()
    there: dict[str, set[Any]] = {
        "service": {variables(template)["POWERTOOLS_SERVICE_NAME"]},
        "FunctionName": {each["FunctionName"] for each in template.of("Lambda::Function").values()},
        "QueueName": {each["QueueName"] for each in template.of("SQS::Queue").values()},
        "TableName": {each["TableName"] for each in template.of("DynamoDB::GlobalTable").values()},
        "ApiId": {"api"},
    }
    ours = {metric.name for metric in metrics.METRICS}

    assert value in there[dimension]
    assert watch.source.name in ours or watch.source.namespace != metrics.NAMESPACE


def test_a_parked_message_cannot_slip_between_two_looks() -> None:
    """It is counted once an hour, so the alarm looks at more than an hour at a time."""
    [watch] = [each for each in WATCHES if each.name == "parked-messages"]

    assert watch.period > WHILE_PARKED.total_seconds()
    assert (watch.statistic, watch.threshold, watch.periods) == ("Sum", 1, 1)


def test_every_asynchronous_function_is_watched() -> None:
    """A failure that nobody waits for rings, whatever starts the function."""
    watched = {watch.name for watch in WATCHES}
    wanted = {f"{queue.name}-dlq" for function in topology.FUNCTIONS for queue in function.consumes} | {
        f"{function.name}-dlq" for function in topology.FUNCTIONS if function.asynchronous and not function.consumes
    }

    assert wanted <= watched


def test_alarms_go_to_the_address_of_the_context_over_tls(production: Template, watching: Template) -> None:
    """Without one they still show, and anybody may subscribe to the topic."""
    assert production.watching is not None
    [subscription] = production.watching.of("SNS::Subscription").values()
    [policy] = watching.of("SNS::TopicPolicy").values()
    denied = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Deny"]

    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")
    assert watching.of("SNS::Subscription") == {}
    assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_dashboard_shows_the_business_its_obstacles_and_the_machines(watching: Template) -> None:
    """Every count of messages and consent, lateness, dead letters, errors, throttles: at a glance, with all alarms."""
    [dashboard] = watching.of("CloudWatch::Dashboard").values()
    body = json.dumps(dashboard["DashboardBody"])
    shown = {metric.name for metric in metrics.METRICS if f'\\"{metric.name}\\"' in body}
    business = {each.name for each in metrics.METRICS if each.name.startswith(("Messages", "Contacts", "Opening"))}

    assert dashboard["DashboardName"] == "engage-sms-dev"
    assert business - {metrics.SENT.name} <= shown
    for needed in ("4xx", "5xx", "Errors", "Duration", "Throttles", "WriteThrottleEvents", "p50", "p99", "SEARCH("):
        assert needed in body
    assert all(f"{name}-dlq" in body for name in (*(queue.name for queue in topology.QUEUES), "relay", "release"))


def test_saved_queries_ask_logs_that_there_are_for_fields_that_there_are(
    template: Template, watching: Template
) -> None:
    """A query over a log group of another name would find nothing."""
    groups = {each["LogGroupName"] for each in template.of("Logs::LogGroup").values()}
    saved = watching.of("Logs::QueryDefinition").values()

    assert {each["Name"].removeprefix("engage-sms-dev/") for each in saved} == {query.name for query in QUERIES}
    assert all(set(each["LogGroupNames"]) <= groups for each in saved)
    assert all(len(each["LogGroupNames"]) <= 50 for each in saved)


def test_events_are_kept_to_be_replayed(template: Template, watching: Template) -> None:
    """Of the system's own bus, and not for ever."""
    [archive] = watching.of("Events::Archive").values()
    [bus] = template.of("Events::EventBus").values()

    assert watching.text(archive["SourceArn"]).endswith(f":event-bus/{bus['Name']}")
    assert archive["RetentionDays"] == 30


def test_what_an_emulator_refuses_is_kept_apart(template: Template) -> None:
    """The system itself deploys where there is no archive, no saved query and no dashboard."""
    kinds = {each["Type"] for each in template.body["Resources"].values()}

    assert not kinds & {"AWS::Events::Archive", "AWS::Logs::QueryDefinition", "AWS::CloudWatch::Dashboard"}


def variables(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template.function("relay")["Environment"]["Variables"]
    return found
