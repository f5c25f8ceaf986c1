"""Every alarm as plain data: what rings, when, and what to do then. The stack and README's table are made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engage_sms import metrics, topology
from engage_sms.metrics import NAMESPACE, Metric
from infra.aws.deployment import Deployment
from infra.aws.environment import service_name

REDRIVEN = "Read the function's log for the error, mend the cause, then move the letters back by `engage-sms redrive`."
RECORDED = (
    "Read the function's log for the error and mend the cause. A letter is the record of one start: what a schedule "
    "starts does that work at its next start; a letter of `relay` names the place in the stream, one of `journeys` is "
    "the event, to be put on the bus again."
)


@dataclass(frozen=True)
class Source:
    """One metric of CloudWatch's."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One alarm: `when` it rings and what to `do`, for people; and for CloudWatch the same in numbers.

    It rings when `statistic` over `period` seconds is at least `threshold` in as many `periods` on end; `below`: when
    it is less, or when there is nothing. `listed` is the name under which README has it, when it stands for several.
    """

    name: str
    when: str
    do: str
    source: Source
    statistic: str
    period: int
    threshold: float
    periods: int = 1
    below: bool = False
    listed: str = ""

    @property
    def description(self) -> str:
        """What the person who is woken reads."""
        return f"{self.when[0].upper()}{self.when[1:]}. {self.do}"

    @property
    def row(self) -> str:
        """README's line."""
        return f"| `{self.listed or self.name}` | {self.when} | {self.do} |"


def of_ours(metric: Metric, deployment: Deployment) -> Source:
    return Source(NAMESPACE, metric.name, {"service": service_name(deployment.stage.name)})


def of_function(name: str, metric: str, deployment: Deployment) -> Source:
    return Source("AWS/Lambda", metric, {"FunctionName": deployment.name(name)})


def of_queue(name: str, metric: str, deployment: Deployment) -> Source:
    return Source("AWS/SQS", metric, {"QueueName": deployment.name(name)})


def of_table(table: topology.Table, metric: str, deployment: Deployment) -> Source:
    return Source("AWS/DynamoDB", metric, {"TableName": deployment.name(table.name)})


def dead_letter_queues() -> Iterator[str]:
    """Their topology names: one for each queue, and one for each function that is started without a queue."""
    yield from (f"{queue.name}-dlq" for queue in topology.QUEUES)
    yield from (
        f"{function.name}-dlq"
        for function in topology.FUNCTIONS
        if function.stream_of or function.schedule or function.rule
    )


def watches(deployment: Deployment, *, api_id: str) -> tuple[Watch, ...]:
    """All alarms of a deployment; `api_id` is CloudWatch's name for its HTTP API."""
    return (
        *_dead_letters(deployment),
        *_business(deployment),
        *_machinery(deployment),
        Watch(
            name="api-errors",
            when="the API answered 5xx, five times in five minutes",
            do="Read the log of the function that the API's access log names; a message is sent once however often it "
            "is tried.",
            source=Source("AWS/ApiGateway", "5xx", {"ApiId": api_id}),
            statistic="Sum",
            period=300,
            threshold=5,
        ),
    )


def _dead_letters(deployment: Deployment) -> Iterator[Watch]:
    queues = {f"{queue.name}-dlq" for queue in topology.QUEUES}
    for name in dead_letter_queues():
        redriven = name in queues
        yield Watch(
            name=name,
            listed="<queue>-dlq" if redriven else "<function>-dlq",
            when="a message of the queue failed each try" if redriven else "a start of the function failed each try",
            do=REDRIVEN if redriven else RECORDED,
            source=of_queue(name, "ApproximateNumberOfMessagesVisible", deployment),
            statistic="Maximum",
            period=60,
            threshold=1,
        )


