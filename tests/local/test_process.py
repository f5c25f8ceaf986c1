"""The system as a process of its own: how it starts, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.command import main
from infra.local.server import listen
from tests.local.caller import Caller, over_http

ROOT = Path(__file__).parents[2]
BOUND = 60
"""Seconds; far more than it takes, so that only a hang fails here. The budget is measured in the benchmarks."""

Start = Callable[..., tuple["subprocess.Popen[str]", Caller, str]]


@pytest.fixture
def process() -> Iterator[Start]:
    """Starts `engage-sms local` on a free port and waits for its banner."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], Caller, str]:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/core/python'}"}
        started = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "local", "--port", "0", *arguments],
            cwd=ROOT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running.append(started)
        assert started.stdout is not None
        banner = started.stdout.readline() + started.stdout.readline()
        port = re.search(r"http://localhost:(\d+)", banner)
        assert port, started.communicate(timeout=BOUND)[1]
        return started, Caller(over_http(int(port[1]))), banner

    yield start
    for one in running:
        one.kill()
        one.communicate(timeout=BOUND)


def test_it_starts_with_the_demonstration_runs_by_itself_and_stops_at_once(process: Start) -> None:
    """Healthy when its banner is out; a message is delivered in real time; SIGTERM ends it with 0 and no traceback."""
    started, caller, banner = process()
    user = caller.signed_in("u-001", "demo", "user")
    sent = user.post("/v1/conversations/c-001/messages", {"body": "Hello from the demonstration"})
    status = ""
    while status != "delivered":  # ends by itself: Twilio settles a message after a second
        status = user.get(f"/v1/conversations/c-001/messages/{sent.json['id']}").json["status"]
    healthy = caller.get("/healthz")
    started.send_signal(signal.SIGTERM)
    _, errors = started.communicate(timeout=BOUND)

    assert (healthy.status, healthy.json) == (200, {"status": "ok"})
    assert "/local/token -d" in banner
    assert started.returncode == 0
    assert "Traceback" not in errors


def test_it_starts_its_clock_where_it_is_told_to_and_stops_on_ctrl_c(process: Start) -> None:
    """Empty, at the instant; Ctrl-C ends it with 130 and no traceback."""
    started, caller, _ = process("--empty", "--at", "2026-07-15T10:00:00-05:00")
    now = caller.get("/local/clock").json["now"]
    accounts = caller.get("/local/twilio/accounts").json["items"]
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=BOUND)

    assert now.startswith("2026-07-15T15:0")
    assert len(accounts) == 1
    assert started.returncode == 130
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required: COMMAND"),
        (["elsewhere"], "invalid choice"),
        (["local", "--port", "x"], '"x" is not a port'),
        (["local", "--port", "70000"], "from 0 to 65535"),
        (["local", "--at", "tomorrow"], "is not a time with its zone"),
        (["local", "--at", "2026-07-15T15:00:00"], "is not a time with its zone"),
        (["local", "--fast"], "--fast"),
    ],
)
def test_wrong_arguments_are_answered_in_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    """On standard error, with exit code 2."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    said = capsys.readouterr().err

    assert end.value.code == 2
    assert says in said
    assert said.count("\n") == 1


def test_a_port_in_use_is_answered_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """It says which port and what to do, with exit code 1."""
    with listen(0) as other, pytest.raises(SystemExit) as end:
        main(["local", "--port", str(other.getsockname()[1])])
    said = capsys.readouterr().err

    assert end.value.code == 1
    assert "choose another with --port" in said
    assert said.count("\n") == 1
