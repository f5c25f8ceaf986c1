"""The vendor layer's files come from pinned wheels for Lambda, by uv or pip, never by Docker."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from engage_sms import topology
from infra.aws import wheels
from infra.aws.deployment import Target

ROOT = Path(__file__).parents[2]
REQUIREMENTS, DIRECTORY = Path("requirements.txt"), Path("python")
LAMBDA = Target()
HERE = Target(python=f"{sys.version_info.major}.{sys.version_info.minor}", architecture="x86_64")
NOWHERE = Target(python="3.99")


def test_pip_is_asked_for_hashed_wheels_of_lambda_s_python_and_processor() -> None:
    """Without every one of these flags pip would install for this machine, and fail only in Lambda."""
    command = wheels.command(LAMBDA, REQUIREMENTS, DIRECTORY, uv=None)

    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert " ".join(command).count("--platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64") == 1
    assert {"--only-binary=:all:", "--require-hashes", "--no-deps", "--no-compile"} <= set(command)
    assert command[command.index("--python-version") + 1] == topology.PYTHON
    assert command[-1] == "requirements.txt"


def test_uv_is_asked_for_the_same() -> None:
    """Which of the two is installed makes no difference to the layer."""
    command = wheels.command(LAMBDA, REQUIREMENTS, DIRECTORY, uv="/usr/bin/uv")

    assert command[:3] == ["/usr/bin/uv", "pip", "install"]
    assert "--python-platform aarch64-manylinux_2_28 --only-binary :all:" in " ".join(command)
    assert {"--require-hashes", "--no-deps", "--no-compile-bytecode"} <= set(command)
    assert command[command.index("--python-version") + 1] == topology.PYTHON


def test_another_target_changes_python_and_processor_and_nothing_else() -> None:
    """What an emulator runs is what Lambda runs, but for what its machine is."""
    here = wheels.command(HERE, REQUIREMENTS, DIRECTORY, uv="/usr/bin/uv")
    there = wheels.command(LAMBDA, REQUIREMENTS, DIRECTORY, uv="/usr/bin/uv")
    differing = [pair for pair in zip(here, there, strict=True) if pair[0] != pair[1]]

    assert differing == [(HERE.python, LAMBDA.python), ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")]


def test_byte_code_is_made_where_the_machine_has_the_target_s_python(tmp_path: Path) -> None:
    """It is read as it is, wherever the layer lands and whatever the files' times are, and twice the same."""
    made = []
    for name in ("one", "two"):
        directory = tmp_path / name
        directory.mkdir()
        (directory / "module.py").write_text("NAMES = {'a', 'b', 'c'}\ndef f(x): return x in {'d', 'e', 'f'}\n")
        empty = tmp_path / f"{name}.txt"
        empty.touch()
        wheels.install(HERE, empty, directory)
        [compiled] = directory.rglob("*.pyc")
        made.append(compiled.read_bytes())

    assert made[0] == made[1]
    assert made[0][:4] == MAGIC_NUMBER
    assert int.from_bytes(made[0][4:8], "little") == 1, "hashed, and never checked against the source"
    assert str(tmp_path).encode() not in made[0]
    assert b"/opt/python/module.py" in made[0]


def test_without_the_target_s_python_the_layer_is_made_and_its_maker_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Byte code of another Python would only take up room; the difference is in the layer's hash."""
    monkeypatch.setattr(subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 0, "", ""))
    wheels.install(NOWHERE, REQUIREMENTS, tmp_path)

    assert "There is no python3.99 here" in capsys.readouterr().err
    assert wheels.made_for(NOWHERE)[-1] == "not compiled"
    assert wheels.made_for(HERE)[-1] == "compiled"


def test_a_python_that_a_version_manager_only_announces_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is on the path, and says that the version is not chosen."""
    monkeypatch.setattr("shutil.which", lambda name: f"/shims/{name}")
    monkeypatch.setattr(subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 127, "", ""))

    assert wheels.interpreter("3.99") is None


def test_what_a_layer_has_no_use_for_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts, locks, byte code of another Python, packages' own tests, and the AWS services that nobody calls."""
    kept = {
        "six.py",
        "yarl/__init__.py",
        "botocore/data/endpoints.json",
        "botocore/data/sqs/2012-11-05/service-2.json.gz",
    }
    dropped = {
        "bin/jwt",
        ".lock",
        "yarl/__pycache__/x.pyc",
        "jmespath/tests/x.py",
        "botocore/data/ec2/2016/service-2.json",
    }

    def installs(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        for path in (*kept, *dropped):
            tmp_path.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
            tmp_path.joinpath(path).touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", installs)
    wheels.install(NOWHERE, REQUIREMENTS, tmp_path)

    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == kept


def test_a_failed_installation_says_what_the_installer_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The synth stops there: CDK is never left to look for Docker."""

    def fails(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "No matching distribution found for yarl\n")

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(wheels.WheelsNotInstalled) as failed:
        wheels.install(NOWHERE, REQUIREMENTS, tmp_path)

    assert "No matching distribution found for yarl" in str(failed.value)


def test_without_any_installer_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing tool is named before anything is tried."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(wheels.WheelsNotInstalled) as refused:
        wheels.install(NOWHERE, REQUIREMENTS, tmp_path)

    assert "install uv" in str(refused.value)


def test_every_runtime_requirement_is_pinned_with_hashes() -> None:
    """The layer is the same wherever and whenever it is made."""
    text = (ROOT / "layers/vendor/requirements.txt").read_text()
    entries = re.split(r"\n(?=[a-zA-Z])", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).strip())

    assert len(entries) > 10
    assert [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
