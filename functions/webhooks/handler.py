"""Twilio's inbound messages and delivery statuses: signature first, then one write, then the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.adapters.signature import parse_form, signed_by
from engage_sms.bootstrap import real_ports
from engage_sms.domain.naming import parse_reference
from engage_sms.edge.answers import Answer, empty, problem, twiml
from engage_sms.edge.headers import header
from engage_sms.edge.telemetry import count, log_failure
from engage_sms.errors import EngageError, NotFound
from engage_sms.ports import Account, Ports
from engage_sms.usecases.receive_message import ReceiveMessage, receive_message
from engage_sms.usecases.record_status import RecordStatus, record_status

_PATH = re.compile(r"/webhooks/twilio/(?P<org_id>[A-Za-z0-9_-]{1,64})/(?P<what>messages|status)")
Fields = Mapping[str, str]


def handler(event: Mapping[str, Any], _context: LambdaContext, ports: Ports | None = None) -> Answer:
    """403 for what Twilio did not sign with the organization's token, 400 for what it would never send.

    503 when it could not be kept: Twilio tells its debugger, and delivers again where that is set up.
    """
    given = ports or real_ports()
    path = _PATH.fullmatch(event["rawPath"])
    if path is None:
        return problem("unknown-route")
    org_id = path["org_id"]
    account = given.account(org_id)
    try:
        form = parse_form(event.get("body"), bool(event.get("isBase64Encoded")))
    except ValueError:
        return problem("malformed-webhook")
    if account is None or not _signed(event, form, account, given):
        count("WebhooksRefused")
        return problem("bad-signature")
    fields = dict(form)
    if fields.get("AccountSid") != account.sid:
        return problem("bad-signature")
    try:
        return _take(path["what"], org_id, fields, event, given)
    except NotFound:
        return problem("not-found")
    except EngageError as error:
        log_failure("A webhook was not kept.", error, org_id=org_id, sid=fields.get("MessageSid", ""))
        return problem("try-again")


def _signed(event: Mapping[str, Any], form: Sequence[tuple[str, str]], account: Account, ports: Ports) -> bool:
    """Twilio signs the URL it was told, so the public one counts, never the host that the request names."""
    query = event.get("rawQueryString")
    url = f"{ports.public_url}{event['rawPath']}" + (f"?{query}" if query else "")
    signature = header(event, "x-twilio-signature")
    return signed_by([account.auth_token], url=url, form=form, signature=signature)


def _take(what: str, org_id: str, fields: Fields, event: Mapping[str, Any], ports: Ports) -> Answer:
    try:
        if what == "messages":
            receive_message(_received(org_id, fields), ports)
            count("MessagesReceived")
            return twiml()
        record_status(_status(org_id, fields, event), ports)
    except (KeyError, ValueError):
        return problem("malformed-webhook")
    return empty()


def _received(org_id: str, fields: Fields) -> ReceiveMessage:
    """Raises KeyError or ValueError for a form that lacks what Twilio always sends."""
    media = int(fields.get("NumMedia") or 0)
    return ReceiveMessage(
        org_id=org_id,
        sid=_present(fields, "MessageSid"),
        phone=_present(fields, "From"),
        number=_present(fields, "To"),
        body=fields.get("Body", ""),
        media_urls=tuple(fields[f"MediaUrl{index}"] for index in range(media)),
        segments=int(fields.get("NumSegments") or 1),
    )


def _status(org_id: str, fields: Fields, event: Mapping[str, Any]) -> RecordStatus:
    """Raises KeyError or ValueError likewise, also when our reference is missing from the URL."""
    reference = (event.get("queryStringParameters") or {})["m"]
    return RecordStatus(
        ref=parse_reference(org_id, reference),
        sid=_present(fields, "MessageSid"),
        status=_present(fields, "MessageStatus"),
        error_code=fields.get("ErrorCode") or None,
    )


def _present(fields: Fields, name: str) -> str:
    value = fields[name]
    if not value:
        raise ValueError(name)
    return value
