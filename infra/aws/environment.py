"""The environment variables of every function: the fields of Config, and a few that libraries read."""

from __future__ import annotations

from dataclasses import asdict

from engage_sms import topology
from engage_sms.config import Config

EXTRAS = {
    # Without it zoneinfo prefers the runtime's own time zone files, whose age nobody here decides.
    "PYTHONTZPATH": "/opt/python/tzdata/zoneinfo",
    "POWERTOOLS_SERVICE_NAME": topology.SERVICE,
    "POWERTOOLS_METRICS_NAMESPACE": "EngageSms",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}


def environment(config: Config) -> dict[str, str]:
    """`config` as variables, and EXTRAS."""
    return {name.upper(): value for name, value in asdict(config).items()} | EXTRAS