def _business(deployment: Deployment) -> Iterator[Watch]:
    yield Watch(
        name="parked-messages",
        when="nobody knows whether some messages were sent, and Twilio cannot be asked",
        do="`GET /v1/organization/parked` of the organization says why; mend that. They are looked up every hour and "
        "never sent again.",
        source=of_ours(metrics.PARKED, deployment),
        statistic="Sum",
        # A parked message is counted at its hourly look-up, which may slip past the end of an hour.
        period=2 * 60 * 60,
        threshold=1,
    )
    yield Watch(
        name="late-openings",
        when="the release of an opening began a minute late or later",
        do="Look for errors and throttles of `release`. What is late leaves by itself, within its window. After a "
        "breaker's rest it rings without harm.",
        source=of_ours(metrics.LATENESS, deployment),
        statistic="Maximum",
        period=300,
        threshold=60,
    )
    yield Watch(
        name="unanswered-calls",
        when="Twilio left ten calls without an answer in five minutes",
        do="See status.twilio.com. The messages are looked up and not sent again; pause an organization by `POST "
        "/v1/organization/pause` if it goes on.",
        source=of_ours(metrics.UNKNOWN, deployment),
        statistic="Sum",
        period=300,
        threshold=10,
    )
    yield Watch(
        name="failed-messages",
        when="a hundred messages failed in a quarter of an hour",
        do="The saved query *failures by code* says which codes, twilio.com/docs/api/errors what they mean: 30007 is a "
        "carrier's filter, 30034 a number without registration.",
        source=of_ours(metrics.FAILED, deployment),
        statistic="Sum",
        period=900,
        threshold=100,
    )
    yield Watch(
        name="refused-accounts",
        when="Twilio refused an organization's whole account",
        do="`GET /v1/organization/pause` has the code: 20003 wants another token, 30002 an account that is paid, 30034 "
        "a registration. Its automation rests and tries again by itself.",
        source=of_ours(metrics.ACCOUNTS_REFUSED, deployment),
        statistic="Sum",
        period=300,
        threshold=1,
    )
    yield Watch(
        name="refused-webhooks",
        when="ten webhooks in five minutes were not signed by the organization's token",
        do="Was a token rotated at Twilio, or the public address changed? Else somebody is knocking, and may.",
        source=of_ours(metrics.WEBHOOKS_REFUSED, deployment),
        statistic="Sum",
        period=300,
        threshold=10,
    )
    yield Watch(
        name="usage-apart",
        when="Twilio's segments and ours differ by a hundred on one day",
        do="`GET /v1/usage` of the organization shows by how much. Ours too few: somebody sends past the system; ours "
        "too many: messages that Twilio did not bill.",
        source=of_ours(metrics.USAGE_DIFFERENCE, deployment),
        statistic="Maximum",
        period=3600,
        threshold=100,
    )
    yield Watch(
        name="lost-numbers",
        when="a user's number is no longer in the organization's Twilio account",
        do="The log of `sweep` names it. Deprovision the user and provision another number, after finding out who "
        "released it.",
        source=of_ours(metrics.NUMBERS_LOST, deployment),
        statistic="Sum",
        period=3600,
        threshold=1,
    )


def _machinery(deployment: Deployment) -> Iterator[Watch]:
    yield Watch(
        name="release-stopped",
        when="`release` has not run for five minutes",
        do="Is its schedule enabled, is the account's concurrency used up? What is held leaves as soon as it runs.",
        source=of_function("release", "Invocations", deployment),
        statistic="Sum",
        period=300,
        threshold=1,
        below=True,
    )
    yield Watch(
        name="relay-behind",
        when="`relay` has been a minute behind the changes of state for three minutes",
        do="Look for its errors and throttles. Nothing is lost for a day; it catches up by itself.",
        source=of_function("relay", "IteratorAge", deployment),
        statistic="Maximum",
        period=60,
        threshold=60_000,
        periods=3,
    )
    for queue, seconds in ((topology.PEOPLE, 1200), (topology.AUTOMATION, 3600)):
        yield Watch(
            name=f"{queue.name}-waiting",
            when=f"a message has been on the queue `{queue.name}` for {seconds // 60} minutes",
            do="Look for errors and throttles of `dispatch`, and for `MessagesDeferred`: Twilio may be too busy.",
            source=of_queue(queue.name, "ApproximateAgeOfOldestMessage", deployment),
            statistic="Maximum",
            period=300,
            threshold=seconds,
        )
    yield Watch(
        name="slow-webhooks",
        when="one webhook in a hundred took a second, for a quarter of an hour",
        do="The saved query *slow webhooks* has them. Twilio gives up after 15 s and tells its debugger.",
        source=of_function("webhooks", "Duration", deployment),
        statistic="p99",
        period=300,
        threshold=1000,
        periods=3,
    )
    yield Watch(
        name="throttled-webhooks",
        when="a webhook found no room to run",
        do="Raise the stage's `reserved` in `infra/aws/deployment.py`, or the account's concurrency.",
        source=of_function("webhooks", "Throttles", deployment),
        statistic="Sum",
        period=60,
        threshold=1,
    )
    for what in ("Read", "Write"):
        yield Watch(
            name=f"throttled-{what.lower()}s",
            when=f"the table `state` turned ten {what.lower()}s away in a minute",
            do="One key may be hot (CloudWatch Contributor Insights shows which), or traffic doubled within half an "
            "hour: raise the table's warm throughput. Everything is tried again.",
            source=of_table(topology.STATE, f"{what}ThrottleEvents", deployment),
            statistic="Sum",
            period=60,
            threshold=10,
        )
