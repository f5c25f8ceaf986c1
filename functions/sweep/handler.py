"""Every hour: numbers that Twilio bills and nobody has go back, and what expired in a pause ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms import metrics
from engage_sms.bootstrap import real_ports
from engage_sms.edge.deadline import deadline
from engage_sms.edge.telemetry import count, log_failure, logger, quoting_nothing
from engage_sms.edge.tracing import traced
from engage_sms.errors import Retryable
from engage_sms.ports import Ports
from engage_sms.usecases.expire_overdue import expire_overdue
from engage_sms.usecases.sweep_numbers import Finding, sweep_numbers
from engage_sms.usecases.turns import Turns

METRIC_OF = {
    Finding.GIVEN_BACK: metrics.NUMBERS_GIVEN_BACK,
    Finding.REJOINED: metrics.NUMBERS_REJOINED,
    Finding.LOST: metrics.NUMBERS_LOST,
    Finding.FOREIGN: metrics.NUMBERS_FOREIGN,
}
RESERVE = timedelta(seconds=20)
"""Left for the organization whose turn it is when the time runs out, and for the report."""
_sweep_numbers = traced(sweep_numbers)
_expire_overdue = traced(expire_overdue)


def handler(_event: Mapping[str, Any], context: LambdaContext, ports: Ports | None = None) -> dict[str, int]:
    """How many numbers were found in each state that they should not be in, and how many messages ended.

    The log says which numbers, by their sids. Raises Retryable when a number or an organization could not be looked
    at, after all others had their turn, and when the time was too short for all: Lambda runs it again, then keeps the
    event in the dead-letter queue.
    """
    given = ports or real_ports()
    with quoting_nothing("The organizations could not be listed."):
        organizations, until = tuple(given.store.organizations()), deadline(context, given, reserve=RESERVE)
        paused, turns = (Turns(organizations, until=until, now=given.now) for _ in range(2))
    with quoting_nothing("The messages of paused organizations could not be looked through."):
        ended = _expire_overdue(paused, given)
    with quoting_nothing("The numbers could not be swept."):
        report = _sweep_numbers(turns, given)
    for found in report.found:
        ids = {"org_id": found.org_id, "user_id": found.user_id, "number_sid": found.number_sid}
        logger.warning("A number was not as it should be.", extra={"finding": found.finding.value, **ids})
    counts = Counter(found.finding for found in report.found)
    for finding, metric in METRIC_OF.items():
        count(metric, counts[finding])
    failures = (*report.failures, *ended.failures)
    for failure in failures:
        log_failure("A number or an organization was not swept.", failure.error, org_id=failure.org_id)
    if failures or turns.missed:
        count(metrics.SWEEPS_FAILED, len(failures) + turns.missed)
        raise Retryable(
            f"{len(failures)} numbers or organizations were not swept; time was too short for {turns.missed} others."
        )
    return {finding.value: counts[finding] for finding in Finding} | {"expired": ended.expired}
