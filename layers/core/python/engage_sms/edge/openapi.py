"""The whole API's description (OpenAPI 3.1), merged from the functions' routes, and the page that shows it.

Built once a process, from code only: the description cannot differ from what the routes do.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi import swagger_ui
from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, Tag

from engage_sms.edge.describe import BEARER
from engage_sms.edge.webhook_paths import WEBHOOK_PATHS
from engage_sms.topology import ROUTES, Auth

FUNCTIONS = ("provisioning", "directory", "opt_in", "messaging", "usage", "console")
"""Functions whose routes are resolvers; the webhooks describe theirs by hand, to start fast."""
TITLE = "Engage SMS"
VERSION = "1.0.0"
"""Of the API, whose paths begin with /v1."""
DESCRIPTION = (
    "Two-way SMS for organizations whose people text with their contacts. JSON in snake_case, times in RFC 3339 UTC, "
    "phone numbers in E.164; whatever goes wrong is application/problem+json (RFC 9457). The organization comes from "
    "the token, never from the path."
)
TAGS = {
    "Organizations": "Organizations, their settings, their Twilio account, their sending window and their brake.",
    "Users": "The people who text, and their numbers.",
    "Numbers": "Numbers for many users at once, as jobs.",
    "Contacts": "The people who are texted with, and their consent.",
    "Messages": "Conversations and their messages.",
    "Usage": "Segments that Twilio reports.",
    "Webhooks": "What Twilio calls.",
    "Description": "The API's own description, and its health.",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request get the same answer for 24 hours, however often they are sent.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "7f3c0b1e-6a52-4a56-9d0e-1f0a3c5b7d9e",
}
_POWERTOOLS_OWN = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


@cache
def document() -> dict[str, Any]:
    """The description as plain data."""
    merge = OpenAPIMerge(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        tags=[Tag(name=name, description=text) for name, text in TAGS.items()],
        security_schemes={BEARER: HTTPBearer(bearerFormat="JWT")},
        on_conflict="error",
    )
    for name in FUNCTIONS:
        merge.add_schema(_schema(import_module(f"engage_sms.edge.routes.{name}").app))
    merge.add_schema({"paths": WEBHOOK_PATHS})
    described: dict[str, Any] = json.loads(merge.get_openapi_json_schema())
    for operation in _operations(described):
        operation["responses"] = _ours(operation["responses"])
        _show_request(operation, described["components"]["schemas"])
    for path, method in _creating(described):
        described["paths"][path][method].setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    for own in _POWERTOOLS_OWN:
        described["components"]["schemas"].pop(own, None)
    return described


def _schema(app: APIGatewayHttpResolver) -> dict[str, Any]:
    schema = app.get_openapi_schema(security_schemes={BEARER: HTTPBearer(bearerFormat="JWT")})
    dumped: dict[str, Any] = schema.model_dump(by_alias=True, exclude_none=True, mode="json")
    return dumped


def _operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for item in described["paths"].values() for operation in item.values()]


def _ours(responses: dict[str, Any]) -> dict[str, Any]:
    """By status, without what Powertools adds of its own where a route declares nothing: its answers are problems."""
    return {
        status: response
        for status, response in sorted(responses.items())
        if not any(f"/{own}" in json.dumps(response) for own in _POWERTOOLS_OWN)
    }


def _show_request(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Puts the model's example beside the body, where tools look for it."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is not None:
        model = schemas[content["schema"]["$ref"].rpartition("/")[2]]
        content["examples"] = {"example": {"value": model["examples"][0]}}


def _creating(described: dict[str, Any]) -> list[tuple[str, str]]:
    """The POSTs with a token that make something."""
    posts = [route.path for _, route in ROUTES if route.method == "POST" and route.auth is Auth.JWT]
    return [(path, "post") for path in posts if {"201", "202"} & described["paths"][path]["post"]["responses"].keys()]


@cache
def page() -> str:
    """Swagger UI over `/v1/openapi.json`, all of it in one document: it loads nothing from anywhere else."""
    files = Path(swagger_ui.__file__).parent
    return _PAGE.format(
        title=TITLE,
        style=(files / "swagger-ui.min.css").read_text(encoding="utf-8"),
        script=(files / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
    )


CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page works inside these bounds: nothing is fetched but from the API's own address."""

# validatorUrl: null, because Swagger UI otherwise shows the description to an outside service.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="description"></div>
<script>{script}</script>
<script>
SwaggerUIBundle({{
  url: "/v1/openapi.json",
  dom_id: "#description",
  deepLinking: true,
  filter: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
}})
</script>
</body>
</html>
"""
