"""Lambda's Runtime API on loopback, as much of it as one process needs: the true `awslambdaric` is started against it.

    spawn ─► imports, handler's module ─► GET …/invocation/next ─► event ─► POST …/response ─► GET …/next ─► …
      └────────────── INIT ──────────────┘                          └─── one invocation ───┘

docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SECONDS = 60.0
"""A process that says nothing for so long is given up."""


class Failed(Exception):
    """The process ended, or reported an error, where an answer was expected; the text has what it said."""


class _Api(ThreadingHTTPServer):
    """Hands out one event at a time, and keeps what comes back."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.reports: queue.SimpleQueue[tuple[str, bytes, float]] = queue.SimpleQueue()
        """What the process did: `next`, `response` or `error`, with the body, and when (perf_counter)."""


class _Requests(BaseHTTPRequestHandler):
    server: _Api
    protocol_version = "HTTP/1.1"
    # Small unbuffered writes would meet delayed acknowledgements: 88 ms for each call instead of 1.
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        self.server.reports.put(("next", b"", time.perf_counter()))
        event = self.server.events.get()
        if event is None:
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + SECONDS) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:measured",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
            "Content-Type": "application/json",
        }
        self._answer(200, event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.reports.put((self.path.rpartition("/")[2], body, time.perf_counter()))
        self._answer(202, b'{"status": "OK"}', {})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is http.server's
        """Nothing."""


class LambdaProcess:
    """One fresh process of a function. `init` is how long it took from its start until it asked for work, in seconds.

    `init_processor` is the processor time within it, which other programs on the machine disturb less; 0 where the
    system does not tell.
    """

    def __init__(self, python: Path, *, handler: str, directory: Path, environment: Mapping[str, str]) -> None:
        self._command = [str(python), "-m", "awslambdaric", handler]
        self._directory = directory
        self._environment = dict(environment)
        self._api = _Api()
        self.init = self.init_processor = 0.0

    def __enter__(self) -> Self:
        threading.Thread(target=self._api.serve_forever, daemon=True).start()
        host, port = self._api.server_address[:2]
        environment = self._environment | {"AWS_LAMBDA_RUNTIME_API": f"{host!s}:{port}"}
        started = time.perf_counter()
        self._process = subprocess.Popen(
            self._command, cwd=self._directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        threading.Thread(target=self._watch, daemon=True).start()
        try:
            self.init = self._report("next")[1] - started
        except Failed:
            self._stop()
            raise
        self.init_processor = _processor_time(self._process.pid)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def invoke(self, event: Mapping[str, Any]) -> tuple[Any, float]:
        """The function's answer, and the seconds from handing out the event until it came back. Raises Failed."""
        started = time.perf_counter()
        self._api.events.put(json.dumps(event).encode())
        body, answered = self._report("response")
        self._report("next")
        return json.loads(body), answered - started

    def _report(self, expected: str) -> tuple[bytes, float]:
        what, body, at = self._api.reports.get(timeout=SECONDS)
        if what != expected:
            raise Failed(f"{what} instead of {expected}: {body.decode(errors='replace')}")
        return body, at

    def _watch(self) -> None:
        """What the process prints; its end is a report too, or a process that dies early would be waited for."""
        assert self._process.stdout is not None
        said = self._process.stdout.read()
        self._api.reports.put(("end", said, time.perf_counter()))

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._api.events.put(None)
        self._api.shutdown()
        self._api.server_close()


def _processor_time(pid: int) -> float:
    """Seconds that the process's threads have run, as Linux counts them."""
    spent = 0
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9
