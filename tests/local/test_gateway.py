"""API Gateway on this machine: tokens, routes, limits."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st

from engage_sms import topology
from infra.local.gateway import LARGEST_BODY, find_route
from infra.local.system import System
from infra.local.tokens import AUDIENCE, new_key
from tests.local.caller import Caller

Make = Callable[..., str]


@pytest.fixture
def token(system: System, signing_key: RSAPrivateKey) -> Make:
    """A token that is right but for what is given: claims (None leaves one out), key, headers, algorithm."""

    def make(*, key: Any = signing_key, kid: str | None = "local", algorithm: str = "RS256", **claims: object) -> str:
        now = datetime.now(UTC)
        right = {
            "iss": system.tokens.issuer,
            "aud": AUDIENCE,
            "exp": now + timedelta(hours=1),
            "sub": "boss",
            "org_id": "acme",
            "roles": ["admin"],
        }
        payload = {name: value for name, value in {**right, **claims}.items() if value is not None}
        return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": kid} if kid else {})

    return make


def hours(count: int) -> datetime:
    return datetime.now(UTC) + timedelta(hours=count)


def test_a_right_token_reaches_the_function(caller: Caller, token: Make) -> None:
    """Signed, for this audience, from this issuer, and in time: the function says what it has to say."""
    reply = replace(caller, token=token()).get("/v1/users")

    assert (reply.status, reply.json["items"]) == (200, [])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: {"exp": hours(-1)},
        lambda: {"exp": None},
        lambda: {"nbf": hours(1)},
        lambda: {"aud": "somebody else"},
        lambda: {"aud": None},
        lambda: {"iss": "https://elsewhere.example"},
        lambda: {"kid": "another"},
        lambda: {"kid": None},
        lambda: {"key": new_key()},
        lambda: {"key": "a secret of thirty-two characters or more", "algorithm": "HS256"},
        lambda: {"key": "", "algorithm": "none"},
    ],
)
def test_a_wrong_token_is_refused(caller: Caller, token: Make, wrong: Callable[[], Mapping[str, Any]]) -> None:
    """API Gateway's own words, before any function sees the request; the header says what is wrong."""
    reply = replace(caller, token=token(**wrong())).get("/v1/users")

    assert (reply.status, reply.json) == (401, {"message": "Unauthorized"})
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


def test_no_token_is_refused(caller: Caller) -> None:
    """With a challenge that says no more than that a token is wanted."""
    reply = caller.get("/v1/users")

    assert (reply.status, reply.headers["www-authenticate"]) == (401, "Bearer")


def test_a_token_may_stand_without_bearer(caller: Caller, token: Make) -> None:
    """As API Gateway takes it."""
    assert caller.get("/v1/users", authorization=token()).status == 200


def test_an_unknown_path_is_not_found(caller: Caller) -> None:
    """Also a known one with another method or one more slash."""
    replies = [caller.get("/v1/nothing"), caller.post("/healthz"), caller.get("/healthz/")]

    assert [(reply.status, reply.json) for reply in replies] == [(404, {"message": "Not Found"})] * 3


def test_a_body_over_the_limit_is_refused(caller: Caller) -> None:
    """10 MB and no byte more."""
    reply = caller.post("/v1/messages/preview", b" " * (LARGEST_BODY + 1))

    assert (reply.status, reply.json) == (413, {"message": "Request Entity Too Large"})


def test_a_function_that_fails_is_a_500_that_says_nothing(
    system: System, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a function raises stays inside."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("+13125550199")

    monkeypatch.setattr("functions.console.handler.handler", broken)
    reply = caller.get("/healthz")

    assert (reply.status, reply.json) == (500, {"message": "Internal Server Error"})


def test_the_access_log_names_routes_not_paths(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """Paths and queries name people."""
    caplog.set_level(logging.INFO, logger="engage_sms.local.access")
    reply = caller.get("/v1/users/u-secret?search=Ann")
    (line,) = [json.loads(record.getMessage()) for record in caplog.records if record.name.endswith("access")]

    assert (line["route"], line["status"]) == ("-", 404)
    assert line["request_id"] == reply.headers["apigw-requestid"]
    assert "Ann" not in caplog.text


@given(st.data())
def test_every_route_is_found_by_its_own_path(data: st.DataObject) -> None:
    """A path made from a route leads to it, with its parameters, unless a fixed path is nearer."""
    _, route = data.draw(st.sampled_from(topology.ROUTES))
    segment = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
    names = [part.strip("{}") for part in route.path.split("/") if part.startswith("{")]
    values = {name: data.draw(segment, label=name) for name in names}
    found = find_route(route.method, route.path.format(**values))

    assert found is not None
    assert found[1] == route or found[1].path.count("{") < route.path.count("{")
    assert found[1] != route or found[2] == values
