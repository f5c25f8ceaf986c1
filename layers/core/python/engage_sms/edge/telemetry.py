"""Logs and metrics of every function, by the stage's own name of the service (POWERTOOLS_SERVICE_NAME).

Logs carry ids, never message bodies, phone numbers or tokens.
"""

from __future__ import annotations

import traceback

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from engage_sms.topology import METRICS

logger = Logger()


def count(name: str, value: int = 1) -> None:
    """Adds to a CloudWatch metric of the product's namespace; nothing is written for 0."""
    if value:
        # single_metric writes even where POWERTOOLS_METRICS_DISABLED says not to
        metrics = EphemeralMetrics(namespace=METRICS)
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
        metrics.flush_metrics()


def log_failure(what: str, error: Exception, **ids: str) -> None:
    """Records a failure by type and place only: an exception's text may hold a body, a number or a token."""
    extra = {"error": type(error).__qualname__, "stack": traceback.format_tb(error.__traceback__), **ids}
    logger.error(what, extra=extra)
