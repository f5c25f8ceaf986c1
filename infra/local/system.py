"""The composition of the system on this machine: AWS, Twilio, the functions, and what drives them, in one process."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import boto3
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from engage_sms import topology
from engage_sms.bootstrap import build_ports
from engage_sms.config import Config
from engage_sms.ports import PARENT_SECRET, Ports
from engage_sms.topology import EVENT_SOURCE_OUT
from infra.local.aws import REGION, LocalAws
from infra.local.clock import LocalClock
from infra.local.due import earliest_due
from infra.local.engine import Engine, Source
from infra.local.events import Request, queue_arn, scheduled_event
from infra.local.functions import Functions
from infra.local.gateway import Gateway
from infra.local.resources import create_resources, resource_name
from infra.local.sources import (
    EventSource,
    Invocations,
    QueueSource,
    ScheduleSource,
    SqsQueue,
    StreamSource,
    TwilioSource,
)
from infra.local.tokens import Tokens
from infra.local.twilio.fake import FakeTwilio
from infra.local.twilio.http_client import TwilioInProcess

EVENTS_KEPT = 10_000
ENVIRONMENT = {
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": topology.SERVICE,
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}
DRIVEN_BY_DUE_TIMES = {"release"}
"""Functions whose ticks find something only once an opening or a timer is due."""


class System:
    """The whole system. Takes over the process's clock and AWS from `start` to `stop`."""

    def __init__(
        self,
        *,
        public_url: str,
        at: datetime | None = None,
        clock_runs: bool = True,
        signing_key: RSAPrivateKey | None = None,
    ) -> None:
        """`public_url`: where Twilio, and everybody, reaches it. `at`: where its clock starts, otherwise now."""
        self.public_url = public_url
        self._signing_key = signing_key
        self.clock = LocalClock(at, runs=clock_runs)
        self.aws = LocalAws(on_call=self._wake)
        self.events_out: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        self._engine: Engine | None = None
        self._clients: dict[str, Any] = {}

    def start(self) -> None:
        """Makes everything. Nothing moves before `begin`."""
        self.clock.start()
        self.aws.start(ENVIRONMENT)
        config = Config.read(create_resources(self.client, public_url=self.public_url))
        self.config = config
        self.twilio = FakeTwilio(self.clock.now, post=self._post)
        in_aws = build_ports(config, twilio_http_client=TwilioInProcess(self.twilio))
        # Whoever waits puts the clock ahead: nothing in this process may sleep while others wait for it.
        self.ports: Ports = replace(in_aws, wait=self.clock.move_to)
        parent = {"account_sid": self.twilio.parent.sid, "auth_token": self.twilio.parent.auth_token}
        self.ports.secrets.put(PARENT_SECRET, json.dumps(parent))
        self.functions = Functions(self.ports, prefix=resource_name(""))
        self.tokens = Tokens(f"{self.public_url}/local", self._signing_key)
        self.gateway = Gateway(self.functions, self.tokens, self.clock)
        self._listen(config.event_bus_name)

    def begin(self) -> None:
        """From here on the engine sees what changes; what was written before is taken as long past."""
        self._engine = Engine(self._sources(), self.clock)

    def stop(self) -> None:
        if self._engine is not None:
            self._engine.stop()
        self.aws.stop()
        self.clock.stop()

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("The system has not begun.")
        return self._engine

    def client(self, service: str) -> Any:
        """A client of an AWS service, made once."""
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=REGION)  # type: ignore[call-overload]
        return self._clients[service]

    def run_function(self, name: str) -> Any:
        """Runs a scheduled function now, as its schedule would; its answer. Raises KeyError for any other name."""
        schedule = topology.FUNCTION[name].schedule
        if schedule is None:
            raise KeyError(name)
        event = scheduled_event(schedule.name, event_id=str(uuid4()), at=self.clock.now())
        return self.functions.invoke(name, event)

    def put_event(self, source: str, detail_type: str, detail: dict[str, Any], *, at: datetime | None = None) -> str:
        """Puts an event on the bus; its id."""
        entry = {
            "EventBusName": self.config.event_bus_name,
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
            "Time": at or self.clock.now(),
        }
        event_id: str = self.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"]
        return event_id

    def dead_letters(self) -> dict[str, list[str]]:
        """What is in each dead-letter queue, by the name of the queue or function that gave up."""
        return {name: queue.bodies() for name, queue in self._dead_letters.items()}

    # --- what starts the functions ---

    def _listen(self, bus: str) -> None:
        """Rules of the bus put what they match into queues of their own, which the engine empties."""
        wanted = {f.rule.name: ([f.rule.source], [f.rule.detail_type]) for f in topology.FUNCTIONS if f.rule}
        events, sqs = self.client("events"), self.client("sqs")
        patterns = {
            name: {"source": source, "detail-type": detail_type} for name, (source, detail_type) in wanted.items()
        }
        patterns[OUT] = {"source": [EVENT_SOURCE_OUT]}
        for name, pattern in patterns.items():
            queue = resource_name(f"rule-{name}")
            sqs.create_queue(QueueName=queue)
            events.put_rule(Name=resource_name(name), EventBusName=bus, EventPattern=json.dumps(pattern))
            events.put_targets(
                Rule=resource_name(name), EventBusName=bus, Targets=[{"Id": "queue", "Arn": queue_arn(queue)}]
            )

    def _sources(self) -> list[Source]:
        asynchronous = [f for f in topology.FUNCTIONS if f.asynchronous and not f.consumes]
        own = {f.name: self._queue(f"{f.name}-dlq") for f in asynchronous}
        of_queues = {queue.name: self._queue(f"{queue.name}-dlq") for queue in topology.QUEUES}
        self._dead_letters = of_queues | own
        invocations = Invocations(self.functions, own, self.clock)
        sources: list[Source] = [TwilioSource(self.twilio), invocations]
        for function in topology.FUNCTIONS:
            sources += self._sources_of(function, own, invocations)
        out = self._queue(f"rule-{OUT}")
        sources.append(EventSource(out, self.events_out.append, self.clock))
        return sources

    def _sources_of(
        self, function: topology.Function, dead_letters: dict[str, SqsQueue], invocations: Invocations
    ) -> list[Source]:
        name = function.name
        sources: list[Source] = [
            QueueSource(self._queue(queue.name), queue, name, self.functions, self.clock) for queue in function.consumes
        ]
        if function.stream_of:
            table = resource_name(function.stream_of.name)
            sources.append(
                StreamSource(table, name, dead_letters[name], self.functions, self.client("dynamodbstreams"))
            )
        if function.rule:
            matched = self._queue(f"rule-{function.rule.name}")
            sources.append(EventSource(matched, lambda event: invocations.invoke(name, event), self.clock))
        if function.schedule:
            quiet_until = self._earliest_due if name in DRIVEN_BY_DUE_TIMES else None
            sources.append(ScheduleSource(name, function.schedule, invocations, self.clock, quiet_until))
        return sources

    def _queue(self, name: str) -> SqsQueue:
        return SqsQueue(resource_name(name), self.client("sqs"))

    def _earliest_due(self) -> datetime | None:
        return earliest_due(self.config.state_table)

    # --- what comes from outside ---

    def _post(self, url: str, form: list[tuple[str, str]], headers: dict[str, str]) -> int:
        """Twilio's webhooks reach the gateway as HTTP requests would."""
        if not url.startswith(f"{self.public_url}/"):
            raise ConnectionError(f"{url} is not an address of this system.")
        address = urlsplit(url)
        named = {"host": address.netloc, "user-agent": "TwilioProxy/1.1", **headers}
        request = Request(
            method="POST",
            path=address.path,
            query=address.query,
            headers=[(name.lower(), value) for name, value in named.items()],
            body=urlencode(form).encode(),
        )
        return self.gateway.handle(request).status

    def _wake(self) -> None:
        if self._engine is not None:
            self._engine.wake()


OUT = "events-out"
