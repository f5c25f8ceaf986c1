"""`make costs`: what a month costs while nothing happens, and what a million messages cost, counted and priced.

Counted here: the units of the table, requests, starts of functions, queue messages, events, bytes of our own log lines.
Assumed, and named below: how long a start takes, what Lambda and the API log of themselves, and how many traces X-Ray
keeps. Every message goes alone: nothing shares a batch, so that a real bill is lower.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stdout
from typing import Any
from unittest.mock import patch

from engage_sms.edge.measure import measured
from engage_sms.edge.telemetry import tally
from engage_sms.ports import StateChange
from engage_sms.topology import FUNCTION, FUNCTIONS
from engage_sms.usecases.send_message import SendMessage, send_message
from infra.aws.deployment import STAGES, Deployment
from infra.aws.environment import service_name
from infra.aws.watches import watches
from infra.costs import HOURS, PRICED, Usage, added, lambda_usage, rows, runs_a_month, times
from tests.meter import MeteredTable
from tests.world import ORG, Delivery, World

SECONDS = {"messaging": 0.05, "relay": 0.03, "dispatch": 0.3, "webhooks": 0.03}
IDLE_SECONDS = 0.1
"""Assumed: how long a start takes; Twilio's answer takes most of a dispatch's."""
LAMBDA_LINES = 350
"""Assumed: bytes that Lambda logs about a start."""
ACCESS_LINE = 350
"""Assumed: bytes of a line of the API's access log."""
TRACED = 0.05
"""X-Ray keeps the first request of each second and 5 % of the others."""
POLLS_A_MINUTE = 15
"""Lambda looks at each queue with five long polls of 20 s."""
MILLION = 1_000_000
IN_PRODUCTION = {"POWERTOOLS_SERVICE_NAME": service_name("prod"), "POWERTOOLS_METRICS_DISABLED": "false"}
"""What a line's length depends on."""


class CountedWorld(World):
    """Counts what the functions would be started with, and what `relay` logs."""

    def __init__(self) -> None:
        self.metered = MeteredTable()
        self.changes = self.webhooks = self.dispatches = self.logged = 0
        super().__init__(table=self.metered)

    def _derive(self, change: StateChange) -> None:
        super()._derive(change)
        self.changes += 1
        printed = io.StringIO()
        with redirect_stdout(printed), patch.dict(os.environ, IN_PRODUCTION):
            tally(measured(change, at=self.clock()))
        self.logged += len(printed.getvalue())

    def _consume(self, queue: str, delivery: Delivery) -> None:
        self.dispatches += 1
        super()._consume(queue, delivery)

    def _post(self, *request: Any) -> int:
        self.webhooks += 1
        return super()._post(*request)

    def counts(self) -> dict[str, float]:
        return {
            "changes": self.changes,
            "webhooks": self.webhooks,
            "dispatches": self.dispatches,
            "logged": self.logged,
            "events": len(self.events),
            "writes": self.metered.write_units,
            "reads": self.metered.read_units,
        }


def one_message() -> Usage:
    """A person's message from the request to `delivered`, all that follows from it included."""
    world = CountedWorld()
    world.opted_in()
    world.arrive()
    before = world.counts()
    send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="x" * 160), world.ports)
    world.arrive()
    made = {name: value - before[name] for name, value in world.counts().items()}
    starts = {
        "messaging": 1.0,
        "relay": made["changes"],
        "dispatch": made["dispatches"],
        "webhooks": made["webhooks"],
    }
    ran = [lambda_usage(FUNCTION[name], starts=count, seconds=SECONDS[name]) for name, count in starts.items()]
    requests = starts["messaging"] + starts["webhooks"]
    return added(
        *ran,
        {
            "DynamoDB write units": made["writes"],
            "DynamoDB read units": made["reads"],
            "API Gateway requests": requests,
            "SQS requests (fair queues)": made["dispatches"] * 3,
            "EventBridge events": made["events"],
            "CloudWatch log bytes": made["logged"] + sum(starts.values()) * LAMBDA_LINES + requests * ACCESS_LINE,
            "X-Ray traces": TRACED * sum(starts.values()),
        },
    )


def idle_month(stage: str) -> Usage:
    """Schedules, polls and what is charged for being there; the table is all but empty."""
    deployment = Deployment(stage=STAGES[stage])
    usage: Usage = {
        "CloudWatch alarms": len(watches(deployment, api_id="")),
        "CloudWatch dashboards": 1,
        "KMS keys": int(deployment.stage.own_key),
        "SQS requests (fair queues)": sum(len(f.consumes) for f in FUNCTIONS) * POLLS_A_MINUTE * 60 * HOURS,
        "DynamoDB read units": _idle_reads() * runs_a_month("rate(1 minute)"),
    }
    for function in FUNCTIONS:
        if function.schedule:
            starts = runs_a_month(function.schedule.expression)
            ran = lambda_usage(function, starts=starts, seconds=IDLE_SECONDS)
            usage = added(usage, ran, {"Scheduler starts": starts, "CloudWatch log bytes": starts * LAMBDA_LINES})
    return usage


def _idle_reads() -> float:
    """Read units of a run of `release` that finds nothing due."""
    world = CountedWorld()
    world.opted_in()
    before = world.metered.read_units
    world._release()
    return world.metered.read_units - before


def table() -> list[str]:
    """README's lines: a month of `dev`, a month of `prod`, a million messages."""
    return rows([idle_month("dev"), idle_month("prod"), times(one_message(), MILLION)])


def main() -> None:
    sys.stdout.write(f"AWS's prices of {PRICED}, us-east-1, US dollars, without free tiers\n")
    sys.stdout.write("| | idle month of `dev` | idle month of `prod` | 1,000,000 messages |\n|---|---|---|---|\n")
    sys.stdout.write("\n".join(table()) + "\n")


if __name__ == "__main__":
    main()
