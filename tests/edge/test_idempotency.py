"""The Idempotency-Key header over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.functions.gateway import Gateway
from tests.world import World

MESSAGES = "/v1/conversations/c-1/messages"
KEY = {"idempotency-key": "k-1"}


@pytest.fixture
def world() -> World:
    return World().opted_in()


@pytest.fixture
def api(world: World) -> Gateway:
    return Gateway(world.ports)


def test_the_same_key_and_request_send_once(world: World, api: Gateway) -> None:
    """The second answer is the first one again, and there is one message."""
    before = len(world.conversation())

    first = api.post(MESSAGES, {"body": "Hi"}, **KEY)
    second = api.post(MESSAGES, {"body": "Hi"}, **KEY)

    assert first.status == 201
    assert second == first
    assert len(world.conversation()) == before + 1


def test_the_same_key_with_another_body_is_refused(world: World, api: Gateway) -> None:
    """422 `idempotency-key-reused`; nothing is sent."""
    api.post(MESSAGES, {"body": "Hi"}, **KEY)
    before = len(world.conversation())

    reply = api.post(MESSAGES, {"body": "Bye"}, **KEY)

    assert reply.status == 422
    assert reply.slug == "idempotency-key-reused"
    assert len(world.conversation()) == before


def test_the_same_key_to_another_contact_is_refused(world: World, api: Gateway) -> None:
    """The path is part of the request."""
    world.contact("c-2")
    api.post(MESSAGES, {"body": "Hi"}, **KEY)

    reply = api.post("/v1/conversations/c-2/messages", {"body": "Hi"}, **KEY)

    assert reply.slug == "idempotency-key-reused"


def test_keys_of_others_never_meet(world: World, api: Gateway) -> None:
    """Another user's and another route's requests have keys of their own."""
    sent = api.post(MESSAGES, {"body": "Hi"}, **KEY)
    other_user = Gateway(world.ports, user_id="u-2").post(MESSAGES, {"body": "Hi"}, **KEY)
    other_route = api.post("/v1/contacts/c-1/opt-in-requests", **KEY)

    assert sent.status == 201
    assert other_user.status == 404
    assert other_route.slug == "already-opted-in"


def test_a_refusal_is_not_remembered(world: World, api: Gateway) -> None:
    """It changed nothing; once its reason is gone, the same request with the same key succeeds."""
    world.text("STOP")
    refused = api.post(MESSAGES, {"body": "Hi"}, **KEY)
    world.text("START")

    accepted = api.post(MESSAGES, {"body": "Hi"}, **KEY)

    assert refused.slug == "opted-out"
    assert accepted.status == 201


@pytest.mark.parametrize("key", ["", "   ", "k" * 256])
def test_a_key_that_is_none_is_refused(world: World, api: Gateway, key: str) -> None:
    """422 rather than a request that is quietly not protected."""
    reply = api.post(MESSAGES, {"body": "Hi"}, **{"idempotency-key": key})

    assert reply.status == 422
    assert reply.json["errors"][0]["field"] == "Idempotency-Key"


def test_a_key_without_a_memory_is_an_error(world: World) -> None:
    """500: a promise that cannot be kept is not given."""
    api = Gateway(replace(world.ports, answers=None))

    assert api.post(MESSAGES, {"body": "Hi"}, **KEY).status == 500
    assert api.post(MESSAGES, {"body": "Hi"}).status == 201
