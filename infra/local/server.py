"""The front door: one WSGI application for the product's API and for `/local/*`, and the server that serves it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response as HttpResponse

from infra.local.events import Answer, Request
from infra.local.gateway import LARGEST_BODY, Gateway
from infra.local.local_api import LocalApi

HOST = "127.0.0.1"
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def make_application(gateway: Gateway, local_api: LocalApi) -> Application:
    """WSGI for the whole system: what begins with `/local/` is local, all else goes through the gateway."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = _request(HttpRequest(environ))
        handle = local_api.handle if request.path.startswith("/local/") else gateway.handle
        return _response(handle(request))(environ, start_response)

    return application


def _request(http: HttpRequest) -> Request:
    # one byte more than is allowed shows that there is too much
    body = http.stream.read(LARGEST_BODY + 1)
    return Request(
        method=http.method,
        path=http.path,
        query=http.query_string.decode("latin-1"),
        headers=[(name.lower(), value) for name, value in http.headers.items()],
        body=body,
        source_ip=http.remote_addr or HOST,
    )


def _response(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    if answer.status not in (204, 304):
        response.headers["content-length"] = str(len(answer.body))
    return response


class PortTaken(Exception):
    """Nothing can listen on the port; the text says why."""


def listen(port: int) -> socket.socket:
    """A socket that listens on the loopback address; 0 takes any free port. Raises PortTaken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as refusal:
        listener.close()
        raise PortTaken(f"Port {port} cannot be used ({refusal.strerror}): choose another with --port.") from refusal
    return listener


class Server:
    """Serves an application on a listening socket, each request in a thread, between `start` and `stop`."""

    def __init__(self, application: Application, listener: socket.socket) -> None:
        port = listener.getsockname()[1]
        self._server = make_server(HOST, port, application, threaded=True, request_handler=_Quiet, fd=listener.fileno())
        self._thread = threading.Thread(target=self._server.serve_forever, name="http", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Quiet(WSGIRequestHandler):
    """Writes no log of its own: its lines have paths, and paths have phone numbers."""

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:
        """An application that raises ConnectionError gives no answer; the connection must not stay open for one."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
