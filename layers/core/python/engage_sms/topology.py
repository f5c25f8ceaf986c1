"""The whole system as plain data: what runs, what calls it, what it may touch.

Read by `infra/aws` (the CDK stack), `infra/local` (the same on this machine), the tests that hold both against it, and
the README's tables. Nothing here does anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

PYTHON = "3.13"
ARCHITECTURE = "arm64"
SERVICE = "engage-sms"
EVENT_SOURCE_IN = "engage.journeys"
EVENT_SOURCE_OUT = "engage.sms"
LOG_RETENTION_DAYS = 90


class Auth(StrEnum):
    """Who may call a route. Every JWT route also checks its role inside the function."""

    JWT = "jwt"
    TWILIO = "twilio"
    NONE = "none"


class Role(StrEnum):
    """Roles a token carries; an administrator may do what a user may."""

    USER = "user"
    ADMIN = "admin"
    PLATFORM = "platform"


class Route(NamedTuple):
    """One operation of the HTTP API. `{name}` marks a path parameter."""

    method: str
    path: str
    role: Role | None = None
    auth: Auth = Auth.JWT


class Queue(NamedTuple):
    """An SQS queue with its dead-letter queue `<name>-dlq`; `visibility` in seconds, >= 6 x the consumer's timeout."""

    name: str
    visibility: int
    batch_size: int = 10
    max_receives: int = 5
    max_concurrency: int = 10


@dataclass(frozen=True)
class Table:
    """A DynamoDB table, on demand. `index` names the one sparse, keys-only index over (ipk, isk)."""

    name: str
    partition_key: str
    sort_key: str | None = None
    index: str | None = None
    stream: bool = False
    ttl: str | None = None


class Schedule(NamedTuple):
    """An EventBridge Scheduler schedule, in UTC."""

    name: str
    expression: str


class EventRule(NamedTuple):
    """A rule on the system's EventBridge bus."""

    name: str
    source: str
    detail_type: str


class Secret(StrEnum):
    """Parameters under the stage's prefix: the parent account's, and one for each organization."""

    PARENT = "twilio/parent"
    ORGANIZATIONS = "twilio/organizations"


class Function(NamedTuple):
    """A Lambda function: what starts it, what it may touch. `timeout` in seconds, `memory` in MB."""

    name: str
    summary: str
    routes: tuple[Route, ...] = ()
    consumes: tuple[Queue, ...] = ()
    stream_of: Table | None = None
    schedule: Schedule | None = None
    rule: EventRule | None = None
    reads: tuple[Table, ...] = ()
    writes: tuple[Table, ...] = ()
    sends: tuple[Queue, ...] = ()
    publishes: bool = False
    reads_secrets: tuple[Secret, ...] = ()
    writes_secrets: tuple[Secret, ...] = ()
    timeout: int = 10
    memory: int = 512

    @property
    def services(self) -> tuple[str, ...]:
        """The AWS services it calls, by botocore's names."""
        called = {
            "dynamodb": self.reads or self.writes,
            "events": self.publishes,
            "sqs": self.sends,
            "ssm": self.reads_secrets or self.writes_secrets,
        }
        return tuple(service for service, used in called.items() if used)

    @property
    def asynchronous(self) -> bool:
        """Started by something that does not wait for an answer: a failure needs somewhere to go."""
        return bool(self.consumes or self.stream_of or self.schedule or self.rule)


# --- state ------------------------------------------------------------------------------------------------------------

STATE = Table(name="state", partition_key="pk", sort_key="sk", index="waiting", stream=True, ttl="ttl")
IDEMPOTENCY = Table(name="idempotency", partition_key="id", ttl="expiration")
TABLES = (STATE, IDEMPOTENCY)

# --- queues -----------------------------------------------------------------------------------------------------------

PEOPLE = Queue(name="dispatch-people", visibility=180)
AUTOMATION = Queue(name="dispatch-automation", visibility=180)
JOBS = Queue(name="jobs", visibility=360, batch_size=1, max_concurrency=5)
QUEUES = (PEOPLE, AUTOMATION, JOBS)

# --- functions --------------------------------------------------------------------------------------------------------

