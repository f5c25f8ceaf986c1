"""How long each function takes to start, beside a bare handler that makes a boto3 DynamoDB client.

Fresh processes of Lambda's own runtime client, all functions in turn and that several times over, so that whatever else
the machine does meets all of them alike. Compare the ratios, not the milliseconds: they are this machine's.
"""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engage_sms import topology
from tests.benchmarks.deployed import Deployed, deploy
from tests.benchmarks.runtime_api import LambdaProcess

ROUNDS = 9
WARM_CALLS = 50
BUDGETS = {"webhooks": 1.25, "release": 1.25, "relay": 1.25, "dispatch": 1.4}
API_BUDGET = 1.7
WARM_BUDGET = 3.0
"""Milliseconds."""


@dataclass(frozen=True)
class Start:
    """Medians of one function: INIT in milliseconds, of the clock and of the processor, and the same as ratios."""

    function: str
    wall: float
    processor: float
    ratio: float
    processor_ratio: float

    @property
    def budget(self) -> float | None:
        function = topology.FUNCTION[self.function]
        serves = any(route.auth is not topology.Auth.TWILIO for route in function.routes)
        return BUDGETS.get(self.function, API_BUDGET if serves else None)


def measure_starts(rounds: int = ROUNDS) -> tuple[Deployed, list[Start]]:
    """Every function of the topology."""
    deployed = deploy()
    names = ("bare", *topology.FUNCTION)
    measured: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            with _started(deployed, name) as process:
                measured[name].append((process.init * 1000, process.init_processor * 1000))
    medians = {name: [statistics.median(each) for each in zip(*found, strict=True)] for name, found in measured.items()}
    bare = medians.pop("bare")
    return deployed, [
        Start(name, wall, processor, wall / bare[0], processor / (bare[1] or 1))
        for name, (wall, processor) in medians.items()
    ]


def measure_warm(deployed: Deployed) -> Iterator[tuple[str, float]]:
    """Milliseconds of one request to a warm function that needs nothing of AWS, its process's transport included."""
    for name, what, event in WITHOUT_AWS:
        with _started(deployed, name) as process:
            process.invoke(event)
            yield what, statistics.median(process.invoke(event)[1] for _ in range(WARM_CALLS)) * 1000


def rows() -> Iterator[tuple[str, str, str]]:
    """What, measured, budget."""
    deployed, starts = measure_starts()
    yield f"start on python{deployed.version}, beside a bare handler", f"{ROUNDS} processes each", ""
    for start in starts:
        measured = f"{start.ratio:.2f} x, {start.wall:.0f} ms ({start.processor_ratio:.2f} x of the processor)"
        yield f"  {start.function}", measured, f"{start.budget} x" if start.budget else ""
    for what, milliseconds in measure_warm(deployed):
        yield f"  warm: {what}", f"{milliseconds:.1f} ms", f"{WARM_BUDGET:g} ms"


def _started(deployed: Deployed, name: str) -> LambdaProcess:
    return LambdaProcess(
        deployed.python,
        handler=deployed.handler(name),
        directory=deployed.directory(name),
        environment=deployed.environment(name),
    )


def _request(method: str, path: str, **more: Any) -> Mapping[str, Any]:
    claims = {"sub": "u-1", "org_id": "acme", "roles": "[user]"}
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "userAgent": "bench"},
            "authorizer": {"jwt": {"claims": claims, "scopes": None}},
            "requestId": "id",
            "stage": "$default",
        },
        "isBase64Encoded": False,
        **more,
    }


WITHOUT_AWS = (
    ("messaging", "a preview, validated and answered", _request("POST", "/v1/messages/preview", body='{"body": "Hi"}')),
    ("webhooks", "a form that is none, refused", _request("POST", "/webhooks/twilio/acme/status", body="%")),
    ("relay", "a change that means nothing", {"Records": []}),
    ("dispatch", "a batch without messages", {"Records": []}),
)
"""Function, what it does, event."""


if __name__ == "__main__":
    for what, measured, budget in rows():
        sys.stdout.write(f"{what:46}{measured:44}{budget}\n")
