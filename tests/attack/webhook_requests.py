"""Requests as Twilio, or somebody who would like to be taken for Twilio, sends them to the webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from engage_sms.adapters.signature import sign
from engage_sms.ports import Account
from functions.webhooks.handler import handler
from tests.functions.gateway import Context, Reply, reply_of
from tests.world import ORG, PHONE, World

Form = Sequence[tuple[str, str]]
SID = "SM" + "1" * 32


def account_of(world: World, org_id: str = ORG) -> Account:
    account = world.ports.account(org_id)
    assert account is not None
    return account


def text_form(world: World, **changed: str) -> dict[str, str]:
    """A text from the contact's phone to the user's number."""
    return {
        "MessageSid": SID,
        "AccountSid": account_of(world).sid,
        "From": PHONE,
        "To": world.number_of(),
        "Body": "Hello",
        "NumMedia": "0",
        "NumSegments": "1",
        **changed,
    }


def event_of(
    path: str, body: object, *, query: str = "", headers: Any = None, is_base64: bool = False
) -> dict[str, Any]:
    """API Gateway's event, as broken as the parts are."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": dict(parse_qsl(query, keep_blank_values=True)) or None,
        "headers": headers,
        "body": body,
        "isBase64Encoded": is_base64,
        "requestContext": {"http": {"method": "POST", "path": path}},
    }


def signed_event(world: World, what: str, form: Form, *, query: str = "", org_id: str = ORG) -> dict[str, Any]:
    """Signed with the token of ORG's account, whatever the path says."""
    path = f"/webhooks/twilio/{org_id}/{what}"
    url = f"{world.ports.public_url}{path}" + (f"?{query}" if query else "")
    signature = sign(account_of(world).auth_token, url=url, form=form)
    return event_of(path, urlencode(form), query=query, headers={"x-twilio-signature": signature})


def answer(world: World, event: Mapping[str, Any]) -> Reply:
    return reply_of(handler(event, Context(), world.ports))