FUNCTIONS = (
    Function(
        name="provisioning",
        summary="organizations, their settings, Twilio account and brake, numbers for users",
        routes=(
            Route("PUT", "/v1/organizations/{id}", Role.PLATFORM),
            Route("GET", "/v1/organization", Role.USER),
            Route("PATCH", "/v1/organization/settings", Role.ADMIN),
            Route("POST", "/v1/organization/twilio-account", Role.ADMIN),
            Route("GET", "/v1/organization/pause", Role.ADMIN),
            Route("POST", "/v1/organization/pause", Role.ADMIN),
            Route("POST", "/v1/organization/resume", Role.ADMIN),
            Route("GET", "/v1/organization/parked", Role.ADMIN),
            Route("GET", "/v1/sending-window", Role.USER),
            Route("GET", "/v1/sending-window/advice", Role.ADMIN),
            Route("GET", "/v1/sending-window/forecast", Role.ADMIN),
            Route("POST", "/v1/numbers/provision", Role.ADMIN),
            Route("POST", "/v1/numbers/deprovision", Role.ADMIN),
            Route("GET", "/v1/jobs/{id}", Role.USER),
            Route("GET", "/v1/jobs/{id}/results", Role.USER),
            Route("POST", "/v1/jobs/{id}/cancel", Role.USER),
        ),
        reads=(STATE,),
        writes=(STATE, IDEMPOTENCY),
        reads_secrets=(Secret.PARENT, Secret.ORGANIZATIONS),
        writes_secrets=(Secret.ORGANIZATIONS,),
        timeout=29,
    ),
    Function(
        name="directory",
        summary="users and contacts",
        routes=(
            Route("PUT", "/v1/users/{id}", Role.ADMIN),
            Route("GET", "/v1/users", Role.ADMIN),
            Route("PUT", "/v1/contacts/{id}", Role.USER),
            Route("GET", "/v1/contacts", Role.USER),
            Route("GET", "/v1/contacts/{id}", Role.USER),
        ),
        reads=(STATE,),
        writes=(STATE,),
    ),
    Function(
        name="opt_in",
        summary="opt-in requests sent by hand, and the evidence of consent",
        routes=(
            Route("POST", "/v1/contacts/{id}/opt-in-requests", Role.USER),
            Route("GET", "/v1/contacts/{id}/consent", Role.USER),
        ),
        reads=(STATE,),
        writes=(STATE, IDEMPOTENCY),
    ),
    Function(
        name="messaging",
        summary="conversations and their messages",
        routes=(
            Route("GET", "/v1/conversations", Role.USER),
            Route("GET", "/v1/conversations/{contact_id}/messages", Role.USER),
            Route("POST", "/v1/conversations/{contact_id}/messages", Role.USER),
            Route("POST", "/v1/conversations/{contact_id}/read", Role.USER),
            Route("GET", "/v1/conversations/{contact_id}/messages/{message_id}", Role.USER),
            Route("DELETE", "/v1/conversations/{contact_id}/messages/{message_id}", Role.USER),
            Route("POST", "/v1/messages/preview", Role.USER),
        ),
        reads=(STATE,),
        writes=(STATE, IDEMPOTENCY),
    ),
    Function(
        name="usage",
        summary="segments of the month so far and the twelve before",
        routes=(Route("GET", "/v1/usage", Role.ADMIN),),
        reads=(STATE,),
        reads_secrets=(Secret.ORGANIZATIONS,),
    ),
    Function(
        name="console",
        summary="the API's own description, and its health",
        routes=(
            Route("GET", "/healthz", auth=Auth.NONE),
            Route("GET", "/v1/openapi.json", auth=Auth.NONE),
            Route("GET", "/docs", auth=Auth.NONE),
        ),
    ),
    Function(
        name="webhooks",
        summary="Twilio's inbound messages and delivery statuses",
        routes=(
            Route("POST", "/webhooks/twilio/{org_id}/messages", auth=Auth.TWILIO),
            Route("POST", "/webhooks/twilio/{org_id}/status", auth=Auth.TWILIO),
        ),
        reads=(STATE,),
        writes=(STATE,),
        reads_secrets=(Secret.ORGANIZATIONS,),
    ),
    Function(
        name="journeys",
        summary="journey steps that ask for an SMS",
        rule=EventRule(name="journey-steps", source=EVENT_SOURCE_IN, detail_type="journey.sms.requested"),
        reads=(STATE,),
        writes=(STATE,),
        timeout=20,
    ),
    Function(
        name="relay",
        summary="everything that follows from a change of state",
        stream_of=STATE,
        reads=(STATE,),
        writes=(STATE,),
        sends=QUEUES,
        publishes=True,
        timeout=30,
    ),
    Function(
        name="release",
        summary="held messages at their opening, paced; timers that are due",
        schedule=Schedule(name="every-minute", expression="rate(1 minute)"),
        reads=(STATE,),
        writes=(STATE,),
        sends=(AUTOMATION,),
        reads_secrets=(Secret.ORGANIZATIONS,),
        timeout=55,
    ),
    Function(
        name="dispatch",
        summary="one call to Twilio for each message",
        consumes=(PEOPLE, AUTOMATION),
        reads=(STATE,),
        writes=(STATE,),
        reads_secrets=(Secret.ORGANIZATIONS,),
        timeout=30,
    ),
    Function(
        name="jobs",
        summary="one subject of a job: buy or release a number",
        consumes=(JOBS,),
        reads=(STATE,),
        writes=(STATE,),
        reads_secrets=(Secret.ORGANIZATIONS,),
        timeout=60,
    ),
    Function(
        name="usage_nightly",
        summary="Twilio's reported segments and lost reports, pulled each night",
        schedule=Schedule(name="nightly", expression="cron(30 5 * * ? *)"),
        reads=(STATE,),
        writes=(STATE,),
        reads_secrets=(Secret.ORGANIZATIONS,),
        timeout=900,
    ),
    Function(
        name="sweep",
        summary="numbers that nobody has go back; what expired in a pause ends",
        schedule=Schedule(name="hourly", expression="rate(1 hour)"),
        reads=(STATE,),
        writes=(STATE,),
        reads_secrets=(Secret.ORGANIZATIONS,),
        timeout=900,
    ),
    Function(
        name="retention",
        summary="texts that were kept for their time are removed",
        schedule=Schedule(name="nightly-retention", expression="cron(0 6 * * ? *)"),
        reads=(STATE,),
        writes=(STATE,),
        timeout=900,
    ),
)
FUNCTION = {function.name: function for function in FUNCTIONS}
ROUTES = tuple((function, route) for function in FUNCTIONS for route in function.routes)
