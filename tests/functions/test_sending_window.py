"""When will it be sent, and why not now: over HTTP, in words and in fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engage_sms.domain.legal_hours import legal_hours
from engage_sms.ports import Replace
from engage_sms.usecases.accept_journey_step import accept_journey_step
from tests.functions.gateway import Gateway
from tests.usecases.test_journeys import STEP
from tests.world import NEXT_OPENING, World

SETTINGS = "/v1/organization/settings"
WINDOW = "sms.send_window."


def test_a_contacts_zone_comes_before_its_area_code(ready: World, api: Gateway) -> None:
    """A contact with a Chicago phone and a zone of its own is judged by that; the answer says so."""
    ready.contact(time_zone="Pacific/Honolulu")
    answer = api.get("/v1/sending-window?at=2026-07-15T15:00:00Z&contact_id=c-1").json

    assert answer["open"] is False
    assert answer["opens_at"] == "2026-07-15T18:00:00Z"
    assert answer["recipient_zones"] == ["Pacific/Honolulu"]
    assert (answer["recipient_states"], answer["source"], answer["notes"]) == (["IL"], "time_zone", [])
    assert answer["decided_by"] == "federal"
    assert answer["reason"] == (
        "Outside the legal hours where the contact may be, 08:00-21:00 (Pacific/Honolulu) until 2026-07-15 08:00."
    )
    assert answer["rule_data_version"] == legal_hours().version


def test_a_zone_that_no_longer_exists_is_noted(ready: World, api: Gateway) -> None:
    """The address decides instead, and the answer names what could not be used."""
    contact = replace(ready.contact(state="CO"), time_zone="US/Old")
    ready.store.commit(Replace(contact))
    answer = api.get("/v1/sending-window?at=2026-07-15T15:00:00Z&contact_id=c-1").json

    assert answer["open"] is True
    assert answer["source"] == "address"
    assert answer["recipient_zones"] == ["America/Denver"]
    assert answer["notes"] == ['There is no time zone "US/Old".']
    assert answer["reason"] == 'Every window is open. There is no time zone "US/Old".'


def test_a_states_hours_bind_by_the_day(ready: World, admin: Gateway, api: Gateway) -> None:
    """With `state`, a Sunday has no hours in Louisiana: the rule says none, and the opening is Monday's."""
    admin.patch(SETTINGS, {f"{WINDOW}recipient_hours": "state"})
    sunday = api.get("/v1/sending-window?at=2026-07-19T17:00:00Z&phone=%2B15045550100").json
    state = next(rule for rule in sunday["rules"] if rule["rule"] == "state:LA")

    assert sunday["decided_by"] == "state:LA"
    assert sunday["opens_at"] == "2026-07-20T13:00:00Z"
    assert (state["start"], state["end"], state["open"]) == (None, None, False)
    assert sunday["reason"] == (
        "Outside the hours of Louisiana, none that day (America/Chicago) until 2026-07-20 08:00."
    )


def test_a_held_message_says_by_which_law(opted_in: World, admin: Gateway, api: Gateway) -> None:
    """Its hold and its trace name the state, hours, clock and end; the hold the version of the rule data."""
    admin.patch(SETTINGS, {f"{WINDOW}recipient_hours": "state"})
    opted_in.contact(state="KY")
    opted_in.pass_time(NEXT_OPENING + timedelta(hours=1))
    accepted = accept_journey_step(STEP, opted_in.ports)
    assert accepted is not None
    held = api.get(f"/v1/conversations/c-1/messages/{accepted.id}").json
    words = "Outside the hours of Kentucky, 10:00-21:00 (America/Chicago) until 2026-07-16 10:00."

    assert held["hold"] == {
        "reason": words,
        "rule": "state:KY",
        "until": "2026-07-16T15:00:00Z",
        "rule_data_version": legal_hours().version,
    }
    assert held["trace"] == [{"at": "2026-07-16T14:00:00Z", "event": "held", "detail": words}]


def test_a_sent_message_says_by_which_rules_it_might_leave(opted_in: World, api: Gateway) -> None:
    """The trace of an automated message keeps the version of the rule data it left by."""
    accepted = accept_journey_step(STEP, opted_in.ports)
    assert accepted is not None
    opted_in.settle()
    trace = api.get(f"/v1/conversations/c-1/messages/{accepted.id}").json["trace"]
    dispatching = next(step for step in trace if step["event"] == "dispatching")

    assert dispatching["detail"] == f"Every window is open. Rule data {legal_hours().version}."


@pytest.mark.parametrize(
    ("setting", "value", "accepts"),
    [
        ("start_time", "8 am", "Give a time as HH:MM, from 00:00 to 23:59."),
        ("start_time", "16:00", "Start and end are the same. For the whole day give 00:00 and 24:00."),
        ("end_time", "08:00", "Start and end are the same. For the whole day give 00:00 and 24:00."),
        ("end_time", "25:00", "Give a time as HH:MM, from 00:00 to 24:00."),
        ("time_zone", "America/Gone", "Give an IANA time zone such as America/Chicago."),
        ("closed_dates", ["2026-02-30"], "Give a list of at most 400 dates as YYYY-MM-DD."),
        ("recipient_hours", "strict", "Give federal, state or off."),
        ("opens", "08:00", "There is no such setting."),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    ready: World, admin: Gateway, api: Gateway, setting: str, value: Any, accepts: str
) -> None:
    """422 that names the setting and says what it accepts; the old settings stay."""
    before = api.get("/v1/organization").json["settings"]
    reply = admin.patch(SETTINGS, {f"{WINDOW}{setting}": value})
    error = reply.json["errors"][0]

    assert reply.status == 422
    assert error["field"] == f"{WINDOW}{setting}"
    assert error["message"].startswith(accepts)
    assert api.get("/v1/organization").json["settings"] == before
