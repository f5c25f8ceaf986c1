"""Logs and metrics of every function, by the stage's own name of the service (POWERTOOLS_SERVICE_NAME).

Logs carry ids, never message bodies, phone numbers or tokens.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics

from engage_sms.errors import EngageError, Permanent, Refused
from engage_sms.metrics import NAMESPACE, Measured, Metric, Reading

logger = Logger()
QUOTING = ("aws_lambda_powertools", "boto3", "botocore", "pynamodb", "requests", "twilio", "urllib3")
"""Libraries that quote requests, bodies and all, once somebody turns the log level down."""
for _library in QUOTING:
    logging.getLogger(_library).setLevel(logging.WARNING)


def count(metric: Metric, value: float = 1) -> None:
    """Adds to a metric; nothing is written for 0."""
    if value:
        tally(Measured((Reading(metric, value),)))


def tally(measured: Measured) -> None:
    """Writes the readings, as lines that CloudWatch counts and that the log keeps with their ids.

    A reading with a cause has a line of its own: CloudWatch counts all of a line under each of its dimensions.
    """
    together = [reading for reading in measured.readings if not reading.cause]
    for readings in (together, *([reading] for reading in measured.readings if reading.cause)):
        if readings:
            _write(readings, measured.ids)


def _write(readings: Sequence[Reading], ids: Mapping[str, str]) -> None:
    # single_metric writes even where POWERTOOLS_METRICS_DISABLED says not to
    line = EphemeralMetrics(namespace=NAMESPACE)
    for reading in readings:
        line.add_metric(name=reading.metric.name, unit=reading.metric.unit.value, value=reading.value)
        if reading.metric.by and reading.cause:
            line.add_dimensions(**{"service": str(line.service), reading.metric.by: reading.cause})
    for name, value in ids.items():
        line.add_metadata(name, value)
    line.flush_metrics()


@contextmanager
def quoting_nothing(what: str, **ids: str) -> Iterator[None]:
    """For functions that have to fail: logs the failure, and keeps its words from Lambda, which would log them.

    Our own errors say nothing of anybody and go on as they are; of others, and of what Twilio said, the type remains.
    """
    try:
        yield
    except Exception as error:
        log_failure(what, error, **ids)
        if isinstance(error, EngageError) and not isinstance(error, Refused):
            raise
        raise Permanent(f"It ended in {type(error).__qualname__}.") from None


def log_failure(what: str, error: Exception, **ids: str) -> None:
    """Records a failure by type and place only: an exception's text may hold a body, a number or a token."""
    extra = {"error": type(error).__qualname__, "stack": traceback.format_tb(error.__traceback__), **ids}
    logger.error(what, extra=extra)
