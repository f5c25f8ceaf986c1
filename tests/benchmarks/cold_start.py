"""How long each function takes to start, beside a bare handler that makes a boto3 DynamoDB client.

Fresh processes of Lambda's own runtime client: bare, function, bare, function, …, all of them several times over. Each
ratio is of neighbours, so that a processor which is now faster and now slower changes both alike. Compare the ratios,
not the milliseconds: they are this machine's.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engage_sms import topology
from tests.benchmarks.deployed import Deployed, deploy
from tests.benchmarks.runtime_api import LambdaProcess
from tests.benchmarks.tables import Table

ROUNDS = 9
BARE = "bare"
WARM_CALLS = 50
BUDGETS = {"webhooks": 1.25, "release": 1.25, "relay": 1.25, "dispatch": 1.4}
API_BUDGET = 1.7
WARM_BUDGET = 3.0
"""Milliseconds."""


@dataclass(frozen=True)
class Start:
    """Of one function: the medians of INIT in milliseconds, and of its ratio to the bare handlers before and after."""

    function: str
    milliseconds: float
    ratio: float

    @property
    def budget(self) -> float | None:
        function = topology.FUNCTION[self.function]
        serves = any(route.auth is not topology.Auth.TWILIO for route in function.routes)
        return BUDGETS.get(self.function, API_BUDGET if serves else None)


def measure_starts(deployed: Deployed, rounds: int = ROUNDS) -> Iterator[Start]:
    """Every function of the topology."""
    measured: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(rounds):
        before = _init(deployed, BARE)
        for name in topology.FUNCTION:
            init, after = _init(deployed, name), _init(deployed, BARE)
            measured[name].append((init * 1000, 2 * init / (before + after)))
            before = after
    for name, found in measured.items():
        milliseconds, ratio = map(statistics.median, zip(*found, strict=True))
        yield Start(name, milliseconds, ratio)


def measure_warm(deployed: Deployed) -> Iterator[tuple[str, str, float]]:
    """Milliseconds of one request to a warm function that needs nothing of AWS, its process's transport included."""
    for name, what, event in WITHOUT_AWS:
        with _started(deployed, name) as process:
            process.invoke(event)
            yield name, what, statistics.median(process.invoke(event)[1] for _ in range(WARM_CALLS)) * 1000


def tables() -> Iterator[Table]:
    """The starts, and what a warm function takes."""
    deployed = deploy()
    starts = [
        (f"`{start.function}`", f"{start.ratio:.2f}", f"{start.milliseconds:.0f} ms", str(start.budget or "—"))
        for start in measure_starts(deployed)
    ]
    yield Table(("Start of", "Times a bare handler's", "INIT here", "Budget"), starts)
    warm = [
        (f"`{name}`: {what}", f"{milliseconds:.1f} ms", f"{WARM_BUDGET:g} ms")
        for name, what, milliseconds in measure_warm(deployed)
    ]
    yield Table(("Warm request", "Time", "Budget"), warm)


def _init(deployed: Deployed, name: str) -> float:
    """Processor seconds of one start, which other programs disturb less than the clock's."""
    with _started(deployed, name) as process:
        return process.init_processor or process.init


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
