"""Who needs Node and the CDK, and who must not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import app
from infra.aws import wheels

ROOT = Path(__file__).parents[2]
IMPORT_ALL = """
import importlib, pkgutil, sys
import infra, infra.local
for module in pkgutil.walk_packages(infra.local.__path__, "infra.local."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
sys.exit("aws_cdk" in sys.modules or "jsii" in sys.modules)
"""


def test_without_node_the_entry_says_so_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing tool gets an instruction, not a traceback."""
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(SystemExit) as stopped:
        app.main([])

    assert stopped.value.code == app.NO_NODE


def test_a_wrong_stage_gets_one_sentence(synthesize: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mistake on the command line makes no template and no traceback."""
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))

    with pytest.raises(SystemExit) as stopped:
        app.main(["-c", "stage=staging"])

    assert stopped.value.code == 'There is no stage "staging": pass -c stage= one of dev, prod.'
    assert list(tmp_path.glob("*.template.json")) == []


def test_wheels_that_cannot_be_installed_stop_the_synth_with_their_reason(
    synthesize: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The installer's words come out, not CDK's; and CDK does not go on to Docker."""
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))

    def refuses(target: object, requirements: Path, directory: Path) -> None:
        raise wheels.WheelsNotInstalled("pip could not install yarl.")

    monkeypatch.setattr(wheels, "install", refuses)

    with pytest.raises(SystemExit) as stopped:
        app.main([])

    assert stopped.value.code == "pip could not install yarl."


def test_the_system_on_this_machine_never_loads_the_cdk() -> None:
    """`make run` starts without Node and without the second that the CDK takes to load."""
    path = os.pathsep.join([str(ROOT / "layers/core/python"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    ran = subprocess.run([sys.executable, "-c", IMPORT_ALL], env=environment, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr
