"""The third-party layer's files, installed from pinned wheels for Lambda's Python and processor. Never with Docker."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from engage_sms import topology
from infra.aws.deployment import Target

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
GLIBC = ("manylinux2014", "manylinux_2_28")
"""What python3.12 and later run on (Amazon Linux 2023, glibc 2.34) accepts; pip takes each tag literally."""
LANDS_IN = "/opt/python"
"""Where Lambda unpacks a layer's `python`: what tracebacks say of its files."""


class WheelsNotInstalled(Exception):
    """The layer could not be made; the text says what to do."""


def made_for(target: Target) -> list[str]:
    """What the layer's files are for. Part of its hash: another target, or byte code or none, is another layer."""
    platforms = [f"{glibc}_{MACHINES[target.architecture]}" for glibc in GLIBC]
    return [target.python, *platforms, "compiled" if interpreter(target.python) else "not compiled"]


def interpreter(version: str) -> str | None:
    """A Python of this minor version on this machine: the running one, else one on the path; None when there is none.

    Only the same minor version can make byte code that Lambda's reads.
    """
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    chosen, kept = (
        shutil.which(f"python{version}"),
        Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"),
    )
    for found in filter(None, [chosen, *map(str, kept)]):
        # Version managers leave a file of that name for versions that are not chosen: it is there and does not run.
        if subprocess.run([found, "-V"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return found
    return None


def command(target: Target, requirements: Path, directory: Path, *, uv: str | None) -> list[str]:
    """Installs `requirements` into `directory`: with the `uv` of that path, or with this interpreter's pip.

    Both take only wheels whose hashes are pinned, and leave no byte code: they would make it of the running Python.
    """
    machine = MACHINES[target.architecture]
    shared = [
        "--quiet",
        "--target",
        str(directory),
        "--python-version",
        target.python,
        "--require-hashes",
        "--no-deps",
    ]
    files = ["--requirement", str(requirements)]
    if uv:
        platform = f"{machine}-{GLIBC[-1]}"
        flags = ["--python-platform", platform, "--only-binary", ":all:", "--no-compile-bytecode"]
        return [uv, "pip", "install", *shared, *flags, *files]
    platforms = [word for glibc in GLIBC for word in ("--platform", f"{glibc}_{machine}")]
    flags = ["--implementation", "cp", *platforms, "--only-binary=:all:", "--no-compile", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "install", *shared, *flags, *files]


def compilation(python: str, directory: Path, *, lands_in: str = LANDS_IN) -> list[str]:
    """Compiles everything in `directory`, which Lambda has in `lands_in`, with that Python.

    Never checked against the sources again: the times of files in a layer are not those they were compiled at, and
    every cold start would throw the byte code away.
    """
    flags = ["--invalidation-mode", "unchecked-hash", "-s", str(directory), "-p", lands_in]
    return [python, "-m", "compileall", "-q", *flags, str(directory)]


def install(target: Target, requirements: Path, directory: Path) -> None:
    """Fills `directory`, drops what a layer has no use for, and compiles the rest. Raises WheelsNotInstalled."""
    uv = shutil.which("uv")
    if not uv and importlib.util.find_spec("pip") is None:
        raise WheelsNotInstalled("Neither uv nor pip is here: install uv, or make the virtual environment with pip.")
    _run(command(target, requirements, directory, uv=uv), f"{'uv' if uv else 'pip'} could not install {requirements}")
    for leftover in (
        directory / "bin",
        directory / ".lock",
        *directory.rglob("__pycache__"),
        *directory.glob("*/tests"),
        *_other_services(directory),
    ):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)
    compile_for(target, directory)
    if interpreter(target.python) is None:
        sys.stderr.write(
            f"There is no python{target.python} here to compile the layers with: functions will compile them at each "
            "cold start, which makes them slower.\n"
        )


def compile_for(target: Target, directory: Path, *, lands_in: str = LANDS_IN) -> None:
    """Puts byte code beside the sources where this machine has the target's Python. Raises WheelsNotInstalled."""
    python = interpreter(target.python)
    if python:
        _run(compilation(python, directory, lands_in=lands_in), f"python{target.python} could not compile {directory}")


def _other_services(directory: Path) -> list[Path]:
    """What botocore knows of the services that nobody calls: nine tenths of it, and looked through at each start."""
    called = {service for function in topology.FUNCTIONS for service in function.services}
    return [path for path in directory.glob("botocore/data/*/") if path.name not in called]


def _run(words: list[str], otherwise: str) -> None:
    """Raises WheelsNotInstalled that begins with `otherwise` and ends with what the command said."""
    # Sets in byte code are in the order of their hashes: without a seed no two layers would be the same.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        raise WheelsNotInstalled(f"{otherwise}:\n{(ran.stderr or ran.stdout).strip()}")
