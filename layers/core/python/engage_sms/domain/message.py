"""A message, its states, and the one table that says which state may follow which.

                 ┌────────────► skipped          (never will be sent; the reason is kept)
    awaiting_opt_in ──► held ──► queued ──► sending ──► sent ──► delivered | undelivered | failed
          │              │          │          ├──► unknown ──► (any of the above, once reconciled)
          │              │          │          ├──► held | queued   (window closed, provider busy)
          └──────────────┴──────────┴──────────┴──► cancelled | expired | failed | skipped

Twilio's callbacks come late, twice and out of order: a transition names the states it may leave, and the store applies
it as one conditional write, so a callback that comes too late changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a message is for. `AUTOMATED` kinds keep to the sending window; a person's own words go at once."""

    ONE_TO_ONE = "one_to_one"
    JOURNEY = "journey"
    BULK = "bulk"
    OPT_IN_REQUEST = "opt_in_request"
    OPT_IN_CONFIRMATION = "opt_in_confirmation"
    HELP = "help"


class Direction(StrEnum):
    """As seen from the organization."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Status(StrEnum):
    """Where a message stands; see the picture above."""

    AWAITING_OPT_IN = "awaiting_opt_in"
    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    RECEIVED = "received"


WAITING = frozenset({Status.AWAITING_OPT_IN, Status.HELD})
"""Not yet on any queue: may be cancelled or expire."""
UNSENT = WAITING | {Status.QUEUED}
"""Not yet claimed by dispatch."""
FINAL = frozenset(
    {
        Status.DELIVERED,
        Status.UNDELIVERED,
        Status.FAILED,
        Status.CANCELLED,
        Status.EXPIRED,
        Status.SKIPPED,
        Status.RECEIVED,
    }
)


ENDED = FINAL | {Status.SENT}
"""Nothing will be sent any more of what these say. Some carriers never report a delivery, so `sent` is one of them."""


@dataclass(frozen=True, order=True)
class MessageRef:
    """Where a message lives: enough to find it with one read. Its text form rides in the status callback's URL."""

    org_id: str
    user_id: str
    contact_id: str
    message_id: str


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Why a message waits: the rule that holds it, and the instant (UTC) it may leave.

    `rule_data_version`: which version of the legal hours decided; None where they had no part.
    """

    reason: str
    rule: str
    until: datetime
    rule_data_version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a message ended badly: Twilio's code or our own slug, and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class TraceEntry:
    """One step of a message's life, as shown to the user."""

    at: datetime
    event: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One text. `phone` is the contact's number and `number` the user's, as they were when it was written (E.164)."""

    id: str
    org_id: str
    user_id: str
    contact_id: str
    direction: Direction
    kind: Kind
    phone: str
    number: str
    body: str
    media_urls: tuple[str, ...] = ()
    status: Status
    segments: int
    created_at: datetime
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    hold: Hold | None = None
    expires_at: datetime | None = None
    step_expires_at: datetime | None = None
    """The end that a journey's step gave its message: `expires_at`, which a YES moves, is never later."""
    automated: bool = False
    """Keeps to the sending window: journeys, bulk, and the opt-in requests they start."""
    error: Failure | None = None
    lease_until: datetime | None = None
    sid: str | None = None
    source: Mapping[str, str] = field(default_factory=dict)
    """Where it came from: `journey_id`, `step_id`, `execution_id` of a journey message."""
    body_removed_at: datetime | None = None
    """When its time was over and `body` and `media_urls` were emptied (setting `sms.retention.body_days`)."""
    trace: tuple[TraceEntry, ...] = ()

    @property
    def ref(self) -> MessageRef:
        return MessageRef(self.org_id, self.user_id, self.contact_id, self.id)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A step a message may take: from which states, to which, with which fields, and what the trace says of it.

    `lease_before`: additionally, the claim's lease must have run out before this instant (aware UTC).
    """

    leaves: frozenset[Status]
    to: Status
    trace: TraceEntry
    fields: Mapping[str, Any] = field(default_factory=dict)
    lease_before: datetime | None = None


def claim(*, now: datetime, lease: timedelta, why: str = "") -> Transition:
    """Dispatch takes the message for one call to Twilio; `why` it may leave now stays in the trace."""
    return Transition(
        leaves=UNSENT - {Status.AWAITING_OPT_IN},
        to=Status.SENDING,
        trace=TraceEntry(at=now, event="dispatching", detail=why),
        fields={"lease_until": now + lease, "hold": None},
    )


def abandoned(*, now: datetime) -> Transition:
    """A claim whose holder died: the call may have been made, so the outcome is unknown, never repeated."""
    return Transition(
        leaves=frozenset({Status.SENDING}),
        to=Status.UNKNOWN,
        trace=TraceEntry(at=now, event="outcome_unknown", detail="The attempt ended without an answer."),
        fields={"lease_until": None},
        lease_before=now,
    )


def unanswered(*, now: datetime) -> Transition:
    """Twilio did not answer in time: it may have taken the message."""
    return Transition(
        leaves=frozenset({Status.SENDING}),
        to=Status.UNKNOWN,
        trace=TraceEntry(at=now, event="outcome_unknown", detail="Twilio did not answer; it will be looked up."),
        fields={"lease_until": None},
    )


def accepted(*, now: datetime, sid: str) -> Transition:
    """Twilio took the message."""
    return Transition(
        leaves=frozenset({Status.SENDING, Status.UNKNOWN}),
        to=Status.SENT,
        trace=TraceEntry(at=now, event="sent", detail="Twilio accepted the message."),
        fields={"sid": sid, "sent_at": now, "lease_until": None},
    )


def refused(*, now: datetime, failure: Failure) -> Transition:
    """Twilio said no; the message was certainly not sent."""
    return Transition(
        leaves=frozenset({Status.SENDING}),
        to=Status.FAILED,
        trace=TraceEntry(at=now, event="failed", detail=failure.message),
        fields={"error": failure, "lease_until": None},
    )


def returned(*, now: datetime, detail: str) -> Transition:
    """Back to the queue: Twilio certainly did not process it (429, or the call never left)."""
    return Transition(
        leaves=frozenset({Status.SENDING}),
        to=Status.QUEUED,
        trace=TraceEntry(at=now, event="deferred", detail=detail),
        fields={"lease_until": None},
    )


def held(*, now: datetime, hold: Hold, leaves: frozenset[Status]) -> Transition:
    """Waits for the opening `hold.until`."""
    return Transition(
        leaves=leaves,
        to=Status.HELD,
        trace=TraceEntry(at=now, event="held", detail=hold.reason),
        fields={"hold": hold, "lease_until": None},
    )


def queued(*, now: datetime, detail: str = "") -> Transition:
    """Goes to dispatch: its consent has come and the window is open."""
    return Transition(
        leaves=WAITING,
        to=Status.QUEUED,
        trace=TraceEntry(at=now, event="queued", detail=detail),
        fields={"hold": None},
    )


def expiring(step: Transition, *, at: datetime) -> Transition:
    """The same step, after which the message expires at that instant."""
    return replace(step, fields={**step.fields, "expires_at": at})


def ended(
    *, now: datetime, to: Status, code: str, detail: str, leaves: frozenset[Status] = UNSENT | {Status.SENDING}
) -> Transition:
    """Will never be sent: cancelled, expired or skipped, with a reason a person can read."""
    return Transition(
        leaves=leaves,
        to=to,
        trace=TraceEntry(at=now, event=str(to), detail=detail),
        fields={"error": Failure(code=code, message=detail), "hold": None, "lease_until": None},
    )


_OUR_WORD_FOR = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.CANCELLED,
}
_PRECEDES = {
    Status.SENT: frozenset({Status.SENDING, Status.UNKNOWN}),
    Status.DELIVERED: frozenset({Status.SENDING, Status.UNKNOWN, Status.SENT}),
    Status.UNDELIVERED: frozenset({Status.SENDING, Status.UNKNOWN, Status.SENT}),
    Status.FAILED: frozenset({Status.SENDING, Status.UNKNOWN, Status.SENT}),
    Status.CANCELLED: frozenset({Status.SENDING, Status.UNKNOWN, Status.SENT}),
}


def reported(*, now: datetime, twilio_status: str, sid: str, error_code: str | None = None) -> Transition | None:
    """What a status callback says, as a transition; None for states that add nothing (accepted, queued, sending).

    The first final state stays; order of arrival does not matter
    (twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks).
    """
    to = _OUR_WORD_FOR.get(twilio_status)
    if to is None:
        return None
    fields: dict[str, Any] = {"sid": sid, "lease_until": None}
    detail = ""
    if to is Status.SENT:
        fields["sent_at"] = now
    if to is Status.DELIVERED:
        fields["delivered_at"] = now
    if error_code:
        detail = f"Twilio reported error {error_code}."
        fields["error"] = Failure(code=error_code, message=detail)
    return Transition(
        leaves=_PRECEDES[to], to=to, trace=TraceEntry(at=now, event=str(to), detail=detail), fields=fields
    )


def advance(message: Message, step: Transition) -> Message | None:
    """The message after the step, or None when the step may not be taken from where it stands.

    This is the rule; the store's conditional write is its mirror, and one contract suite holds the two together.
    """
    if message.status not in step.leaves:
        return None
    if step.lease_before is not None and (message.lease_until is None or message.lease_until >= step.lease_before):
        return None
    return replace(message, status=step.to, trace=(*message.trace, step.trace), **step.fields)


def body_removed(*, now: datetime) -> TraceEntry:
    """What the trace says of a text whose time is over."""
    return TraceEntry(at=now, event="body_removed", detail="The organization keeps texts no longer than this.")


def without_body(message: Message, *, now: datetime) -> Message | None:
    """The message without its text and media; None when it has not ended yet, or has lost them before.

    Its state is left alone, so a late callback and the removal do not get in each other's way. As with `advance`, the
    store's conditional write is the mirror of this.
    """
    if message.status not in ENDED or message.body_removed_at is not None:
        return None
    trace = (*message.trace, body_removed(now=now))
    return replace(message, body="", media_urls=(), body_removed_at=now, trace=trace)
