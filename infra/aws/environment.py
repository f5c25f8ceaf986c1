"""The environment variables of every function: the fields of Config, and a few that libraries read."""

from __future__ import annotations

from dataclasses import asdict

from engage_sms import topology
from engage_sms.config import Config
from engage_sms.metrics import NAMESPACE

EXTRAS = {
    # Without it zoneinfo prefers the runtime's own time zone files, whose age nobody here decides.
    "PYTHONTZPATH": "/opt/python/tzdata/zoneinfo",
    "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
    "POWERTOOLS_LOG_LEVEL": "INFO",
}


def environment(config: Config) -> dict[str, str]:
    """`config` as variables, EXTRAS, and the name that logs and metrics carry."""
    variables = {name.upper(): value for name, value in asdict(config).items() if value}
    return variables | EXTRAS | {"POWERTOOLS_SERVICE_NAME": service_name(config.stage)}


def service_name(stage: str) -> str:
    """Two stages may share an account: each has its own logs and metrics."""
    return f"{topology.SERVICE}-{stage}"
