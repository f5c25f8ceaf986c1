"""API Gateway answers made by hand, for the function that must start fast; `api` makes the others."""

from __future__ import annotations

from typing import Any

from engage_sms.edge.kinds import CONTENT_TYPE, known_problem

Answer = dict[str, Any]
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def twiml() -> Answer:
    """Taken; there is nothing for Twilio to say."""
    return {"statusCode": 200, "headers": {"Content-Type": "text/xml"}, "body": EMPTY_TWIML}


def empty() -> Answer:
    return {"statusCode": 204}


def problem(slug: str) -> Answer:
    """The problem of that slug, with its usual detail."""
    found = known_problem(slug)
    headers = {"Content-Type": CONTENT_TYPE, **found.headers}
    return {"statusCode": found.status, "headers": headers, "body": found.body}
