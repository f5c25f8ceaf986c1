"""Load on the front door of this machine: bursts by a few threads over loopback, bounded in count and time.

Real connections, the gateway, the functions, and ports in memory, one call at a time: the rates say what our own code
costs, not what Lambda and DynamoDB do. What counts is that every accepted request is in the store once, whatever the
crowd, and how far p99 lies from p50.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

from engage_sms.adapters.layout import to_entity
from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.signature import sign
from engage_sms.domain.message import Direction, Message
from infra.local.server import HOST
from tests.benchmarks.tables import Table
from tests.served import served
from tests.world import ORG, World

TEXTS, PHONES, MESSAGES = 2_000, 50, 1_000
THREADS, BURST = 8, 500
REPEATED = 10
"""Every so many texts come twice, as Twilio's retries do."""
SECONDS = 30.0
"""No section begins another burst after this."""


@dataclass(frozen=True)
class Load:
    """What one section measured. `lost` were accepted and are not in the store; `doubled` are there twice."""

    what: str
    sent: int
    refused: int
    lost: int
    doubled: int
    seconds: float
    latencies: list[float]

    @property
    def row(self) -> tuple[str, ...]:
        p50, p99 = statistics.median(self.latencies), statistics.quantiles(self.latencies, n=100)[98]
        return (
            f"{self.sent:,} {self.what}",
            f"{self.sent / self.seconds:,.0f}",
            f"{p50 * 1000:.0f} ms, {p99 * 1000:.0f} ms",
            f"{self.refused}, {self.lost}, {self.doubled}",
        )


Request = tuple[str, dict[str, str], bytes]
"""Path, headers and body of a POST."""


def table() -> Table:
    """Bursts of BURST at once by THREADS threads; nothing may be lost or doubled."""
    headings = ("Crowd", "Requests a second", "p50, p99", "Refused, lost, doubled")
    return Table(headings, [measured.row for measured in measure_load()])


def measure_load() -> Iterator[Load]:
    os.environ["POWERTOOLS_METRICS_DISABLED"] = "true"  # they would be printed between the figures
    world = World().opted_in()
    with served(world) as system:
        yield _inbound(world, system.port)
        yield _outbound(world, system.port, system.token)


def _inbound(world: World, port: int) -> Load:
    """Signed texts from many phones, some of them delivered twice."""
    sids = [f"SM{index:032x}" for index in range(TEXTS)]
    once = [sid for index, sid in enumerate(sids) if index % (REPEATED + 1) < REPEATED]
    repeats = once[: TEXTS - len(once)]
    requests = [_text(world, sid, index) for index, sid in enumerate([*once, *repeats])]
    statuses, seconds, latencies = _storm(port, requests)
    accepted = {sid for sid, status in zip([*once, *repeats], statuses, strict=False) if status == 200}
    kept = [message.sid for message in _stored(world) if message.direction is Direction.INBOUND and message.sid]
    mine = [sid for sid in kept if sid in set(once)]
    return Load(
        "signed inbound webhooks",
        len(statuses),
        sum(status != 200 for status in statuses),
        len(accepted - set(mine)),
        len(mine) - len(set(mine)),
        seconds,
        latencies,
    )


def _outbound(world: World, port: int, token: str) -> Load:
    """1-to-1 messages, each with a text of its own."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    path = "/v1/conversations/c-1/messages"
    bodies = [f"Message {index}" for index in range(MESSAGES)]
    requests = [(path, headers, json.dumps({"body": body}).encode()) for body in bodies]
    statuses, seconds, latencies = _storm(port, requests)
    accepted = {body for body, status in zip(bodies, statuses, strict=False) if status == 201}
    kept = [message.body for message in _stored(world) if message.body in set(bodies)]
    return Load(
        "1-to-1 messages",
        len(statuses),
        sum(status != 201 for status in statuses),
        len(accepted - set(kept)),
        len(kept) - len(set(kept)),
        seconds,
        latencies,
    )


def _text(world: World, sid: str, index: int) -> Request:
    account = world.ports.account(ORG)
    assert account is not None
    path = f"/webhooks/twilio/{ORG}/messages"
    sender = f"+1708555{1000 + index % PHONES}"
    form = {
        "MessageSid": sid,
        "AccountSid": account.sid,
        "From": sender,
        "To": world.number_of(),
        "Body": f"Text {index}",
    }
    signature = sign(account.auth_token, url=f"{world.ports.public_url}{path}", form=list(form.items()))
    headers = {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}
    return path, headers, urlencode(form).encode()


def _storm(port: int, requests: list[Request]) -> tuple[list[int], float, list[float]]:
    """Bursts of requests, each burst at once by all threads; the statuses and how long each took."""
    statuses: list[int] = []
    latencies: list[float] = []

    def send(request: Request) -> tuple[int, float]:
        begun = time.perf_counter()
        status = _post(port, *request)
        return status, time.perf_counter() - begun

    started = time.perf_counter()
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        for burst in (requests[first : first + BURST] for first in range(0, len(requests), BURST)):
            if time.perf_counter() - started > SECONDS:
                break
            for status, latency in pool.map(send, burst):
                statuses.append(status)
                latencies.append(latency)
    return statuses, time.perf_counter() - started, latencies


def _stored(world: World) -> list[Message]:
    """Every message there is, read from the table itself."""
    assert isinstance(world.table, MemoryTable)
    entities = (to_entity(item) for item in world.table.items())
    return [entity for entity in entities if isinstance(entity, Message)]


def _post(port: int, path: str, headers: dict[str, str], body: bytes) -> int:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()
