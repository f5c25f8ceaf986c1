"""Twilio's inbound messages and delivery statuses: signature first, then one write, then the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.adapters.signature import parse_form, signed_by
from engage_sms.adapters.xray import following
from engage_sms.bootstrap import real_ports
from engage_sms.domain.naming import parse_reference
from engage_sms.edge.answers import Answer, empty, problem, twiml
from engage_sms.edge.headers import header
from engage_sms.edge.telemetry import count, log_failure
from engage_sms.errors import EngageError, NotFound
from engage_sms.metrics import WEBHOOKS_REFUSED
from engage_sms.ports import Account, Ports
from engage_sms.usecases.receive_message import ReceiveMessage, receive_message
from engage_sms.usecases.record_status import RecordStatus, record_status

_PATH = re.compile(r"/webhooks/twilio/(?P<org_id>[A-Za-z0-9_-]{1,64})/(?P<what>messages|status)")
_WORD = re.compile(r"[!-\"$-~]{1,64}")
MOST_MEDIA = 10
MOST_SEGMENTS = 1000
"""Twilio sends at most ten media, and texts far shorter than this."""
Fields = Mapping[str, str]


def handler(event: Mapping[str, Any], _context: LambdaContext, ports: Ports | None = None) -> Answer:
    """403 for what Twilio did not sign with the organization's token, 400 for what it would never send; never raises.

    503 when it could not be kept: Twilio tells its debugger, and delivers again where that is set up.
    """
    path = _PATH.fullmatch(event["rawPath"])
    if path is None:
        return problem("unknown-route")
    try:
        return _answer(path["what"], path["org_id"], event, ports or real_ports())
    except NotFound:
        return problem("not-found")
    except EngageError as error:
        log_failure("A webhook was not kept.", error, org_id=path["org_id"])
        return problem("try-again")
    except Exception as error:  # noqa: BLE001  the last line of defence: what Lambda would log of it names people
        log_failure("A webhook ended in an error.", error, org_id=path["org_id"])
        return problem("internal-error")


def _answer(what: str, org_id: str, event: Mapping[str, Any], ports: Ports) -> Answer:
    """Nothing is read of the state, and nothing written, before the signature was found to be right."""
    try:
        form = parse_form(event.get("body"), bool(event.get("isBase64Encoded")))
    except ValueError:
        return problem("malformed-webhook")
    account = ports.account(org_id)
    fields = dict(form)
    if account is None or not _signed(event, form, account, ports) or fields.get("AccountSid") != account.sid:
        count(WEBHOOKS_REFUSED)
        return problem("bad-signature")
    if what == "messages":
        return _take_text(org_id, fields, ports)
    return _take_status(org_id, fields, event, ports)


def _signed(event: Mapping[str, Any], form: Sequence[tuple[str, str]], account: Account, ports: Ports) -> bool:
    """Twilio signs the URL it was told, so the public one counts, never the host that the request names."""
    query = event.get("rawQueryString")
    url = f"{ports.public_url}{event['rawPath']}" + (f"?{query}" if query else "")
    signature = header(event, "x-twilio-signature")
    return signed_by([account.auth_token], url=url, form=form, signature=signature)


def _take_text(org_id: str, fields: Fields, ports: Ports) -> Answer:
    try:
        text = _received(org_id, fields)
    except (KeyError, ValueError):
        return problem("malformed-webhook")
    receive_message(text, ports)
    return twiml()


def _take_status(org_id: str, fields: Fields, event: Mapping[str, Any], ports: Ports) -> Answer:
    try:
        report = _status(org_id, fields, event)
    except (KeyError, ValueError):
        return problem("malformed-webhook")
    with following(org_id=org_id, message_id=report.ref.message_id):
        record_status(report, ports)
    return empty()


def _received(org_id: str, fields: Fields) -> ReceiveMessage:
    """Raises KeyError or ValueError for a form that lacks what Twilio always sends."""
    media = _whole(fields, "NumMedia", most=MOST_MEDIA)
    return ReceiveMessage(
        org_id=org_id,
        sid=_word(fields, "MessageSid"),
        phone=_word(fields, "From"),
        number=_word(fields, "To"),
        body=fields.get("Body", ""),
        media_urls=tuple(fields[f"MediaUrl{index}"] for index in range(media)),
        segments=_whole(fields, "NumSegments", most=MOST_SEGMENTS) or 1,
    )


def _status(org_id: str, fields: Fields, event: Mapping[str, Any]) -> RecordStatus:
    """Raises KeyError or ValueError likewise, also when our reference is missing from the URL."""
    reference = (event.get("queryStringParameters") or {})["m"]
    return RecordStatus(
        ref=parse_reference(org_id, reference),
        sid=_word(fields, "MessageSid"),
        status=_word(fields, "MessageStatus"),
        error_code=_word(fields, "ErrorCode") if fields.get("ErrorCode") else None,
    )


def _word(fields: Fields, name: str) -> str:
    """A field that becomes part of a key or a state: printable, short, and without the keys' separator."""
    if not _WORD.fullmatch(fields[name]):
        raise ValueError(name)
    return fields[name]


def _whole(fields: Fields, name: str, *, most: int) -> int:
    value = int(fields.get(name) or 0)
    if not 0 <= value <= most:
        raise ValueError(name)
    return value
