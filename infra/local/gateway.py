"""API Gateway's HTTP API on this machine: routes, tokens, limits; the topology says which function answers what."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from time import perf_counter
from typing import Any
from uuid import uuid4

from engage_sms import topology
from infra.local.clock import LocalClock
from infra.local.events import Answer, MalformedAnswer, Request, http_answer, http_event, rendered_claims
from infra.local.functions import FunctionFailed, Functions
from infra.local.tokens import Tokens, Unauthorized

LARGEST_BODY = 10 * 1024 * 1024
"""Bytes (docs.aws.amazon.com/apigateway, quotas of HTTP APIs)."""
access_log = logging.getLogger("engage_sms.local.access")
errors = logging.getLogger("engage_sms.local.errors")


class Gateway:
    """Answers a request by the function of its route."""

    def __init__(self, functions: Functions, tokens: Tokens, clock: LocalClock) -> None:
        self._functions = functions
        self._tokens = tokens
        self._clock = clock

    def handle(self, request: Request) -> Answer:
        """The answer; one line in the access log says which route it was, never which path."""
        started = perf_counter()
        request_id = str(uuid4())
        found = find_route(request.method, request.path)
        route_key = f"{found[1].method} {found[1].path}" if found else "-"
        answer = self._answer(request, found, route_key, request_id)
        line = {
            "request_id": request_id,
            "route": route_key,
            "status": answer.status,
            "latency_ms": round((perf_counter() - started) * 1000),
            "bytes": len(answer.body),
        }
        access_log.info(json.dumps(line))
        return Answer(answer.status, [*answer.headers, ("apigw-requestid", request_id)], answer.body)

    def _answer(self, request: Request, found: Found | None, route_key: str, request_id: str) -> Answer:
        if len(request.body) > LARGEST_BODY:
            return _refusal(413, "Request Entity Too Large")
        if found is None:
            return _refusal(404, "Not Found")
        function, route, path_parameters = found
        claims = None
        if route.auth is topology.Auth.JWT:
            try:
                claims = rendered_claims(self._tokens.verified(request.header("authorization")))
            except Unauthorized as wrong:
                return _unauthorized(request, str(wrong))
        event = http_event(
            request,
            route_key=route_key,
            path_parameters=path_parameters,
            claims=claims,
            request_id=request_id,
            now=self._clock.now(),
        )
        try:
            return http_answer(self._functions.invoke(function.name, event))
        except (FunctionFailed, MalformedAnswer) as failure:
            errors.error("%s, request %s: %s", route_key, request_id, failure)
            return _refusal(500, "Internal Server Error")


Found = tuple[topology.Function, topology.Route, Mapping[str, str]]


def find_route(method: str, path: str) -> Found | None:
    """The function, route and path parameters of a request; a fixed segment goes before a parameter."""
    segments = path.split("/")
    matches = [
        (function, route, parameters)
        for function, route in topology.ROUTES
        if route.method == method and (parameters := _match(route.path.split("/"), segments)) is not None
    ]
    return min(matches, key=lambda match: len(match[2]), default=None)


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    parameters: dict[str, str] = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{") and segment:
            parameters[expected.strip("{}")] = segment
        elif expected != segment:
            return None
    return parameters


def _refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    body: dict[str, Any] = {"message": message}
    named = {"content-type": "application/json", **(headers or {})}
    return Answer(status, list(named.items()), json.dumps(body, separators=(",", ":")).encode())


def _unauthorized(request: Request, why: str) -> Answer:
    """Says no more in the body than API Gateway does; the header says what is wrong with a token that was sent."""
    challenge = "Bearer"
    if request.header("authorization"):
        described = why.replace("\\", "").replace('"', "'")
        challenge = f'Bearer scope="" error="invalid_token" error_description="{described}"'
    return _refusal(401, "Unauthorized", {"www-authenticate": challenge})
