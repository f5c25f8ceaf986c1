"""The API's own description, as a document and as a page, and its health. Needs no token."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler import Response

from engage_sms.edge.api import make_app

app = make_app()


def _shown(
    summary: str, description: str, content_type: str, schema: dict[str, Any], example: object
) -> dict[str, Any]:
    content = {content_type: {"schema": schema, "examples": {"example": {"value": example}}}}
    return {
        "tags": ["Description"],
        "summary": summary,
        "description": description,
        "responses": {200: {"description": "OK", "content": content}},
    }


@app.get(
    "/healthz",
    **_shown(
        "Health",
        "Answers while the API is up.",
        "application/json",
        {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]},
        {"status": "ok"},
    ),
)
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get(
    "/v1/openapi.json",
    **_shown(
        "This description",
        "OpenAPI 3.1, made from the routes themselves.",
        "application/json",
        {"type": "object"},
        {"openapi": "3.1.0", "info": {"title": "Engage SMS", "version": "0.1.0"}, "paths": {}},
    ),
)
def description() -> Response[dict[str, Any]]:
    from engage_sms.edge.openapi import document  # imports every route: not for the sake of a health check

    return Response(status_code=200, content_type="application/json", body=document())


@app.get(
    "/docs",
    **_shown(
        "This description, to read and try",
        "Swagger UI in one page that loads nothing from elsewhere.",
        "text/html",
        {"type": "string"},
        "<!DOCTYPE html>…",
    ),
)
def docs() -> Response[str]:
    from engage_sms.edge.openapi import CONTENT_SECURITY_POLICY, page

    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return Response(status_code=200, content_type="text/html; charset=utf-8", body=page(), headers=dict(headers))
