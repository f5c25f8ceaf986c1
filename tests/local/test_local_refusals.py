"""What the endpoints below `/local/` do not take. Nothing here changes anything, so all tests share one system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from infra.local.system import System
from tests.local.caller import Caller, Reply
from tests.local.conftest import started

PHONE = "+13125550199"


@pytest.fixture(scope="module")
def system(signing_key: RSAPrivateKey) -> Iterator[System]:
    """An empty system."""
    with started(signing_key) as system:
        system.begin()
        yield system


def refusal(reply: Reply) -> str:
    """The sentence of a 422."""
    assert (reply.status, reply.headers["content-type"]) == (422, "application/problem+json")
    assert (reply.json["type"], reply.json["status"]) == ("/problems/invalid", 422)
    return str(reply.json["detail"])


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/local/token", None, "send one"),
        ("/local/token", [], "send one"),
        ("/local/token", {"org_id": "acme"}, "user_id is missing"),
        ("/local/token", {"user_id": "a b", "org_id": "acme"}, "user_id is 1 to 64"),
        ("/local/token", {"user_id": "a", "org_id": "acme", "roles": ["king"]}, "some of user, admin, platform"),
        ("/local/token", {"user_id": "a", "org_id": "acme", "roles": []}, "roles is a list"),
        ("/local/token", {"user_id": "a", "roles": ["user"]}, "Give an org_id"),
        ("/local/clock", {}, "either advance_seconds or now"),
        ("/local/clock", {"advance_seconds": 1, "now": "2026-07-16T00:00:00Z"}, "either advance_seconds or now"),
        ("/local/clock", {"advance_seconds": -1}, "from 0 on"),
        ("/local/clock", {"advance_seconds": "9"}, "from 0 on"),
        ("/local/clock", {"advance_seconds": 10**8}, "366 days at most"),
        ("/local/clock", {"now": "2026-07-14T15:00:00Z"}, "time never goes back"),
        ("/local/clock", {"now": "2026-07-16T15:00:00"}, "with its zone"),
        ("/local/clock", {"now": 7}, "with its zone"),
        (f"/local/phones/{PHONE}/messages", {"body": "Hi"}, "to is missing"),
        (f"/local/phones/{PHONE}/messages", {"to": PHONE}, "body is missing"),
        (f"/local/phones/{PHONE}/messages", {"to": "+13125550100", "body": "Hi"}, "Nobody has the number"),
        (f"/local/phones/{PHONE}/messages", {"to": PHONE, "body": "", "media_urls": "x"}, "list of addresses"),
        ("/local/phones/12/messages", {"to": PHONE, "body": "Hi"}, "The phone: "),
        ("/local/twilio/faults", {"kind": "429"}, "operation is missing"),
        ("/local/twilio/faults", {"operation": "nothing", "kind": "429"}, "There is no operation nothing"),
        ("/local/twilio/faults", {"operation": "messages.create", "kind": "odd"}, "not odd"),
        ("/local/twilio/faults", {"operation": "messages.create", "kind": "429", "count": "1"}, "whole number"),
        ("/local/twilio/faults", {"operation": "messages.create", "kind": "429", "count": 0}, "at least 1"),
        ("/local/events", {"source": "a", "detail-type": "b"}, "detail is a JSON object"),
        ("/local/events", {"detail-type": "b", "detail": {}}, "source is missing"),
        ("/local/events", {"source": "a", "detail-type": "b", "detail": {}, "time": "noon"}, "with its zone"),
        ("/local/run", {"function": "dispatch"}, "release, usage_nightly"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(caller: Caller, path: str, body: Any, says: str) -> None:
    """The sentence says what to do."""
    assert says in refusal(caller.post(path, body))


def test_an_unknown_list_of_twilios_is_refused(caller: Caller) -> None:
    """There are three."""
    assert "accounts, numbers, messages" in refusal(caller.get("/local/twilio/services"))
