"""What AWS charges, from what was counted. Twilio's and the carriers' charges come on top.

Prices of us-east-1 in US dollars as of PRICED, from aws.amazon.com/<service>/pricing; free tiers are not taken off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engage_sms.topology import Function

PRICED = "March 2026"
HOURS = 730
"""Of a month."""


@dataclass(frozen=True)
class Price:
    """So many dollars for so many `per`."""

    dollars: float
    per: int = 1


PRICES: Mapping[str, Price] = {
    "DynamoDB write units": Price(0.625, 1_000_000),
    "DynamoDB read units": Price(0.125, 1_000_000),
    "API Gateway requests": Price(1.00, 1_000_000),
    "Lambda requests": Price(0.20, 1_000_000),
    "Lambda GB-seconds (arm64)": Price(0.0000133334),
    "SQS requests (fair queues)": Price(0.50, 1_000_000),
    "EventBridge events": Price(1.00, 1_000_000),
    "Scheduler starts": Price(1.00, 1_000_000),
    "CloudWatch log bytes": Price(0.50, 1_000_000_000),
    "X-Ray traces": Price(5.00, 1_000_000),
    "CloudWatch alarms": Price(0.10),
    "CloudWatch dashboards": Price(3.00),
    "KMS keys": Price(1.00),
}
Usage = Mapping[str, float]
"""How many of each thing that has a price."""


def cost(usage: Usage) -> dict[str, float]:
    """Dollars by thing. Raises KeyError for a thing without a price."""
    return {what: amount * PRICES[what].dollars / PRICES[what].per for what, amount in usage.items()}


def runs_a_month(expression: str) -> float:
    """How often a schedule starts its function in HOURS hours. Raises ValueError for one of another form."""
    rate = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if rate:
        return HOURS * {"minute": 60, "hour": 1, "day": 1 / 24}[rate[2]] / int(rate[1])
    if re.fullmatch(r"cron\(\d+ \d+ \* \* \? \*\)", expression):
        return HOURS / 24
    raise ValueError(f"{expression} is neither a rate nor once a day.")


def lambda_usage(function: Function, *, starts: float, seconds: float) -> dict[str, float]:
    """Of so many starts of the function, of so many seconds each."""
    return {
        "Lambda requests": starts,
        "Lambda GB-seconds (arm64)": starts * seconds * function.memory / 1024,
    }


def added(*usages: Usage) -> dict[str, float]:
    """All of them together."""
    total: dict[str, float] = {}
    for usage in usages:
        for what, amount in usage.items():
            total[what] = total.get(what, 0) + amount
    return total


def times(usage: Usage, factor: float) -> dict[str, float]:
    return {what: amount * factor for what, amount in usage.items()}


def rows(columns: Sequence[Usage]) -> list[str]:
    """README's lines: for each thing how many and how many dollars, column by column; and the totals."""
    priced = [cost(usage) for usage in columns]
    wanted = [what for what in PRICES if any(usage.get(what) for usage in columns)]

    def cell(usage: Usage, dollars: Usage, what: str) -> str:
        return f"{usage[what]:,.0f}: ${dollars[what]:,.2f}" if usage.get(what) else ""

    pairs = list(zip(columns, priced, strict=True))
    lines = [[what, *(cell(usage, dollars, what) for usage, dollars in pairs)] for what in wanted]
    totals = ["together", *(f"**${sum(dollars.values()):,.2f}**" for dollars in priced)]
    return ["| " + " | ".join(line) + " |" for line in [*lines, totals]]
