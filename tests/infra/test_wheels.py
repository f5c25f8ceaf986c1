"""The vendor layer's files come from pinned wheels for Lambda, by uv or pip, never by Docker."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from engage_sms import topology
from infra.aws import wheels

ROOT = Path(__file__).parents[2]
REQUIREMENTS, DIRECTORY = Path("requirements.txt"), Path("python")


def test_pip_is_asked_for_hashed_wheels_of_lambda_s_python_and_processor() -> None:
    """Without every one of these flags pip would install for this machine, and fail only in Lambda."""
    command = wheels.command(REQUIREMENTS, DIRECTORY, uv=None)

    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert " ".join(command).count("--platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64") == 1
    assert {"--only-binary=:all:", "--require-hashes", "--no-deps", "--no-compile"} <= set(command)
    assert command[command.index("--python-version") + 1] == topology.PYTHON
    assert command[-1] == "requirements.txt"


def test_uv_is_asked_for_the_same() -> None:
    """Which of the two is installed makes no difference to the layer."""
    command = wheels.command(REQUIREMENTS, DIRECTORY, uv="/usr/bin/uv")

    assert command[:3] == ["/usr/bin/uv", "pip", "install"]
    assert "--python-platform aarch64-manylinux_2_28 --only-binary :all:" in " ".join(command)
    assert {"--require-hashes", "--no-deps", "--no-compile-bytecode"} <= set(command)
    assert command[command.index("--python-version") + 1] == topology.PYTHON


def test_what_a_layer_has_no_use_for_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts, locks, byte code of another Python and packages' own tests stay out of the layer."""

    def installs(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        for path in ("bin/jwt", ".lock", "six.py", "yarl/__init__.py", "yarl/__pycache__/x.pyc", "jmespath/tests/x.py"):
            tmp_path.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
            tmp_path.joinpath(path).touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", installs)
    wheels.install(REQUIREMENTS, tmp_path)

    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"six.py", "yarl/__init__.py"}


def test_a_failed_installation_says_what_the_installer_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The synth stops there: CDK is never left to look for Docker."""

    def fails(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "No matching distribution found for yarl\n")

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(wheels.WheelsNotInstalled) as failed:
        wheels.install(REQUIREMENTS, tmp_path)

    assert "No matching distribution found for yarl" in str(failed.value)


def test_without_any_installer_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing tool is named before anything is tried."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(wheels.WheelsNotInstalled) as refused:
        wheels.install(REQUIREMENTS, tmp_path)

    assert "install uv" in str(refused.value)


def test_every_runtime_requirement_is_pinned_with_hashes() -> None:
    """The layer is the same wherever and whenever it is made."""
    text = (ROOT / "layers/vendor/requirements.txt").read_text()
    entries = re.split(r"\n(?=[a-zA-Z])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip())

    assert len(entries) > 10
    assert [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
