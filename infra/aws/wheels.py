"""The third-party layer's files, installed from pinned wheels for Lambda's Python and processor. Never with Docker."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from engage_sms import topology

MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}[topology.ARCHITECTURE]
GLIBC = ("manylinux2014", "manylinux_2_28")
"""What python3.12 and later run on (Amazon Linux 2023, glibc 2.34) accepts; pip takes each tag literally."""


class WheelsNotInstalled(Exception):
    """The layer could not be made; the text says what to do."""


def target() -> list[str]:
    """What the wheels are for. Part of the layer's hash: another target is another layer."""
    return [topology.PYTHON, *(f"{glibc}_{MACHINE}" for glibc in GLIBC)]


def command(requirements: Path, directory: Path, *, uv: str | None) -> list[str]:
    """Installs `requirements` into `directory`: with the `uv` of that path, or with this interpreter's pip.

    Both take only wheels whose hashes are pinned, and leave no byte code: this Python's is not Lambda's.
    """
    shared = [
        "--quiet",
        "--target",
        str(directory),
        "--python-version",
        topology.PYTHON,
        "--require-hashes",
        "--no-deps",
    ]
    files = ["--requirement", str(requirements)]
    if uv:
        platform = f"{MACHINE}-{GLIBC[-1]}"
        flags = ["--python-platform", platform, "--only-binary", ":all:", "--no-compile-bytecode"]
        return [uv, "pip", "install", *shared, *flags, *files]
    platforms = [word for glibc in GLIBC for word in ("--platform", f"{glibc}_{MACHINE}")]
    flags = ["--implementation", "cp", *platforms, "--only-binary=:all:", "--no-compile", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "install", *shared, *flags, *files]


def install(requirements: Path, directory: Path) -> None:
    """Fills `directory`, then drops what a layer has no use for. Raises WheelsNotInstalled."""
    uv = shutil.which("uv")
    if not uv and importlib.util.find_spec("pip") is None:
        raise WheelsNotInstalled("Neither uv nor pip is here: install uv, or make the virtual environment with pip.")
    ran = subprocess.run(command(requirements, directory, uv=uv), capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip()
        raise WheelsNotInstalled(f"{'uv' if uv else 'pip'} could not install {requirements}:\n{said}")
    for leftover in (
        directory / "bin",
        directory / ".lock",
        *directory.rglob("__pycache__"),
        *directory.glob("*/tests"),
    ):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)
