"""Twilio's webhooks: only what Twilio signed for this organization changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from engage_sms.domain.message import Message, Status
from engage_sms.usecases.send_message import SendMessage, send_message
from functions.webhooks.handler import handler
from infra.local.events import Request, http_event
from tests.functions.gateway import Context, Reply, reply_of
from tests.world import OPEN, ORG, PHONE, World

TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def call(
    world: World,
    what: str,
    form: Mapping[str, str],
    *,
    query: str = "",
    org_id: str = ORG,
    token: str | None = None,
    signature: str | None = None,
    body: bytes | None = None,
    host: str = "attacker.example",
) -> Reply:
    """A webhook as API Gateway hands it on; signed as Twilio signs unless told otherwise."""
    path = f"/webhooks/twilio/{org_id}/{what}"
    url = f"{world.ports.public_url}{path}" + (f"?{query}" if query else "")
    if signature is None:
        signature = RequestValidator(token or _account(world).auth_token).compute_signature(url, dict(form))
    request = Request(
        method="POST",
        path=path,
        query=query,
        headers=[
            ("host", host),
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-twilio-signature", signature),
        ],
        body=urlencode(form).encode() if body is None else body,
    )
    event = http_event(
        request,
        route_key=f"POST /webhooks/twilio/{{org_id}}/{what}",
        path_parameters={"org_id": org_id},
        claims=None,
        request_id="r-1",
        now=OPEN,
    )
    return reply_of(handler(event, Context(), world.ports))


def _account(world: World) -> Any:
    account = world.ports.account(ORG)
    assert account is not None
    return account


def inbound(world: World, **changed: str) -> dict[str, str]:
    return {
        "MessageSid": "SM" + "1" * 32,
        "AccountSid": _account(world).sid,
        "From": PHONE,
        "To": world.number_of(),
        "Body": "Hello",
        "NumMedia": "0",
        "NumSegments": "1",
        "FromCity": "",
        **changed,
    }


def sent(world: World) -> Message:
    command = SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi Bo")
    message = send_message(command, world.ports)
    world.settle()
    return world.message(message)


def test_a_signed_text_is_kept_and_answered_with_nothing_to_say(ready: World) -> None:
    """200 with an empty TwiML document; the text stands in the conversation, blank fields and all."""
    reply = call(ready, "messages", inbound(ready, Body="Grüße, ich komme 🙂"))

    assert reply.status == 200
    assert reply.text == TWIML
    assert reply.headers["content-type"] == "text/xml"
    assert ready.conversation()[-1].body == "Grüße, ich komme 🙂"


def test_a_repeated_text_is_kept_once(ready: World) -> None:
    """Twilio may deliver a webhook twice; both are answered 200."""
    first = call(ready, "messages", inbound(ready))
    second = call(ready, "messages", inbound(ready))

    assert (first.status, second.status) == (200, 200)
    assert len(ready.conversation()) == 1


def test_media_come_along(ready: World) -> None:
    """A text may be pictures alone."""
    form = inbound(
        ready, Body="", NumMedia="2", MediaUrl0="https://media.example/0", MediaUrl1="https://media.example/1"
    )

    call(ready, "messages", form)

    assert ready.conversation()[-1].media_urls == ("https://media.example/0", "https://media.example/1")


@pytest.mark.parametrize("forgery", ["wrong token", "no signature", "changed field", "other account", "other org"])
def test_a_forged_webhook_changes_nothing(ready: World, forgery: str) -> None:
    """403 for whatever the organization's own account did not sign over exactly these fields."""
    ready.organization("other")
    form = inbound(ready)
    match forgery:
        case "wrong token":
            reply = call(ready, "messages", form, token="0" * 32)
        case "no signature":
            reply = call(ready, "messages", form, signature="")
        case "changed field":
            reply = call(ready, "messages", form, body=urlencode({**form, "Body": "STOP"}).encode())
        case "other account":
            reply = call(ready, "messages", {**form, "AccountSid": "AC" + "0" * 32})
        case _:
            reply = call(ready, "messages", form, org_id="other")

    assert reply.status == 403
    assert reply.slug == "bad-signature"
    assert ready.conversation() == []


def test_a_webhook_of_no_organization_is_refused(ready: World) -> None:
    """403: it does not even tell whether the organization exists."""
    reply = call(ready, "messages", inbound(ready), org_id="nobody")

    assert reply.slug == "bad-signature"


@pytest.mark.parametrize(
    ("what", "missing"), [("messages", "From"), ("messages", "MessageSid"), ("status", "MessageStatus")]
)
def test_a_signed_form_that_lacks_a_field_is_refused(ready: World, what: str, missing: str) -> None:
    """400: signed, but not what Twilio sends."""
    form = {**inbound(ready), "MessageStatus": "sent"}
    del form[missing]

    reply = call(ready, what, form, query="m=u-1.c-1.x")

    assert reply.status == 400
    assert reply.slug == "malformed-webhook"


@pytest.mark.parametrize("body", [b"no form at all", b"%ff%fe=1", b"a&b"])
def test_a_body_that_is_no_form_is_refused(ready: World, body: bytes) -> None:
    """400 before anything else is looked at."""
    assert call(ready, "messages", inbound(ready), body=body).status == 400


@pytest.mark.parametrize("changed", [{"NumMedia": "many"}, {"NumMedia": "2", "MediaUrl0": "https://media.example/0"}])
def test_a_count_that_is_none_is_refused(ready: World, changed: dict[str, str]) -> None:
    """400 for a form that contradicts itself."""
    assert call(ready, "messages", inbound(ready, **changed)).status == 400


def test_a_text_to_a_number_of_nobody_is_refused(ready: World) -> None:
    """404: the number is not the organization's, so there is nobody to show the text to."""
    reply = call(ready, "messages", inbound(ready, To="+13125550000"))

    assert reply.slug == "not-found"


def test_a_signed_status_moves_the_message(opted_in: World) -> None:
    """204, and the message is delivered; a late `sent` after it changes nothing."""
    message = sent(opted_in)
    query = f"m=u-1.c-1.{message.id}"
    report = {"MessageSid": message.sid or "", "AccountSid": _account(opted_in).sid}

    delivered = call(opted_in, "status", {**report, "MessageStatus": "delivered"}, query=query)
    late = call(opted_in, "status", {**report, "MessageStatus": "sent"}, query=query)

    assert (delivered.status, late.status) == (204, 204)
    assert delivered.text == ""
    assert opted_in.message(message).status is Status.DELIVERED


def test_the_reference_is_signed_too(opted_in: World) -> None:
    """403 when the query was changed: a report never reaches another message."""
    message = sent(opted_in)
    form = {"MessageSid": message.sid or "", "AccountSid": _account(opted_in).sid, "MessageStatus": "failed"}
    url = f"{opted_in.ports.public_url}/webhooks/twilio/{ORG}/status?m=u-1.c-1.other"
    signature = RequestValidator(_account(opted_in).auth_token).compute_signature(url, form)

    reply = call(opted_in, "status", form, query=f"m=u-1.c-1.{message.id}", signature=signature)

    assert reply.status == 403
    assert opted_in.message(message).status is Status.SENT


@pytest.mark.parametrize("query", ["", "m=", "m=only-one", "m=a.b.c.d"])
def test_a_status_without_our_reference_is_refused(opted_in: World, query: str) -> None:
    """400: without it nobody knows whose status it is."""
    form = {"MessageSid": "SM" + "1" * 32, "AccountSid": _account(opted_in).sid, "MessageStatus": "sent"}

    assert call(opted_in, "status", form, query=query).status == 400
