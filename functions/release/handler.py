"""Every minute: held messages at their opening, paced; timers that are due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.bootstrap import real_ports
from engage_sms.edge.telemetry import count, log_failure, quoting_nothing
from engage_sms.errors import Retryable
from engage_sms.metrics import PARKED, RELEASED, RELEASES_FAILED, TIMERS_RUNG
from engage_sms.ports import Ports
from engage_sms.usecases.release_due import release_due


def handler(_event: Mapping[str, Any], _context: LambdaContext, ports: Ports | None = None) -> dict[str, int]:
    """What the run did, for whoever invokes it by hand.

    Raises Retryable when an opening or a timer failed, after all others had their turn: Lambda runs it again, then
    keeps the event in the dead-letter queue.
    """
    with quoting_nothing("A run of the release failed."):
        report = release_due(ports or real_ports())
    count(RELEASED, report.messages)
    count(TIMERS_RUNG, report.timers)
    count(PARKED, report.parked)
    for failure in report.failures:
        log_failure("An opening or a timer failed and stays due.", failure.error, org_id=failure.org_id)
    if report.failures:
        count(RELEASES_FAILED, len(report.failures))
        raise Retryable(f"{len(report.failures)} openings or timers failed.")
    return {"openings": report.openings, "messages": report.messages, "timers": report.timers}
