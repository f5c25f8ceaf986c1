"""The stack as it is synthesized, deployed to the emulator: once as it is, once where IAM is enforced."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import app
from tests.contracts import ministack
from tests.emulator.emulated import Emulated, emulated
from tests.emulator.steps import Steps

ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
MEMORY = Path("/dev/shm")  # noqa: S108  the machine's own file system in memory
_runs: list[Steps] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was done, and how long it took."""
    for run in _runs:
        terminalreporter.section(run.title)
        for line in run.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def synthesize(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, str]], Path]:
    """Writes the CDK's output for a context, with Python and processor as the emulator has them. The last one stays."""
    for missing, reason in (
        (not ministack.is_installed(), "Not run: .venv-ministack is missing; `make deploy-local-aws` makes it."),
        (shutil.which("node") is None, f"Not run: {app.NO_NODE}"),
    ):
        if missing and os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        if missing:
            pytest.skip(reason)
    asked = [str(ministack.PYTHON), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    python = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    machine = {"python": python, "architecture": ARCHITECTURES[platform.machine()]}
    out = tmp_path_factory.mktemp("cdk.out")

    def synthesized(context: Mapping[str, str]) -> Path:
        app.application(str(out), {**machine, **context}).synth()
        return out

    return synthesized


@pytest.fixture(scope="session")
def system(
    request: pytest.FixtureRequest, synthesize: Callable[[Mapping[str, str]], Path]
) -> Iterator[tuple[Emulated, Steps]]:
    """The deployed system and the table of its steps; the parameter says whether IAM is enforced."""
    enforces = request.param == "enforcing"
    steps = Steps("With IAM enforced" if enforces else "As deployed")
    _runs.append(steps)
    # In memory where the machine has it: each process of a function unpacks both layers.
    home = tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
    with home as directory, emulated(Path(directory), synthesize, steps, enforces=enforces) as deployed:
        yield deployed, steps
