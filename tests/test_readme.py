"""README tells the truth: every table, command, link and answer on it is checked."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from tests.readme import (
    PAGES,
    README,
    ROOT,
    alarm_rows,
    api_rows,
    command_rows,
    context_rows,
    cost_rows,
    environment_rows,
    fits,
    function_rows,
    metric_rows,
    preparation,
    setting_rows,
    walk,
)


@pytest.mark.parametrize(
    "rows",
    [
        function_rows,
        api_rows,
        setting_rows,
        environment_rows,
        context_rows,
        metric_rows,
        alarm_rows,
        command_rows,
        cost_rows,
    ],
)
def test_the_tables_say_what_the_code_says(rows: Callable[[], list[str]]) -> None:
    """Every row that the code means stands in README, in the code's order and with nothing in between."""
    table = "\n".join(rows())

    assert f"\n{table}\n\n" in README


HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def test_every_make_target_exists() -> None:
    """A command that README names is a target of the Makefile."""
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named <= targets
    assert {"run", "test", "check", "synth", "deploy", "bench"} <= named


def test_every_linked_file_exists_and_has_the_function_it_is_linked_for() -> None:
    """The path of one message leads to real code."""
    for page, text in PAGES.items():
        for path, name in re.findall(r"\]\(([^)#h][^)#]*)(?:#[^)]*)?\)(?: `(\w+)`)?", text):
            source = page.parent / path

            assert source.exists(), path
            assert not name or re.search(rf"^(def|class) {name}\b", source.read_text(), re.MULTILINE), name


def test_every_linked_chapter_exists() -> None:
    """A link to a part of a page leads to one of its headings."""
    for page, text in PAGES.items():
        for path, anchor in re.findall(r"\]\(([^)#h]*)#([^)]*)\)", text):
            linked = PAGES[(page.parent / path).resolve() if path else page]
            anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(linked)}

            assert anchor in anchors


def test_every_named_test_exists() -> None:
    """Proofs are files, not intentions."""
    missing = [path for path in re.findall(r"`(tests/[\w/.]+)`", README) if not (ROOT / path).exists()]

    assert missing == []


@pytest.fixture
def running() -> Iterator[str]:
    """An empty system on a Wednesday at 10:00 in Chicago, as README starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "infra.local",
        "local",
        "--empty",
        "--at",
        "2026-07-15T15:00:00Z",
        "--port",
        str(port),
    ]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/core/python'}"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(f"{base}/healthz", process)
            yield base
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until it answers; a system that never does is ended by the retry's bound."""
    for _ in range(600):
        assert process.poll() is None, "the system ended before it answered"
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310  (loopback)
                return
        except OSError:
            subprocess.run(["sleep", "0.05"], check=True)
    raise AssertionError("the system did not answer")


@pytest.mark.enable_socket
def test_the_walk_goes_as_shown(running: str) -> None:
    """Each command of the walk, in a shell against the running system, answers what README shows."""
    bash = shutil.which("bash")
    assert bash is not None
    steps = walk()
    mark = "----- next -----"
    script = preparation().replace("http://localhost:8000", running)
    script += "".join(f"\necho '{mark}'\n{step.command}\n" for step in steps)
    run = subprocess.run([bash, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    answers = run.stdout.split(mark)[1:]
    wrong = [
        f"$ {step.command}\nshown {json.dumps(step.shown)}\nreal  {answer.strip()}"
        for step, answer in zip(steps, answers, strict=True)
        if step.shown is not None and not fits(step.shown, json.loads(answer))
    ]

    assert wrong == [], "\n\n".join(wrong) + run.stderr
