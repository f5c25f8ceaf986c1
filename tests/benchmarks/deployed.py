"""What the stack deploys, laid out on this machine: the layers, the functions, and Lambda's own runtime client.

Made below `build/` the way `infra/aws` makes the assets, byte code included; for Lambda's Python where this machine has
it, else for the running one.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engage_sms import topology
from engage_sms.config import Config
from infra.aws import wheels
from infra.aws.deployment import Target
from infra.aws.environment import environment

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "requirements.txt"
VENDOR = ROOT / "layers/vendor/requirements.txt"
ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
RUNTIME = ("awslambdaric", "boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "simplejson")
RUNTIME += ("six", "snapshot-restore-py", "urllib3")
"""What Lambda's Python brings along: its runtime client, and boto3, whole."""
BARE = """import boto3
client = boto3.client("dynamodb")
def handler(event, context): return {}
"""
"""What every function is compared with."""


@dataclass(frozen=True)
class Deployed:
    """`python` has the runtime client; `version` says of which Python it is."""

    version: str
    python: Path
    functions: Path
    layers: tuple[Path, Path]

    def directory(self, function: str) -> Path:
        """The function's folder, Lambda's /var/task."""
        return self.functions / function

    def handler(self, function: str) -> str:
        """Where its handler is, as the stack says it."""
        known = topology.FUNCTION.get(function)
        return "engage_sms.start.handler" if known and known.services else "handler.handler"

    def environment(self, function: str) -> Mapping[str, str]:
        """The variables of a function in Lambda: the stack's own, and Lambda's."""
        layers = self.layers if function in topology.FUNCTION else ()
        config = Config(
            stage="bench",
            state_table="state",
            idempotency_table="idempotency",
            people_queue_url="https://sqs.us-east-1.amazonaws.com/123456789012/people",
            automation_queue_url="https://sqs.us-east-1.amazonaws.com/123456789012/automation",
            jobs_queue_url="https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
            event_bus_name="bus",
            parameter_prefix="/engage-sms/bench",
            public_url="https://sms.example.com",
        )
        return {
            **environment(config),
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/07/15/[$LATEST]0123456789abcdef",
            "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_SESSION_TOKEN": "bench",
            "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
            "LAMBDA_TASK_ROOT": str(self.directory(function)),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": ":".join(map(str, (self.directory(function), *layers))),
            "PYTHONTZPATH": str(self.layers[1] / "tzdata/zoneinfo"),
            "TZ": ":UTC",
        }


def deploy() -> Deployed:
    """Installs what is missing, and copies our own code as it is now."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    version = topology.PYTHON if wheels.interpreter(topology.PYTHON) else running
    target = Target(python=version, architecture=ARCHITECTURES[platform.machine()])
    built = ROOT / "build/benchmarks" / f"{version}-{_digest(PINNED, VENDOR, Path(wheels.__file__))}"
    if not (built / "ready").exists():
        shutil.rmtree(built, ignore_errors=True)
        _install_runtime(version, built)
        wheels.install(target, VENDOR, built / "vendor")
        (built / "ready").touch()
    for name, source in (("core", ROOT / "layers/core/python"), ("functions", ROOT / "functions")):
        shutil.rmtree(built / name, ignore_errors=True)
        shutil.copytree(source, built / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    bare = built / "functions/bare"
    bare.mkdir()
    (bare / "handler.py").write_text(BARE)
    for name in ("core", "functions"):
        wheels.compile_for(target, built / name)
    return Deployed(version, built / "runtime/bin/python", built / "functions", (built / "core", built / "vendor"))


def _install_runtime(version: str, built: Path) -> None:
    python = wheels.interpreter(version)
    assert python is not None
    subprocess.run([python, "-m", "venv", built / "runtime"], check=True)
    pinned = built / "runtime.txt"
    pinned.write_text("".join(_entries(PINNED, RUNTIME)))
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r", str(pinned)]
    subprocess.run([built / "runtime/bin/pip", *install], check=True)


def _entries(requirements: Path, names: tuple[str, ...]) -> list[str]:
    """The pinned, hashed entries of these packages."""
    entries = re.findall(r"^[a-zA-Z].*(?:\n .*)*\n", requirements.read_text(), re.MULTILINE)
    return [entry for entry in entries if re.split(r"[=\[ ]", entry, maxsplit=1)[0] in names]


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
