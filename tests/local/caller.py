"""Talks to the local system as its users do: over WSGI in the same thread, or over a real connection."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.test import Client

from infra.local.server import HOST, Application

Transport = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]


def over_wsgi(application: Application) -> Transport:
    """Calls the application in the caller's thread."""

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        response = Client(application).open(path, method=method, headers=dict(headers), data=body)
        return response.status_code, _lower(response.headers.items()), response.get_data()

    return send


def over_http(port: int) -> Transport:
    """Makes a connection for each request."""

    def send(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection(HOST, port, timeout=60)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return response.status, _lower(response.getheaders()), response.read()
        finally:
            connection.close()

    return send


def _lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Caller:
    """Somebody who calls; `token` is empty for nobody in particular."""

    send: Transport
    token: str = ""

    def signed_in(self, user_id: str, org_id: str, *roles: str) -> Caller:
        """The same with a token of `/local/token`."""
        reply = self.post("/local/token", {"user_id": user_id, "org_id": org_id, "roles": list(roles)})
        assert reply.status == 200, reply.text
        return replace(self, token=reply.json["token"])

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: object = None, **headers: str) -> Reply:
        return self.call("POST", path, body, headers=headers)

    def put(self, path: str, body: object) -> Reply:
        return self.call("PUT", path, body)

    def call(self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> Reply:
        """`body` goes as JSON, bytes as they are."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {"content-type": "application/json", **(headers or {})}
        if self.token:
            named.setdefault("authorization", f"Bearer {self.token}")
        status, received, content = self.send(method, path, named, data)
        return Reply(status, received, content.decode())

    # --- shorthand of the local endpoints ---

    def settle(self) -> None:
        assert self.post("/local/settle").status == 200

    def go_to(self, instant: str) -> None:
        reply = self.post("/local/clock", {"now": instant})
        assert reply.status == 200, reply.text

    def text(self, phone: str, number: str, body: str) -> None:
        """The phone texts the number, and everything that follows happens."""
        reply = self.post(f"/local/phones/{phone}/messages", {"to": number, "body": body})
        assert reply.status == 201, reply.text
        self.settle()

    def received_by(self, phone: str) -> list[str]:
        """The texts that the phone got, oldest first."""
        return [text["body"] for text in self.get(f"/local/phones/{phone}/messages").json["items"]]
