"""The API's description: complete, valid, with examples, and shown without any outside address."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from engage_sms.edge.openapi import document
from engage_sms.topology import ROUTES, Auth
from tests.functions.gateway import Gateway

OPERATIONS = [(route, f"{route.method} {route.path}") for _, route in ROUTES]
WITH_TOKEN = [(route, name) for route, name in OPERATIONS if route.auth is Auth.JWT]


@pytest.fixture
def anybody() -> Gateway:
    """Somebody without a token, and a console without ports."""
    return Gateway(None)


def operation(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][path][method.lower()]
    return found


def test_the_description_is_valid_openapi() -> None:
    """OpenAPI 3.1, by the specification's own validator."""
    assert document()["openapi"].startswith("3.1")
    validate(document())


def test_the_description_has_exactly_the_routes_of_the_topology() -> None:
    """Nothing undocumented, nothing invented."""
    described = {f"{method.upper()} {path}" for path, item in document()["paths"].items() for method in item}

    assert described == {name for _, name in OPERATIONS}


@pytest.mark.parametrize(("route", "name"), OPERATIONS, ids=[name for _, name in OPERATIONS])
def test_every_operation_explains_itself(route: Any, name: str) -> None:
    """A tag that is described, a summary, a description, and an example of every body that goes in or out."""
    described = operation(route.method, route.path)
    contents = [described.get("requestBody", {}).get("content", {})]
    contents += [response.get("content", {}) for response in described["responses"].values()]

    assert described["summary"]
    assert described["description"]
    assert set(described["tags"]) <= {tag["name"] for tag in document()["tags"]}
    for content in contents:
        for media in content.values():
            assert media["examples"]


@pytest.mark.parametrize(("route", "name"), WITH_TOKEN, ids=[name for _, name in WITH_TOKEN])
def test_every_operation_names_its_errors(route: Any, name: str) -> None:
    """A bearer token is asked for, and each way to fail is a problem with an example whose slug says what it is."""
    described = operation(route.method, route.path)
    errors = {status: response for status, response in described["responses"].items() if status >= "400"}

    assert described["security"] == [{"bearer": []}]
    assert {"401", "403", "422", "503"} <= errors.keys()
    assert ("404" in errors) or "{" not in route.path or "/organizations/" in route.path
    assert ("400" in errors) is ("requestBody" in described)
    for status, response in errors.items():
        own = {"application/json"} if status in {"401", "413"} else set()  # API Gateway's own words
        assert response["content"].keys() == {"application/problem+json"} | own
        for slug, example in response["content"]["application/problem+json"]["examples"].items():
            assert example["value"]["type"].endswith(f"/{slug}")
            assert example["value"]["status"] == int(status)


def test_public_operations_ask_for_no_token() -> None:
    """Health, description and webhooks."""
    public = [operation(route.method, route.path) for route, _ in OPERATIONS if route.auth is not Auth.JWT]

    assert public
    assert all("security" not in described for described in public)


def test_every_creating_operation_takes_an_idempotency_key() -> None:
    """What answers 201 or 202 says that it may be repeated safely."""
    creating = [
        operation(route.method, route.path)
        for route, _ in WITH_TOKEN
        if {"201", "202"} & operation(route.method, route.path)["responses"].keys()
    ]

    assert len(creating) == 5
    for described in creating:
        assert "Idempotency-Key" in [parameter["name"] for parameter in described["parameters"]]


def test_the_examples_fit_their_schemas() -> None:
    """Each example of a body or an answer is what its own schema allows."""
    components = document()["components"]
    checked = 0
    for where, media in _media():
        validator = Draft202012Validator({**media["schema"], "components": components})
        for example in media["examples"].values():
            assert list(validator.iter_errors(example["value"])) == [], where
            checked += 1

    assert checked > 100


def _media() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method, described in item.items():
            places = [described.get("requestBody", {}), *described["responses"].values()]
            for place in places:
                for kind, media in place.get("content", {}).items():
                    if kind.endswith("json"):
                        yield f"{method} {path} {kind}", media


def test_the_description_is_served_without_a_token(anybody: Gateway) -> None:
    """The document itself, at its path."""
    reply = anybody.get("/v1/openapi.json")

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json == document()


def test_health_is_ok(anybody: Gateway) -> None:
    """The simplest answer there is."""
    reply = anybody.get("/healthz")

    assert (reply.status, reply.json) == (200, {"status": "ok"})


def test_an_unknown_path_is_a_problem(anybody: Gateway) -> None:
    """404 `unknown-route`, as problem+json too."""
    assert anybody.get("/nothing/here").slug == "unknown-route"


def test_the_page_loads_nothing_from_elsewhere(anybody: Gateway) -> None:
    """No link, script, style, font or frame of another address, and a policy under which none could be fetched."""
    reply = anybody.get("/docs")
    markup = re.sub(r"<(script|style)>.*?</\1>", "", reply.text, flags=re.DOTALL)
    style = "".join(re.findall(r"<style>(.*?)</style>", reply.text, flags=re.DOTALL))
    policy = reply.headers["content-security-policy"]

    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert "SwaggerUIBundle" in reply.text
    assert "://" not in markup
    assert not re.search(r"(src|href)\s*=", markup)
    assert not re.search(r"@import|url\(\s*[\"']?(https?:)?//", style)
    assert 'url: "/v1/openapi.json"' in reply.text
    assert "validatorUrl: null" in reply.text
    assert "http" not in policy
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy


def test_the_description_names_no_outside_address() -> None:
    """Examples aside, whose hosts are reserved names, no address of anybody else stands in it."""
    addresses = re.findall(r"https?://[^\s\"']+", json.dumps(document()))

    assert addresses == []
