"""Requests at and beyond every limit: a clear 4xx, and nothing half done."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.adapters.memory import MemoryTable
from engage_sms.edge.json_body import DEEPEST, LARGEST_BODY
from functions.messaging.handler import handler
from tests.functions.gateway import Context, Gateway, Reply, reply_of
from tests.world import ORG, World

MESSAGES = "/v1/conversations/c-1/messages"
SETTINGS = "/v1/organization/settings"
LISTS = [
    "/v1/conversations",
    MESSAGES,
    "/v1/contacts",
]


@pytest.fixture(scope="module")
def world() -> World:
    """Nothing in the tests that share it may change it."""
    return World().opted_in()


@pytest.fixture(scope="module")
def api(world: World) -> Gateway:
    return Gateway(world.ports, roles=["admin"])


@pytest.fixture
def unchanged(world: World) -> Any:
    """After the test, everything is as it was before."""
    assert isinstance(world.table, MemoryTable)
    before = world.table.items()
    yield
    assert world.table.items() == before


pytestmark = pytest.mark.usefixtures("unchanged")


def nested(levels: int, opening: str = '{"a":', closing: str = "}") -> bytes:
    return (opening * levels + "1" + closing * levels).encode()


def body_of(text: str) -> bytes:
    return b'{"body": ' + text.encode() + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"5",
        b'"text"',
        b"[]",
        b" \n[{}]",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"body": "a", "body": "b"}',
        b'{"body": "a", "media_urls": [{"x": 1, "x": 2}]}',
        body_of("NaN"),
        body_of("1e400"),
        body_of("-Infinity"),
        body_of("9" * 5000),
        body_of('"\\ud800"'),
        body_of('"a\\u0000b"'),
        b'{"\\ud800": 1, "body": "x"}',
        b'{"body": "x", "media_urls": ["\\udfff"]}',
        nested(1000),
        nested(100_000),
        b'{"body": ' + nested(1000, "[", "]") + b"}",
        b'{"body": "' + b"x" * 1601 + b'"}',
        b'{"body": "' + b"x" * 10_000_000 + b'"}',
        b'{"body": "x", "media_urls": [' + b",".join([b'"https://a.example/x"'] * 11) + b"]}",
        b'{"body": "x", "media_urls": ["javascript:alert(1)"]}',
        b'{"body": "x", "media_urls": ["https://a.example/' + b"x" * 3000 + b'"]}',
        b'{"body": "x", "media_urls": ["https://a example/"]}',
        b'{"body": "x", "unknown": true}',
        b'{"body": {"$ne": null}}',
        b'{"body": "   "}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_body_that_cannot_be_a_message_is_refused(api: Gateway, body: bytes) -> None:
    """400, 413 or 422 as problem+json, and nothing is sent."""
    reply = api.call("POST", MESSAGES, body)

    assert reply.status in {400, 413, 422}
    assert reply.slug in {"malformed-body", "body-too-large", "invalid"}
    assert len(reply.text) < 2000


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/xml", "a" * 9000])
def test_a_body_of_another_kind_is_refused(api: Gateway, kind: str) -> None:
    """415, also when what is in it would be JSON."""
    assert api.call("POST", MESSAGES, b'{"body": "x"}', headers={"content-type": kind}).slug == "unsupported-media-type"


def test_broken_base64_is_refused(api: Gateway) -> None:
    """400: API Gateway would never send it, but nothing breaks."""
    event = api.event("POST", MESSAGES, {"body": "x"})
    event |= {"body": "***", "isBase64Encoded": True}

    assert reply_of(handler(event, Context(), api.ports)).slug == "malformed-body"


def test_the_deepest_body_is_read(api: Gateway) -> None:
    """One level less than too deep is judged by what is in it."""
    deep = json.dumps({"sms.send_window.closed_dates": json.loads("[" * (DEEPEST - 1) + "]" * (DEEPEST - 1))})
    deeper = json.dumps({"sms.send_window.closed_dates": json.loads("[" * DEEPEST + "]" * DEEPEST)})

    assert api.call("PATCH", SETTINGS, deep.encode()).slug == "invalid"
    assert api.call("PATCH", SETTINGS, deeper.encode()).slug == "malformed-body"


def test_a_body_at_the_limit_is_read(api: Gateway) -> None:
    """The last character that is allowed, and the first that is not."""
    frame = len('{"body": ""}')
    fits = b'{"body": "' + b"x" * (LARGEST_BODY - frame) + b'"}'

    assert api.call("POST", MESSAGES, fits).slug == "invalid"
    assert api.call("POST", MESSAGES, fits[:-2] + b'x"}').slug == "body-too-large"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", SETTINGS, {"x" * 900_000: 1}),
        ("PATCH", SETTINGS, {f"sms.{index}": 1 for index in range(40_000)}),
        ("POST", MESSAGES, {f"field{index}": 1 for index in range(40_000)}),
        ("POST", MESSAGES, {"é" * 160_000: 1}),
        ("POST", "/v1/numbers/provision", {"user_ids": ["#"] * 100_000, "area_code_source": "user_cell"}),
    ],
    ids=["long name", "many settings", "many fields", "escaped name", "many ids"],
)
def test_what_is_wrong_with_a_large_body_is_said_in_short(api: Gateway, method: str, path: str, body: object) -> None:
    """422 far below the 6 MB that Lambda can answer with: few entries, and each of them short."""
    reply = api.call(method, path, body)

    assert reply.status == 422
    assert len(reply.text) < 50_000


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%00",
        "%F0%9F%99%82",
        "W10",  # []
        "e30",  # {}
        "bnVsbA",  # null
        "WyIiXQ",  # [""]
        base64.urlsafe_b64encode(b'["\\ud800"]').decode(),
        base64.urlsafe_b64encode(b'["\\u0001"]').decode(),
        base64.urlsafe_b64encode(b'["\\u0001", "c"]').decode(),
        base64.urlsafe_b64encode(b'["m", "c#d"]').decode(),
        base64.urlsafe_b64encode(b'["ORG#rival#CONTACTS"]').decode(),
        base64.urlsafe_b64encode(json.dumps(["x" * 600, "y"]).encode()).decode(),
        base64.urlsafe_b64encode(b"[" * 1200).decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    ],
    ids=lambda value: value[:20],
)
def test_a_cursor_that_was_made_up_is_refused(api: Gateway, path: str, cursor: str) -> None:
    """422 naming the cursor."""
    reply = api.get(f"{path}?cursor={cursor}")

    assert reply.status == 422
    assert reply.json["errors"][0]["field"] == "cursor"


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_no_cursor_breaks_anything(api: Gateway, parts: list[str]) -> None:
    """A well-formed one that nobody gave begins somewhere, or is refused."""
    cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    assert {api.get(f"{path}?cursor={cursor}").status for path in LISTS} <= {200, 422}


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=1000001",
        "page=" + "9" * 5000,
        "page=1e400",
        "page=x",
        "page=",
        "page=1&page=2",
        "per_page=0",
        "per_page=1000",
        "per_page=1.5",
        "provisioned=perhaps",
        "search=" + "x" * 201,
    ],
    ids=lambda query: query[:20],
)
def test_a_page_that_is_none_is_refused(api: Gateway, query: str) -> None:
    """422 for what is no page."""
    assert api.get(f"/v1/users?{query}").status == 422


@pytest.mark.parametrize("limit", ["0", "-1", "101", "9" * 400, "NaN", "%00"])
@pytest.mark.parametrize("path", LISTS)
def test_a_limit_beyond_the_limit_is_refused(api: Gateway, path: str, limit: str) -> None:
    """422, never more than a hundred at once."""
    assert api.get(f"{path}?limit={limit}").status == 422


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00%2B14:00",
        "9999-12-31T23:59:59-12:00",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "1e308",
        "-99999999999999999999",
        "2026-07-15T15:00:00",
        "2026-02-30T00:00:00Z",
        "x" * 9000,
    ],
    ids=lambda at: at[:30],
)
def test_an_instant_off_the_calendar_is_refused(api: Gateway, at: str) -> None:
    """422: there is no next opening at the end of time."""
    assert api.get(f"/v1/sending-window?at={at}").slug == "invalid"


@pytest.mark.parametrize(
    "id_", ["%23", "a%23b", "..", "%2e%2e", "%00", "x" * 65, "%ED%A0%80", "a%20b", "c-1%0A", "é", "$(id)", "x" * 9000]
)
def test_a_path_that_names_nothing_is_refused(api: Gateway, id_: str) -> None:
    """404 or 422, never another item."""
    replies = [
        api.get(f"/v1/contacts/{id_}"),
        api.get(f"/v1/conversations/{id_}/messages"),
        api.get(f"/v1/jobs/{id_}"),
        api.delete(f"{MESSAGES}/{id_}"),
        api.put(f"/v1/contacts/{id_}", {"owner_id": "u-1", "first_name": "Bo", "last_name": "Diaz"}),
    ]

    assert {reply.status for reply in replies} <= {404, 422}


@pytest.mark.parametrize(
    "headers",
    [
        {"x_long": "x" * 100_000},
        {"accept": "x" * 100_000},
        {"accept": "," * 10_000},
        {"authorization": "Bearer " + "x" * 100_000},
        {"content_type": "\0"},
        {"idempotency_key": "x" * 100_000},
        {"": ""},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_odd_headers_break_nothing(api: Gateway, headers: dict[str, str]) -> None:
    """A read is answered as ever: headers that it does not use do not matter to it."""
    reply: Reply = api.call("GET", "/v1/contacts/c-1/consent", headers=headers)

    assert reply.status == 200


def test_the_limits_are_those_of_a_real_world(world: World) -> None:
    """What all this was thrown at is a contact that can be texted."""
    view = Gateway(world.ports, org_id=ORG).get("/v1/contacts/c-1")

    assert view.json["sms"]["can_message"] is True
