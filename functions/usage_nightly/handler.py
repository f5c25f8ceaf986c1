"""Each night: the segments that Twilio reports, pulled for every organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.bootstrap import real_ports
from engage_sms.domain.directory import TwilioStatus
from engage_sms.edge.telemetry import count, log_failure, quoting_nothing
from engage_sms.edge.tracing import traced
from engage_sms.errors import Retryable
from engage_sms.metrics import PULLS_FAILED
from engage_sms.ports import Ports
from engage_sms.usecases.pull_usage import PullUsage, pull_usage

_pull_usage = traced(pull_usage)


def handler(_event: Mapping[str, Any], _context: LambdaContext, ports: Ports | None = None) -> dict[str, int]:
    """The days that were stored. One organization's failure never spoils the others'.

    Raises Retryable when any failed: Lambda runs it again, then keeps the event in the dead-letter queue.
    """
    given = ports or real_ports()
    days, failed = 0, 0
    with quoting_nothing("The organizations could not be listed."):
        organizations = tuple(given.store.organizations())
    for organization in organizations:
        if organization.twilio.status is not TwilioStatus.ACTIVE:
            continue
        try:
            days += _pull_usage(PullUsage(org_id=organization.id), given)
        except Exception as error:  # noqa: BLE001  whatever it is, the next organization gets its turn
            failed += 1
            log_failure("An organization's usage was not pulled.", error, org_id=organization.id)
    count(PULLS_FAILED, failed)
    if failed:
        raise Retryable(f"The usage of {failed} organizations was not pulled.")
    return {"days": days}
