"""What the functions reach outside of AWS: an HTTPS proxy on loopback that answers for Twilio, and lets nothing out.

The functions know nothing of it. Twilio's own client in them honours HTTPS_PROXY and REQUESTS_CA_BUNDLE, as everything
that uses `requests` does; so the real client speaks TLS to `api.twilio.com`, and the fake Twilio answers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from infra.local.events import Answer, Request
from infra.local.tokens import Tokens
from infra.local.twilio import front
from infra.local.twilio.fake import FakeTwilio
from infra.local.twilio.requests import API, MESSAGING
from tests.emulator.authority import Authority

LOOPBACK = "127.0.0.1"
ISSUER = "login.example.com"
Site = Callable[[Request], Answer]


def twilio_sites(twilio: FakeTwilio) -> dict[str, Site]:
    """Twilio's two hosts; requests come with the host as the first part of their path."""
    return {host: lambda request: front.serve(twilio, request, below="/") for host in (API, MESSAGING)}


def issuer_site(tokens: Tokens) -> dict[str, Site]:
    """The keys of an identity provider, where OpenID Connect says to look for them."""
    documents = {
        f"/{ISSUER}/.well-known/openid-configuration": {"jwks_uri": f"https://{ISSUER}/keys"},
        f"/{ISSUER}/keys": tokens.key_set(),
    }

    def answer(request: Request) -> Answer:
        found = documents.get(request.path)
        return Answer(200 if found else 404, [("content-type", "application/json")], json.dumps(found).encode())

    return {ISSUER: answer}


class Outside(ThreadingHTTPServer):
    """The proxy, with everything behind it."""

    daemon_threads = True

    def __init__(self, sites: Mapping[str, Site], authority: Authority) -> None:
        super().__init__((LOOPBACK, 0), _Connection)
        self.sites = sites
        self.tls = authority.certificate("outside", *sites).server_context()
        self.refused: list[str] = []
        """Hosts that somebody asked for and nobody answers for here."""
        self.environment = {
            "HTTPS_PROXY": f"http://{LOOPBACK}:{self.server_port}",
            "NO_PROXY": f"{LOOPBACK},localhost",
            "REQUESTS_CA_BUNDLE": str(authority.bundle),
            "SSL_CERT_FILE": str(authority.bundle),
        }
        """What makes another process go through here."""

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that goes away is no error here; one in a site shows in what the peer did not get."""


class _Connection(BaseHTTPRequestHandler):
    """CONNECT first, then TLS and requests to that host over the same connection."""

    protocol_version = "HTTP/1.1"
    server: Outside
    _host = ""

    def do_CONNECT(self) -> None:
        self._host = self.path.rpartition(":")[0]
        if self._host not in self.server.sites:
            self.server.refused.append(self._host)
            self.send_error(403)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        request = Request(
            method=self.command, path=f"/{self._host}{unquote(path)}", query=query, headers=headers, body=body
        )
        try:
            answer = self.server.sites[self._host](request)
        except front.NoAnswer:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in [*answer.headers, ("content-length", str(len(answer.body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_DELETE = do_GET  # noqa: N815  the names are the base class's

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes the plain one that TLS took the place of

    def log_message(self, *_: object) -> None:
        """Paths have phone numbers."""


@contextmanager
def running(sites: Mapping[str, Site], authority: Authority) -> Iterator[Outside]:
    """The proxy on a free port of loopback."""
    outside = Outside(sites, authority)
    thread = threading.Thread(target=outside.serve_forever, name="outside", daemon=True)
    thread.start()
    try:
        yield outside
    finally:
        outside.shutdown()
        thread.join()
        outside.server_close()
