"""The business as numbers: what each change of state counts for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms import metrics
from engage_sms.domain.brake import PAUSED
from engage_sms.domain.consent import Consent, ConsentState, UserConsent
from engage_sms.domain.directory import AccountRefusal, Organization
from engage_sms.domain.due import Opening
from engage_sms.domain.message import Direction, Failure, Hold, Kind, Message, Status, TraceEntry
from engage_sms.domain.usage import UsageDay
from engage_sms.edge.measure import measured
from engage_sms.edge.telemetry import count, tally
from engage_sms.metrics import METRICS, Measured, Reading
from engage_sms.ports import StateChange

NOW = datetime(2026, 7, 16, 13, 0, 5, tzinfo=UTC)
OPENING = datetime(2026, 7, 16, 13, tzinfo=UTC)
MESSAGE = Message(
    id="m-1",
    org_id="acme",
    user_id="u-1",
    contact_id="c-1",
    direction=Direction.OUTBOUND,
    kind=Kind.JOURNEY,
    phone="+13125550199",
    number="+14155550101",
    body="Hi Bo, rates fell today.",
    status=Status.QUEUED,
    segments=1,
    created_at=NOW,
    trace=(TraceEntry(at=NOW, event="dispatching"),),
)
HELD = replace(MESSAGE, status=Status.HELD, hold=Hold(reason="closed", rule="organization", until=OPENING))
CONSENT = Consent(org_id="acme", phone="+13125550199", users={"u-1": UserConsent(state=ConsentState.REQUESTED)})


def of(old: Any, new: Any) -> Measured:
    return measured(StateChange(old, new, "1"), at=NOW)


def names(found: Measured) -> list[str]:
    return [reading.metric.name for reading in found.readings]


@pytest.mark.parametrize(
    ("old", "new", "counted"),
    [
        (None, MESSAGE, ["MessagesAccepted"]),
        (None, HELD, ["MessagesAccepted", "MessagesHeld"]),
        (None, replace(MESSAGE, direction=Direction.INBOUND, status=Status.RECEIVED), ["MessagesReceived"]),
        (HELD, replace(MESSAGE, status=Status.SENDING), ["SecondsAfterOpening", "MessagesDispatched"]),
        (MESSAGE, replace(MESSAGE, status=Status.SENDING), ["MessagesDispatched"]),
        (replace(MESSAGE, status=Status.SENDING), MESSAGE, ["MessagesDeferred"]),
        (replace(MESSAGE, status=Status.SENDING), replace(MESSAGE, status=Status.UNKNOWN), ["MessagesUnknown"]),
        (MESSAGE, replace(MESSAGE, status=Status.SENT), ["MessagesSent"]),
        (MESSAGE, replace(MESSAGE, status=Status.DELIVERED), ["MessagesDelivered"]),
        (MESSAGE, replace(MESSAGE, status=Status.UNDELIVERED), ["MessagesFailed"]),
        (MESSAGE, replace(MESSAGE, status=Status.CANCELLED), ["MessagesNotSent"]),
        (MESSAGE, replace(MESSAGE, sid="SM1"), []),
        (MESSAGE, None, []),
    ],
)
def test_a_step_of_a_message_counts_once(old: Message | None, new: Message | None, counted: list[str]) -> None:
    """A change that leaves the state as it was is no step."""
    assert names(of(old, new)) == counted


def test_a_line_says_which_message_moved_and_nothing_of_its_text_or_people() -> None:
    """Ids, states and Twilio's code: enough to tell a message's life from the log."""
    failed = replace(MESSAGE, status=Status.FAILED, error=Failure(code="30003", message="Unreachable +13125550199"))

    assert of(MESSAGE, failed).ids == {
        "org_id": "acme",
        "user_id": "u-1",
        "message_id": "m-1",
        "kind": "journey",
        "was": "queued",
        "status": "failed",
        "code": "30003",
    }


@given(st.text(max_size=8) | st.sampled_from(sorted(metrics.CAUSES)))
def test_failures_are_told_apart_by_a_bounded_number_of_causes(code: str) -> None:
    """Each value is a metric to CloudWatch: a code that nobody listed is `other`, and stands in the log."""
    failed = replace(MESSAGE, status=Status.FAILED, error=Failure(code=code, message=""))
    [reading] = of(MESSAGE, failed).readings

    assert reading.cause in metrics.CAUSES | {metrics.OTHER}
    assert reading.cause == code or reading.cause == metrics.OTHER


def test_how_late_a_held_message_left_is_measured_from_its_opening() -> None:
    """A pause has no opening that comes by itself, so nothing is late for it."""
    leaves = replace(MESSAGE, status=Status.SENDING)
    paused = replace(HELD, hold=Hold(reason="paused", rule=PAUSED, until=NOW + timedelta(days=365_000)))

    assert of(HELD, leaves).readings[0] == Reading(metrics.AFTER_OPENING, 5.0)
    assert names(of(paused, leaves)) == ["MessagesDispatched"]


def test_an_opening_is_late_by_what_its_release_began_after_it() -> None:
    """Only the first look at it counts; waves are the organization's pace, and being early is being ready."""
    opening = Opening(org_id="acme", opens_at=OPENING, due_at=OPENING)
    under_way = replace(opening, cursor="x")
    early = measured(StateChange(opening, under_way, "1"), at=OPENING - timedelta(minutes=2))

    assert of(opening, under_way).readings == (Reading(metrics.LATENESS, 5.0),)
    assert of(opening, None).readings == (Reading(metrics.LATENESS, 5.0),)
    assert early.readings == (Reading(metrics.LATENESS, 0.0),)
    assert of(under_way, replace(under_way, cursor="y")) == Measured()
    assert of(None, opening) == Measured()


