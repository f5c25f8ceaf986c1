"""What a function loads before its first request: its budget is a ratio (`make bench`), its reasons are here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engage_sms import topology
from engage_sms.config import Config

ROOT = Path(__file__).parents[1]
EVERY = {"boto3", "s3transfer", "twilio.rest", "moto", "requests", "aiohttp", "cattrs", "asyncio", "multiprocessing"}
"""Not even the functions that use them: they are loaded when they are first needed, or not at all."""
VALIDATION = {"pydantic", "aws_lambda_powertools.event_handler"}
TRACING = {"aws_xray_sdk"}
STATE = {"pynamodb", "engage_sms.adapters"}
ALLOWED = {
    **{name: VALIDATION | {"asyncio"} for name in ("provisioning", "directory", "opt_in", "messaging", "usage")},
    "console": VALIDATION | {"asyncio"},
    "jobs": TRACING | {"asyncio", "requests"},
    "usage_nightly": TRACING | {"asyncio", "requests"},
    "sweep": TRACING | {"asyncio", "requests"},
    "retention": TRACING | {"asyncio", "requests"},
}
"""What the API validates with, and what traces those that nobody waits for."""
REPORT = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sys.modules, sep='\\n')"


def loaded(function: topology.Function) -> set[str]:
    """The modules of a fresh process that has loaded the function as Lambda does."""
    environment = {
        **os.environ,
        **{name.upper(): "x" for name in Config.__dataclass_fields__ if name != "clients"},
        "PYTHONPATH": os.pathsep.join([str(ROOT / "functions" / function.name), str(ROOT / "layers/core/python")]),
    }
    start = "engage_sms.start" if function.services else "handler"
    command = [sys.executable, "-c", REPORT, start]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return set(ran.stdout.split())


@pytest.mark.parametrize("function", topology.FUNCTIONS, ids=lambda function: function.name)
def test_a_function_loads_no_more_than_its_kind_needs(function: topology.Function) -> None:
    """Each of these packages costs a tenth of a start or more."""
    allowed = ALLOWED.get(function.name, set())
    forbidden = (EVERY | VALIDATION | TRACING) - allowed
    if not function.services:
        forbidden |= STATE

    assert loaded(function) & forbidden == set()


def test_every_service_that_is_called_is_in_the_topology() -> None:
    """The vendor layer has botocore's knowledge of these services alone."""
    adapters = (ROOT / "layers/core/python/engage_sms/adapters").glob("*.py")
    called = {service for path in adapters for service in re.findall(r'_clients\("(\w+)"\)', path.read_text())}
    known = {service for function in topology.FUNCTIONS for service in function.services}

    assert called
    assert called <= known
