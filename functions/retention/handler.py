"""Each night: texts that were kept for their time are removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms import metrics
from engage_sms.bootstrap import real_ports
from engage_sms.edge.deadline import deadline
from engage_sms.edge.telemetry import count, log_failure, quoting_nothing
from engage_sms.edge.tracing import traced
from engage_sms.errors import Retryable
from engage_sms.ports import Ports
from engage_sms.usecases.remove_bodies import RemoveBodies, remove_bodies

RESERVE = timedelta(seconds=5)
"""Left for the report when the function's time runs out."""
_remove_bodies = traced(remove_bodies)


def handler(_event: Mapping[str, Any], context: LambdaContext, ports: Ports | None = None) -> dict[str, int]:
    """How many texts were removed.

    Raises Retryable when something failed or the time was too short: Lambda runs it again, which goes on from there,
    then keeps the event in the dead-letter queue.
    """
    given = ports or real_ports()
    until = deadline(context, given, reserve=RESERVE)
    with quoting_nothing("No texts could be removed."):
        report = _remove_bodies(RemoveBodies(until=until), given)
    count(metrics.BODIES_REMOVED, report.removed)
    for failure in report.failures:
        log_failure("Texts of an organization were not removed.", failure.error, org_id=failure.org_id)
    if report.failures:
        count(metrics.RETENTIONS_FAILED, len(report.failures))
        raise Retryable(f"{len(report.failures)} days or organizations failed.")
    if report.unfinished:
        raise Retryable("The time was too short to remove all texts.")
    return {"removed": report.removed}