def test_a_stop_counts_once_for_a_phone_and_a_yes_once_for_each_user() -> None:
    """A STOP to the organization is one person's, however many users it binds."""
    opted_in = replace(CONSENT, users={"u-1": UserConsent(state=ConsentState.OPTED_IN)})
    stopped = replace(CONSENT, opted_out_at=NOW, users={"u-1": UserConsent(state=ConsentState.OPTED_OUT)})

    assert of(CONSENT, opted_in).readings == (Reading(metrics.OPTED_IN, 1),)
    assert of(opted_in, stopped).readings == (Reading(metrics.OPTED_OUT),)
    assert of(None, replace(CONSENT, opted_out_at=NOW)).readings == (Reading(metrics.OPTED_OUT),)
    assert of(stopped, replace(stopped, version=9)).readings == ()
    assert of(None, stopped).ids == {"org_id": "acme"}


def test_a_refused_account_and_a_difference_in_usage_count() -> None:
    """The breaker when it opens, not when it probes; each day's difference, in whichever direction."""
    organization = Organization(id="acme", name="Acme", created_at=NOW)
    refused = replace(organization, refusal=AccountRefusal(code="20003", count=1, until=NOW))
    day = UsageDay(org_id="acme", day=date(2026, 7, 15), segments=7, ledger_segments=9, pulled_at=NOW)

    assert of(organization, refused).readings == (Reading(metrics.ACCOUNTS_REFUSED),)
    assert of(refused, replace(refused, version=2)) == Measured()
    assert of(None, day) == Measured((Reading(metrics.USAGE_DIFFERENCE, 2),), {"org_id": "acme", "day": "2026-07-15"})


def test_a_line_is_counted_by_cloudwatch_and_found_by_its_ids(capsys: pytest.CaptureFixture[str]) -> None:
    """Ids are fields of the line and no dimensions; a cause is counted in the whole and by itself."""
    tally(Measured((Reading(metrics.FAILED, cause="30003"),), {"message_id": "m-1"}))
    line = json.loads(capsys.readouterr().out)
    [counted] = line["_aws"]["CloudWatchMetrics"]

    assert counted["Namespace"] == metrics.NAMESPACE
    assert counted["Dimensions"] == [["service"], ["service", "cause"]]
    assert counted["Metrics"] == [{"Name": "MessagesFailed", "Unit": "Count"}]
    assert (line["MessagesFailed"], line["cause"], line["message_id"]) == ([1.0], "30003", "m-1")


def test_only_what_has_a_cause_is_counted_by_it(capsys: pytest.CaptureFixture[str]) -> None:
    """A message that is skipped as it is written is accepted once, and not once more as `skipped`."""
    tally(Measured((Reading(metrics.ACCEPTED), Reading(metrics.NOT_SENT, cause="skipped")), {"message_id": "m-1"}))
    accepted, skipped = (json.loads(line) for line in capsys.readouterr().out.splitlines())

    assert accepted["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert skipped["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"], ["service", "cause"]]
    assert accepted["message_id"] == skipped["message_id"] == "m-1"


def test_nothing_is_written_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """An idle minute costs no line."""
    tally(Measured())
    count(metrics.TIMERS_RUNG, 0)

    assert capsys.readouterr().out == ""


def test_every_metric_has_a_name_and_a_meaning_of_its_own() -> None:
    """The table that README, dashboard and alarms are made from has every metric there is."""
    declared = {value for value in vars(metrics).values() if isinstance(value, metrics.Metric)}

    assert set(METRICS) == declared
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.meaning for metric in METRICS)
