"""API Gateway for tests: an HTTP request becomes a payload 2.0 event for the function that the topology names."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.ports import Ports
from engage_sms.topology import ROUTES, Auth, Route
from infra.local.events import Request, http_event, rendered_claims
from tests.world import OPEN, ORG


class Context(LambdaContext):
    """A Lambda context with time to spare."""

    log_stream_name = "worker"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 900_000


class Hurried(Context):
    """One whose time is over."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 0


@dataclass(frozen=True)
class Reply:
    """The function's answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def slug(self) -> str:
        """Of a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.json["status"] == self.status
        return str(self.json["type"]).rpartition("/")[2]


@dataclass(frozen=True)
class Gateway:
    """Calls as one user of one organization, unless told otherwise."""

    ports: Ports | None
    user_id: str = "u-1"
    org_id: str = ORG
    roles: Any = field(default_factory=lambda: ["user"])

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: object = None, **headers: str) -> Reply:
        return self.call("POST", path, body, headers=headers)

    def put(self, path: str, body: object) -> Reply:
        return self.call("PUT", path, body)

    def patch(self, path: str, body: object) -> Reply:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Reply:
        return self.call("DELETE", path)

    def call(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> Reply:
        """`body` is sent as JSON, bytes as they are; header names are written with underscores."""
        parts = urlsplit(url)
        function, route = route_to(method, parts.path)
        event = self.event(method, url, body, headers=headers, claims=claims, route=route)
        answer = import_module(f"functions.{function}.handler").handler(event, Context(), self.ports)
        return reply_of(answer)

    def event(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        claims: Mapping[str, Any] | None = None,
        route: Route | None = None,
    ) -> dict[str, Any]:
        parts = urlsplit(url)
        sent = {name.lower().replace("_", "-"): value for name, value in (headers or {}).items()}
        if body is not None:
            sent.setdefault("content-type", "application/json")
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        request = Request(method=method, path=parts.path, query=parts.query, headers=list(sent.items()), body=content)
        needs_token = route is None or route.auth is Auth.JWT
        given = claims if claims is not None else {"sub": self.user_id, "org_id": self.org_id, "roles": self.roles}
        return http_event(
            request,
            route_key=f"{method} {route.path}" if route else "$default",
            path_parameters={},
            claims=rendered_claims(given) if needs_token else None,
            request_id="r-1",
            now=OPEN,
        )


def route_to(method: str, path: str) -> tuple[str, Route | None]:
    """The function and route that the topology names; a path that is no route goes to the console."""
    for function, route in sorted(ROUTES, key=lambda pair: pair[1].path.count("{")):
        if route.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path):
            return function.name, route
    return "console", None


def reply_of(answer: Mapping[str, Any]) -> Reply:
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    headers |= {name.lower(): values[0] for name, values in answer.get("multiValueHeaders", {}).items()}
    body = answer.get("body") or ""
    text = base64.b64decode(body).decode() if answer.get("isBase64Encoded") else body
    return Reply(status=answer["statusCode"], headers=headers, text=text)
