"""The fake Twilio over HTTP: `/<host>/<path>` stands for `https://<host>/<path>` of Twilio's API, for any client."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qsl

from infra.local import events
from infra.local.twilio.fake import FakeTwilio
from infra.local.twilio.requests import Unanswered


class NoAnswer(ConnectionError):
    """The connection is to be closed without an answer: a fault that was asked for."""


def serve(twilio: FakeTwilio, request: events.Request, *, below: str) -> events.Answer:
    """Answers a request whose path begins with `below`, the host following it. Raises NoAnswer."""
    host, _, path = request.path.removeprefix(below).lstrip("/").partition("/")
    form = request.body.decode("utf-8", errors="replace")
    try:
        answer = twilio.handle(
            request.method,
            host,
            f"/{path}",
            query=parse_qsl(request.query, keep_blank_values=True),
            form=parse_qsl(form, keep_blank_values=True),
            auth=_basic(request.header("authorization")),
        )
    except Unanswered as silence:
        raise NoAnswer(str(silence)) from silence
    headers = [(name.lower(), value) for name, value in answer.headers.items()]
    return events.Answer(answer.status, headers, answer.body.encode())


def _basic(header: str | None) -> tuple[str, str] | None:
    """Name and password of HTTP's Basic scheme; None when they are not there."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password
