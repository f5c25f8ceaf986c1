"""The webhooks' part of the API's description; their function parses by hand and has no resolver to ask."""

from __future__ import annotations

from typing import Any

from engage_sms.edge.answers import EMPTY_TWIML
from engage_sms.edge.kinds import CONTENT_TYPE, known_problem

_FORM = "application/x-www-form-urlencoded"


def _problem(slugs: str, description: str) -> dict[str, Any]:
    content = {
        "schema": {"$ref": "#/components/schemas/ProblemAnswer"},
        "examples": {slug: {"value": known_problem(slug).document()} for slug in slugs.split()},
    }
    return {"description": description, "content": {CONTENT_TYPE: content}}


def _webhook(
    summary: str,
    description: str,
    operation_id: str,
    required: list[str],
    example: dict[str, str],
    answer: dict[str, dict[str, Any]],
    query: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in example}, "required": required}
    return {
        "post": {
            "tags": ["Webhooks"],
            "summary": summary,
            "description": f"{description} Signed by Twilio (`X-Twilio-Signature`) over the public URL and all fields.",
            "operationId": operation_id,
            "parameters": [
                {"name": "org_id", "in": "path", "required": True, "schema": {"type": "string"}},
                {"name": "X-Twilio-Signature", "in": "header", "required": True, "schema": {"type": "string"}},
                *(query or []),
            ],
            "requestBody": {
                "required": True,
                "content": {_FORM: {"schema": schema, "examples": {"example": {"value": example}}}},
            },
            "responses": {
                **answer,
                "400": _problem("malformed-webhook", "Not a form with the fields that Twilio sends"),
                "403": _problem("bad-signature", "Not signed with the organization's token"),
                "404": _problem("not-found unknown-route", "A text to a number that is not the organization's"),
                "503": _problem("try-again", "Not taken; Twilio may deliver it again"),
            },
        }
    }


_SENDER = {
    "MessageSid": "SM11111111111111111111111111111111",
    "AccountSid": "ACa1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
    "From": "+14155550123",
    "To": "+13125550199",
}

WEBHOOK_PATHS: dict[str, Any] = {
    "/webhooks/twilio/{org_id}/messages": _webhook(
        "A text arrived",
        "Kept once for each MessageSid.",
        "twilio_message",
        ["MessageSid", "AccountSid", "From", "To"],
        {**_SENDER, "Body": "Yes", "NumMedia": "0", "NumSegments": "1"},
        {
            "200": {
                "description": "OK",
                "content": {
                    "text/xml": {"schema": {"type": "string"}, "examples": {"example": {"value": EMPTY_TWIML}}}
                },
            }
        },
    ),
    "/webhooks/twilio/{org_id}/status": _webhook(
        "A message's status changed",
        "Late, repeated and disordered reports change nothing.",
        "twilio_status",
        ["MessageSid", "AccountSid", "MessageStatus"],
        {
            "MessageSid": "SM11111111111111111111111111111111",
            "AccountSid": "ACa1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
            "MessageStatus": "delivered",
        },
        {"204": {"description": "No Content"}},
        [
            {
                "name": "m",
                "in": "query",
                "required": True,
                "description": "Our reference, as it was put into the StatusCallback.",
                "schema": {"type": "string"},
                "example": "u-17.c-204.01J47Z3V9K8Q2W5E7R9T1Y3U5I",
            }
        ],
    ),
}
