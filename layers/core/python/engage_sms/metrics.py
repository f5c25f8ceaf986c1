"""What is counted, as plain data: the functions write it, and dashboard, alarms and README's table are made from it.

All lie in one namespace, and their dimension `service` names the stage. What follows from the change stream is counted
as often as the stream delivers it, which after a failure may be twice; the state itself never counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

NAMESPACE = "EngageSMS"


class Unit(StrEnum):
    """CloudWatch's words."""

    COUNT = "Count"
    SECONDS = "Seconds"


class Metric(NamedTuple):
    """Something that is counted. `by` names a second dimension, of few values, under which it is counted again."""

    name: str
    meaning: str
    unit: Unit = Unit.COUNT
    by: str | None = None


class Reading(NamedTuple):
    """One value of a metric; `cause` is the value of the metric's second dimension."""

    metric: Metric
    value: float = 1
    cause: str | None = None


@dataclass(frozen=True)
class Measured:
    """The readings of one occasion, and the ids under which its line is found in the log: never a name or a number."""

    readings: tuple[Reading, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)


ACCEPTED = Metric("MessagesAccepted", "messages written to be sent")
HELD = Metric("MessagesHeld", "messages that began to wait for an opening")
RELEASED = Metric("MessagesReleased", "messages put on the queue at their opening")
LATENESS = Metric("OpeningLateness", "how long after an opening its release began; 0 when it was ready", Unit.SECONDS)
AFTER_OPENING = Metric(
    "SecondsAfterOpening",
    "how long after its opening a held message was handed to Twilio; the organization's pace included",
    Unit.SECONDS,
)
DISPATCHED = Metric("MessagesDispatched", "calls to Twilio, one a message")
DEFERRED = Metric("MessagesDeferred", "calls that Twilio was too busy for; the message goes again later")
UNKNOWN = Metric("MessagesUnknown", "calls without an answer: the message is looked up, never sent again")
PARKED = Metric("MessagesParked", "look-ups of messages that Twilio cannot be asked about")
SENT = Metric("MessagesSent", "messages that Twilio took")
DELIVERED = Metric("MessagesDelivered", "messages that reached the phone")
FAILED = Metric("MessagesFailed", "messages that failed or were not delivered, also by Twilio's code", by="cause")
NOT_SENT = Metric("MessagesNotSent", "messages skipped, cancelled or expired, also by which", by="cause")
RECEIVED = Metric("MessagesReceived", "texts from contacts")
OPTED_IN = Metric("ContactsOptedIn", "consents given")
OPTED_OUT = Metric("ContactsOptedOut", "phones that said STOP")
ACCOUNTS_REFUSED = Metric("AccountsRefused", "refusals by Twilio that concern a whole account: its automation rests")
STEPS_ACCEPTED = Metric("JourneyStepsAccepted", "journey steps that became a message")
WEBHOOKS_REFUSED = Metric("WebhooksRefused", "webhooks that Twilio did not sign for their organization")
USAGE_DIFFERENCE = Metric("UsageDifference", "segments of one day by which Twilio's count and ours differ")
TIMERS_RUNG = Metric("TimersRung", "single messages whose time had come")
RELEASES_FAILED = Metric("ReleasesFailed", "openings and timers that could not be worked on; they stay due")
NUMBERS_GIVEN_BACK = Metric("NumbersGivenBack", "numbers that Twilio billed and nobody had, given back")
NUMBERS_REJOINED = Metric("NumbersRejoined", "numbers of users who had lost them here, given back to them")
NUMBERS_LOST = Metric("NumbersLost", "numbers of users that are not in the Twilio account any more")
NUMBERS_FOREIGN = Metric("NumbersForeign", "numbers in an organization's Twilio account that we did not buy")
SWEEPS_FAILED = Metric("SweepsFailed", "numbers and organizations that could not be swept; the next hour tries again")
BODIES_REMOVED = Metric("BodiesRemoved", "messages whose text was removed because its time was over")
RETENTIONS_FAILED = Metric("RetentionsFailed", "days and organizations whose texts were not removed at night")
PULLS_FAILED = Metric(
    "UsagePullsFailed", "pulls of an organization's usage, or of its lost reports, that failed at night"
)
RECORDS_FAILED = Metric("RecordsFailed", "queue messages and stream records that failed and come again")

METRICS = (
    ACCEPTED,
    HELD,
    RELEASED,
    LATENESS,
    AFTER_OPENING,
    DISPATCHED,
    DEFERRED,
    UNKNOWN,
    PARKED,
    SENT,
    DELIVERED,
    FAILED,
    NOT_SENT,
    RECEIVED,
    OPTED_IN,
    OPTED_OUT,
    ACCOUNTS_REFUSED,
    STEPS_ACCEPTED,
    WEBHOOKS_REFUSED,
    USAGE_DIFFERENCE,
    TIMERS_RUNG,
    RELEASES_FAILED,
    NUMBERS_GIVEN_BACK,
    NUMBERS_REJOINED,
    NUMBERS_LOST,
    NUMBERS_FOREIGN,
    SWEEPS_FAILED,
    BODIES_REMOVED,
    RETENTIONS_FAILED,
    PULLS_FAILED,
    RECORDS_FAILED,
)

CAUSES = frozenset(
    {
        "20003",  # authentication failed
        "21211",  # no valid number
        "21610",  # the recipient opted out at Twilio
        "21612",  # no route between the two numbers
        "21614",  # not a cell number
        "30002",  # account suspended
        "30003",  # phone unreachable
        "30004",  # phone blocks messages
        "30005",  # unknown phone
        "30006",  # landline, or carrier out of reach
        "30007",  # filtered by the carrier
        "30008",  # unknown error of the carrier
        "30022",  # over the campaign's rate
        "30034",  # sender not registered
        "not-taken",
        "provider-busy",
    }
)
"""The codes that are counted by themselves (twilio.com/docs/api/errors, and our own words): each is a metric of its
own to CloudWatch, and costs as one. The log has every code."""
OTHER = "other"


def cause_of(code: str | None) -> str:
    """The code, if it is one of CAUSES, else OTHER."""
    return code if code in CAUSES else OTHER
