"""The endpoints below `/local/`."""

from __future__ import annotations

import jwt
import pytest

from engage_sms import topology
from infra.local.system import System
from tests.local.caller import Caller


def test_a_token_carries_its_claims_and_can_be_checked_by_anybody(caller: Caller) -> None:
    """The key set has the public key; the roles are a list."""
    body = {"user_id": "u-1", "org_id": "acme", "roles": ["user", "admin"]}
    token = caller.post("/local/token", body).json["token"]
    (key,) = caller.get("/local/.well-known/jwks.json").json["keys"]
    claims = jwt.decode(token, jwt.PyJWK(key), algorithms=["RS256"], audience="engage-sms")

    assert (claims["sub"], claims["org_id"], claims["roles"]) == ("u-1", "acme", ["user", "admin"])
    assert "d" not in key


@pytest.mark.parametrize("function", [each.name for each in topology.FUNCTIONS if each.schedule])
def test_what_a_schedule_starts_can_be_started_by_hand(caller: Caller, function: str) -> None:
    """Each runs to its end."""
    assert caller.post("/local/run", {"function": function}).status == 200


def test_what_is_not_there_is_not_found(caller: Caller) -> None:
    """Also a known path with another method."""
    replies = [caller.get("/local/nothing"), caller.put("/local/clock", {})]

    assert [(reply.status, reply.json["type"]) for reply in replies] == [(404, "/problems/unknown-route")] * 2


def test_the_clock_is_put_ahead(caller: Caller) -> None:
    """By seconds or to an instant, and it says where it is."""
    first = caller.get("/local/clock").json
    second = caller.post("/local/clock", {"advance_seconds": 90.5}).json
    third = caller.post("/local/clock", {"now": "2026-07-15T12:00:00-05:00"}).json

    assert [answer["now"] for answer in (first, second, third)] == [
        "2026-07-15T15:00:00.000Z",
        "2026-07-15T15:01:30.500Z",
        "2026-07-15T17:00:00.000Z",
    ]


def test_twilio_holds_its_parent_account_and_nothing_else(caller: Caller) -> None:
    """An empty system has no subaccount, number or message; no list shows a token."""
    accounts = caller.get("/local/twilio/accounts")
    others = [caller.get(f"/local/twilio/{name}").json["items"] for name in ("numbers", "messages")]

    assert [account["status"] for account in accounts.json["items"]] == ["active"]
    assert others == [[], []]
    assert "token" not in accounts.text


def test_a_fault_reaches_twilio_through_the_product(caller: Caller, system: System) -> None:
    """The next call of the operation meets it: an account that Twilio is too busy for is not made, and then it is."""
    caller.signed_in("root", "acme", "platform").put("/v1/organizations/acme", {"name": "Acme"})
    admin = caller.signed_in("boss", "acme", "admin")
    caller.post("/local/twilio/faults", {"operation": "accounts.create", "kind": "429", "count": 1})
    busy = admin.post("/v1/organization/twilio-account")
    caller.post("/local/clock", {"advance_seconds": 120})
    then = admin.post("/v1/organization/twilio-account")

    assert (busy.status, then.status) == (503, 201)
    assert len(system.twilio.accounts()) == 2


def test_a_scheduled_function_runs_when_asked(caller: Caller) -> None:
    """Its answer comes back."""
    reply = caller.post("/local/run", {"function": "release"})

    assert (reply.status, reply.json["function"]) == (200, "release")
    assert reply.json["result"] == {"openings": 0, "messages": 0, "timers": 0}


def test_a_scheduled_function_that_fails_is_a_500_with_a_sentence(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the function and the kind of error, and nothing of what the error says."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("+13125550199")

    monkeypatch.setattr("functions.release.handler.handler", broken)
    reply = caller.post("/local/run", {"function": "release"})

    assert (reply.status, reply.json["detail"]) == (500, "release ended in ZeroDivisionError.")


def test_a_fault_of_callbacks_needs_no_operation(caller: Caller) -> None:
    """Only delivery callbacks can be dropped, duplicated or reordered that way."""
    reply = caller.post("/local/twilio/faults", {"kind": "reordered"})

    assert (reply.status, reply.json) == (201, {"operation": "callbacks", "kind": "reordered", "count": 1})


def test_an_event_for_nobody_changes_nothing(caller: Caller) -> None:
    """A rule takes only its own source and type; events out are those of the product alone."""
    reply = caller.post("/local/events", {"source": "elsewhere", "detail-type": "odd", "detail": {"a": 1}})

    assert (reply.status, list(reply.json)) == (201, ["id"])
    assert caller.get("/local/events").json == {"items": []}
