"""The deployed system on the emulator: AWS on loopback, the fake Twilio behind a proxy, and one clock for all of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import boto3
import pytest

from engage_sms import topology
from infra.local.tokens import Tokens
from infra.local.twilio.fake import FakeTwilio
from tests.contracts import ministack
from tests.emulator import callers, outside
from tests.emulator.authority import Authority
from tests.emulator.deployer import deploy
from tests.emulator.moved_clock import MovedClock, moved_to
from tests.emulator.steps import Steps
from tests.emulator.workarounds import allow_batches
from tests.local.caller import Caller

T = TypeVar("T")
REGION = "us-east-1"
STAGE = f"{topology.SERVICE}-dev"
BEGINS = datetime(2026, 7, 15, 15, 0, tzinfo=UTC)
"""Wednesday, 10 o'clock in Chicago: inside the default sending window, as in README's walk."""
BEHIND = 5
REST = 2
"""Seconds, of real time."""
PATIENCE = 240
"""Seconds of real time until what is waited for counts as lost; cold starts on a busy machine take most of it."""


class Emulated:
    """See the module. `enforces` says whether the emulator asks IAM before it does anything."""

    def __init__(
        self, address: str, clock: MovedClock, twilio: FakeTwilio, authority: Authority, *, enforces: bool
    ) -> None:
        self.clock = clock
        self.twilio = twilio
        self.enforces = enforces
        self.outputs: Mapping[str, str] = {}
        self.people: callers.People
        self._address = address
        self._authority = authority
        self._clients: dict[str, Any] = {}

    # --- time ---

    def leap(self, seconds: float) -> None:
        """Everything that was to happen within these seconds is due now. Returns once the emulator knows.

        Waits for a moment of rest first. A request that is under way would come with a signature hours old and be
        refused, and the emulator does not deliver again what a consumer of a stream says it failed with.
        """
        eventually("a moment of rest", self._rests)
        self.clock.leap(seconds)
        eventually("the emulator's clock", self._behind, lambda behind: behind < BEHIND)

    def leap_to(self, instant: datetime) -> None:
        self.leap((instant - self.clock.now()).total_seconds())

    def _rests(self) -> bool:
        """Whether the change stream's follower had nothing to do for a while."""
        before = self.said("relay", "END RequestId")
        time.sleep(REST)
        return self.said("relay", "END RequestId") == before

    def _behind(self) -> float:
        """Seconds that the emulator's clock is behind ours, by the whole seconds that its answers are dated in."""
        ask = callers.over(self._address, trusting=self._authority.bundle)
        _, headers, _ = ask("GET", "/_ministack/health", {}, b"")
        return (self.clock.now() - parsedate_to_datetime(headers["date"])).total_seconds()

    # --- AWS ---

    def client(self, service: str) -> Any:
        """A client of an AWS service, made once, with the account's own credentials."""
        if service not in self._clients:
            self._clients[service] = self.client_of(service, "testing", "testing")
        return self._clients[service]

    def client_of(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        """A client with somebody's credentials."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self._address,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            verify=str(self._authority.bundle),
        )

    def queue_url(self, name: str) -> str:
        url: str = self.client("sqs").get_queue_url(QueueName=f"{STAGE}-{name}")["QueueUrl"]
        return url

    def queued(self, name: str, kind: str = "") -> int:
        """Messages in the queue that may be received; `kind` is `Delayed` or `NotVisible` for others."""
        asked = f"ApproximateNumberOfMessages{kind}"
        answer = self.client("sqs").get_queue_attributes(QueueUrl=self.queue_url(name), AttributeNames=[asked])
        return int(answer["Attributes"][asked])

    def said(self, function: str, words: str) -> int:
        """How many lines of the function's log have these words."""
        events = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{STAGE}-{function}")["events"]
        return sum(words in event["message"] for event in events)

    def dead_letters(self) -> dict[str, int]:
        """How many letters there are in each dead-letter queue that has some."""
        urls = self.client("sqs").list_queues(QueueNamePrefix=f"{STAGE}-").get("QueueUrls", [])
        names = [url.rpartition(f"/{STAGE}-")[2] for url in urls]
        counts = {name: self.queued(name) for name in names if name.endswith("-dlq")}
        return {name: count for name, count in counts.items() if count}

    def role(self, function: str) -> str:
        """The ARN of the function's role."""
        found = self.client("lambda").get_function_configuration(FunctionName=f"{STAGE}-{function}")
        role: str = found["Role"]
        return role

    def listen(self) -> str:
        """From now on every event that the system publishes comes to a queue, whose address this is."""
        sqs, events = self.client("sqs"), self.client("events")
        url: str = sqs.create_queue(QueueName="heard")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        to_events = {"Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **to_events}]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        pattern = json.dumps({"source": [topology.EVENT_SOURCE_OUT]})
        events.put_rule(Name="heard", EventBusName=STAGE, EventPattern=pattern)
        events.put_targets(Rule="heard", EventBusName=STAGE, Targets=[{"Id": "heard", "Arn": arn}])
        return url

    # --- people ---

    @cached_property
    def api(self) -> str:
        """Where the API is on this machine: what DNS would make of its own address."""
        api_id = self.outputs["ApiUrl"].partition("://")[2].partition(".")[0]
        return f"{self._address}/_aws/execute-api/{api_id}/$default"

    @cached_property
    def anybody(self) -> Caller:
        """Somebody without a token."""
        return Caller(callers.over(self.api, trusting=self._authority.bundle))

    def signed_in(self, name: str, role: str, org_id: str = "acme") -> Caller:
        """Somebody with a fresh token."""
        return Caller(self.anybody.send, self.people.token(name, org_id, role))

    # --- Twilio ---

    def post(self, url: str, form: list[tuple[str, str]], headers: dict[str, str]) -> int:
        """Twilio's webhook, over HTTP to the API; the status. The URL is the public one that was signed."""
        path = url.removeprefix(self.outputs["ApiUrl"])
        status, _, _ = self.anybody.send("POST", path, headers, urlencode(form).encode())
        return status

    def texts(self, phone: str) -> list[str]:
        """What arrived at a phone, oldest first."""
        return [text["body"] for text in self.twilio.phone_messages(phone)]

    def run_twilio(self, ended: threading.Event) -> None:
        """Brings about what is due at Twilio, until the end."""
        while not ended.wait(0.02):
            self.twilio.run_due()


def eventually(what: str, look: Callable[[], T], wanted: Callable[[T], bool] = bool) -> T:
    """What `look` sees once it is `wanted`. Fails when that is never, with what it saw last."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {PATIENCE} s; the last seen is {seen!r}", pytrace=False)
        time.sleep(0.1)
    return seen


@contextmanager
def emulated(
    home: Path, synthesize: Callable[[Mapping[str, str]], Path], steps: Steps, *, enforces: bool
) -> Iterator[Emulated]:
    """The system deployed from the CDK's output of `synthesize`, which gets the context. Leaves nothing behind.

    Where IAM is enforced, AWS speaks TLS (the queues' own policies refuse anything else), and tokens come from an
    issuer of the context (the emulator looks for its user pools' keys without TLS only).
    """
    with ExitStack() as stack:
        clock = stack.enter_context(moved_to(BEGINS, home / "ahead"))
        authority = Authority(home)
        twilio = FakeTwilio(clock.now)
        tokens = Tokens(callers.AtOwnIssuer.context["jwt_issuer"])
        sites = {**outside.twilio_sites(twilio), **outside.issuer_site(tokens)}
        beyond = stack.enter_context(outside.running(sites, authority))
        settings = {
            **clock.environment,
            **beyond.environment,
            # A leap of the clock would end every idle worker.
            "LAMBDA_WARM_TTL_SECONDS": "1000000000",
        }
        if enforces:
            gateway = authority.certificate("gateway", ministack.HOST, "localhost")
            settings |= {
                "AUTH": "true",
                "USE_SSL": "1",
                "MINISTACK_SSL_CERT": str(gateway.certificate),
                "MINISTACK_SSL_KEY": str(gateway.key),
                "AWS_CA_BUNDLE": str(authority.bundle),
            }
        emulator = home / "ministack"
        emulator.mkdir()
        trusting = authority.bundle if enforces else None
        with steps.step("the CDK's output, wheels included"):
            out = synthesize(callers.AtOwnIssuer.context if enforces else callers.InUserPool.context)
        with steps.step("the emulator started"):
            address = stack.enter_context(ministack.running(emulator, settings, trusting=trusting))
        system = Emulated(address, clock, twilio, authority, enforces=enforces)
        with steps.step("assets uploaded, stack made"):
            system.outputs = deploy(out, STAGE, system.client)
        if enforces:
            system.people = callers.AtOwnIssuer(tokens)
            for function in topology.FUNCTIONS:
                allow_batches(system.client, system.role(function.name))
        else:
            system.people = callers.InUserPool(system.client, system.outputs)
        _put_parent(system)
        twilio.post = system.post
        ended = threading.Event()
        thread = threading.Thread(target=system.run_twilio, args=(ended,), name="twilio", daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(ended.set)
        yield system
        assert beyond.refused == [], "something asked for a host that is not Twilio's"


def _put_parent(system: Emulated) -> None:
    """What an operator does once: the parent account's credentials."""
    parent = {"account_sid": system.twilio.parent.sid, "auth_token": system.twilio.parent.auth_token}
    system.client("ssm").put_parameter(
        Name=f"/{topology.SERVICE}/dev/{topology.Secret.PARENT}", Value=json.dumps(parent), Type="SecureString"
    )
