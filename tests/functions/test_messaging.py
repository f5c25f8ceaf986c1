"""Conversations over HTTP."""

from __future__ import annotations

import pytest

from tests.functions.gateway import Gateway
from tests.world import World

MESSAGES = "/v1/conversations/c-1/messages"


def test_a_message_to_an_opted_in_contact_is_accepted(opted_in: World, api: Gateway) -> None:
    """201 with the message as the API describes it, field for field."""
    reply = api.post(MESSAGES, {"body": "Hi Bo, the papers are ready."})

    assert reply.status == 201
    message = reply.json
    assert message.pop("id").startswith("01J")
    assert message.pop("created_at").endswith("Z")
    assert message == {
        "contact_id": "c-1",
        "user_id": "u-1",
        "direction": "outbound",
        "kind": "one_to_one",
        "body": "Hi Bo, the papers are ready.",
        "media_urls": [],
        "status": "queued",
        "segments": 1,
        "sent_at": None,
        "delivered_at": None,
        "hold": None,
        "error": None,
    }


def test_a_message_before_the_opt_in_is_refused(ready: World, api: Gateway) -> None:
    """409 `opt-in-required`, and nothing is stored."""
    reply = api.post(MESSAGES, {"body": "Hi"})

    assert reply.status == 409
    assert reply.slug == "opt-in-required"
    assert ready.conversation() == []


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({}, "body", "Give this; it is required."),
        ({"body": 5}, "body", "Give a text."),
        ({"body": "Hi", "to": "x"}, "to", "Leave this out; there is no such field."),
        ({"body": "Hi", "media_urls": "x"}, "media_urls", "Give a list."),
        ({"body": " "}, "body", "Write a text, or attach media."),
        ({"body": "x" * 1601}, "body", "At most 1600 characters; this has 1601."),
    ],
)
def test_a_wrong_body_says_what_to_do(opted_in: World, api: Gateway, body: object, field: str, sentence: str) -> None:
    """422 with a sentence for the field that is wrong; nothing is stored."""
    before = opted_in.conversation()

    reply = api.post(MESSAGES, body)

    assert reply.status == 422
    assert reply.slug == "invalid"
    assert {"field": field, "message": sentence} in reply.json["errors"]
    assert sentence in reply.json["detail"]
    assert opted_in.conversation() == before


@pytest.mark.parametrize("body", [[], "text", 5, [{"body": "Hi"}], True])
def test_a_body_that_is_no_object_is_refused(opted_in: World, api: Gateway, body: object) -> None:
    """422: a JSON value of another kind is never taken for a message."""
    reply = api.post(MESSAGES, body)

    assert reply.status == 422


@pytest.mark.parametrize("body", [b"{", b"{'body': 1}", b"\xff\xfe"])
def test_a_body_that_is_no_json_is_refused(opted_in: World, api: Gateway, body: bytes) -> None:
    """400 `malformed-body`."""
    reply = api.post(MESSAGES, body)

    assert reply.status == 400
    assert reply.slug == "malformed-body"


def test_another_content_type_is_refused(opted_in: World, api: Gateway) -> None:
    """415: only JSON is read."""
    reply = api.call("POST", MESSAGES, b"<body/>", headers={"content-type": "application/xml"})

    assert reply.status == 415
    assert reply.slug == "unsupported-media-type"


def test_ids_of_another_form_are_refused(opted_in: World, api: Gateway) -> None:
    """422: an id never reaches a key it was not made for."""
    reply = api.get("/v1/conversations/c%231/messages")

    assert reply.status == 422
    assert reply.json["errors"] == [
        {"field": "contact_id", "message": "Use 1 to 64 letters, digits, hyphens or underscores."}
    ]


def test_a_conversation_is_read_in_pages(opted_in: World, api: Gateway) -> None:
    """Newest first, every message once, until `next_cursor` is null."""
    for count in range(5):
        api.post(MESSAGES, {"body": f"text {count}"})

    seen, cursor = [], ""
    while True:
        page = api.get(f"{MESSAGES}?limit=3{cursor}").json
        seen += [message["body"] for message in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen[:5] == [f"text {count}" for count in reversed(range(5))]
    assert len(seen) == len(opted_in.conversation())


def test_a_cursor_that_is_none_is_refused(opted_in: World, api: Gateway) -> None:
    """422: a made-up cursor is never followed."""
    reply = api.get(f"{MESSAGES}?cursor=made-up")

    assert reply.status == 422


@pytest.mark.parametrize("limit", ["0", "101", "many"])
def test_a_limit_out_of_bounds_is_refused(opted_in: World, api: Gateway, limit: str) -> None:
    """422: pages have 1 to 100 entries."""
    reply = api.get(f"{MESSAGES}?limit={limit}")

    assert reply.status == 422
    assert reply.json["errors"][0]["field"] == "limit"


def test_the_inbox_counts_what_was_not_read(opted_in: World, api: Gateway) -> None:
    """A reply shows in the inbox as unread until the conversation is marked as read."""
    opted_in.text("See you at ten")
    unread = api.get("/v1/conversations").json["items"][0]

    marked = api.post("/v1/conversations/c-1/read")

    assert unread["contact_id"] == "c-1"
    assert unread["unread"] == 2
    assert unread["last_message"]["body"] == "See you at ten"
    assert unread["last_message"]["direction"] == "inbound"
    assert marked.status == 204
    assert marked.text == ""
    assert api.get("/v1/conversations").json["items"][0]["unread"] == 0


def test_one_message_shows_its_trace(opted_in: World, api: Gateway) -> None:
    """Every step with its time and a word for it."""
    message = api.post(MESSAGES, {"body": "Hi"}).json
    opted_in.settle()

    traced = api.get(f"{MESSAGES}/{message['id']}").json

    assert [step["event"] for step in traced["trace"]] == ["queued", "dispatching", "sent"]
    assert traced["status"] == "sent"


def test_a_message_on_its_way_cannot_be_cancelled(opted_in: World, api: Gateway) -> None:
    """409 `not-held` once it no longer waits, 404 for a message that never was."""
    message = api.post(MESSAGES, {"body": "Hi"}).json
    opted_in.settle()

    assert api.delete(f"{MESSAGES}/{message['id']}").slug == "not-held"
    assert api.delete(f"{MESSAGES}/nothing").slug == "not-found"


def test_a_colleague_sees_nothing_of_the_conversation(opted_in: World, api: Gateway) -> None:
    """A message belongs to the user who wrote it: to others it is as absent as no message."""
    message = api.post(MESSAGES, {"body": "Hi"}).json
    colleague = Gateway(opted_in.ports, user_id="u-2")

    assert colleague.get(f"{MESSAGES}/{message['id']}").status == 404
    assert colleague.get(MESSAGES).json["items"] == []


def test_another_organization_sees_nothing(opted_in: World, api: Gateway) -> None:
    """Foreign and absent look alike."""
    foreign = Gateway(opted_in.ports, org_id="other")

    assert foreign.get(MESSAGES).status == 404
    assert foreign.post(MESSAGES, {"body": "Hi"}).status == 404


def test_a_preview_measures_and_sends_nothing(opted_in: World, api: Gateway) -> None:
    """Encoding, segments, and which character makes the text dear."""
    before = opted_in.conversation()

    reply = api.post("/v1/messages/preview", {"body": "Let’s talk"})

    assert reply.json == {
        "encoding": "UCS-2",
        "characters": 10,
        "segments": 1,
        "costly_characters": [{"character": "’", "position": 3, "replacement": "'"}],
        "segments_if_replaced": 1,
    }
    assert opted_in.conversation() == before
