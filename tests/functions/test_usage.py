"""Usage over HTTP, and its nightly pull."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from engage_sms.domain.message import Status
from engage_sms.errors import Retryable
from engage_sms.usecases.send_message import SendMessage, send_message
from functions.usage_nightly.handler import handler as nightly
from tests.functions.gateway import Context, Gateway, Hurried
from tests.world import ORG, World


def _account_sid(world: World) -> str:
    organization = world.store.organization(ORG)
    assert organization is not None
    assert organization.twilio.account_sid is not None
    return organization.twilio.account_sid


def test_usage_shows_the_month_and_the_twelve_before(ready: World, admin: Gateway) -> None:
    """What the nightly function pulled from Twilio, by month, oldest first, and how our ledger compares."""
    ready.twilio.seed_usage(_account_sid(ready), date(2026, 6, 20), 70, 60)
    ready.twilio.seed_usage(_account_sid(ready), date(2026, 7, 14), 9, 8)

    pulled = nightly({}, Context(), ready.ports)
    reply = admin.get("/v1/usage")

    assert pulled["days"] > 0
    assert reply.status == 200
    assert reply.json["current"] == {"from": "2026-07-01", "to": "2026-07-15", "segments": 9}
    assert len(reply.json["months"]) == 12
    assert reply.json["months"][0]["month"] == "2025-07"
    assert reply.json["months"][-1] == {"month": "2026-06", "segments": 70}
    assert reply.json["reconciliation"] == {
        "twilio_segments": 9,
        "ledger_segments": 0,
        "difference": 9,
        "today_included": True,
    }


def test_usage_is_a_table_for_who_asks(ready: World, admin: Gateway) -> None:
    """`Accept: text/csv`: twelve months and the current one, last."""
    reply = admin.get("/v1/usage", accept="text/csv;q=0.9")

    rows = list(csv.reader(io.StringIO(reply.text)))
    assert reply.headers["content-type"] == "text/csv"
    assert rows[0] == ["month", "segments"]
    assert len(rows) == 14
    assert rows[-1] == ["2026-07", "0"]


def test_a_lost_report_is_settled_though_the_pull_fails(opted_in: World) -> None:
    """The run fails, to be repeated, and has done what it could."""
    opted_in.twilio.inject("callbacks", "dropped", 3)
    command = SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi")
    message = send_message(command, opted_in.ports)
    opted_in.arrive()
    opted_in.clock.advance(hours=14)
    opted_in.twilio.inject("usage.records.list", "500", 1)

    with pytest.raises(Retryable, match="1 pulls"):
        nightly({}, Context(), opted_in.ports)
    assert opted_in.message(message).status is Status.DELIVERED
    assert nightly({}, Context(), opted_in.ports)["settled"] == 0


def test_a_night_that_is_too_short_is_repeated(ready: World) -> None:
    """It says so, instead of leaving organizations out in silence."""
    with pytest.raises(Retryable, match="too short for 1 others"):
        nightly({}, Hurried(), ready.ports)

    assert nightly({}, Context(), ready.ports)["days"] > 0


def test_one_organizations_failure_never_spoils_the_others(ready: World, admin: Gateway) -> None:
    """The others are pulled; then the run fails, so that it is repeated and, in the end, noticed."""
    ready.organization("other")
    ready.twilio.seed_usage(_account_sid(ready), date(2026, 7, 14), 9, 8)
    ready.twilio.inject("usage.records.list", "500", 1)

    with pytest.raises(Retryable):
        nightly({}, Context(), ready.ports)
    nightly({}, Context(), ready.ports)

    assert admin.get("/v1/usage").json["current"]["segments"] == 9
