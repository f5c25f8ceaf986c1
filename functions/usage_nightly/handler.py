"""Each night: what Twilio knows of the last days, asked for every organization: its segments, and lost reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.bootstrap import real_ports
from engage_sms.domain.directory import TwilioStatus
from engage_sms.edge.deadline import deadline
from engage_sms.edge.telemetry import count, log_failure, quoting_nothing
from engage_sms.edge.tracing import traced
from engage_sms.errors import Retryable
from engage_sms.metrics import PULLS_FAILED
from engage_sms.ports import Ports
from engage_sms.usecases.attempts import Attempts
from engage_sms.usecases.pull_usage import PullUsage, pull_usage
from engage_sms.usecases.settle_sent import SettleSent, settle_sent
from engage_sms.usecases.turns import Turns

RESERVE = timedelta(seconds=60)
"""Left for the organization whose turn it is when the time runs out, and for the report."""
_settle_sent = traced(settle_sent)
_pull_usage = traced(pull_usage)


def handler(_event: Mapping[str, Any], context: LambdaContext, ports: Ports | None = None) -> dict[str, int]:
    """The days that were stored and the messages that were settled. One failure never spoils anything else.

    Raises Retryable when anything failed, or when the time was too short for all: Lambda runs it again, then keeps the
    event in the dead-letter queue. Who was left out tonight is caught up with in one of the nights to come.
    """
    given = ports or real_ports()
    tried, days, settled = Attempts(), 0, 0
    with quoting_nothing("The organizations could not be listed."):
        turns = Turns(given.store.organizations(), until=deadline(context, given, reserve=RESERVE), now=given.now)
    for organization in turns:
        if organization.twilio.status is TwilioStatus.ACTIVE:
            asked, pulled = SettleSent(org_id=organization.id), PullUsage(org_id=organization.id)
            settled += tried.attempt(organization.id, partial(_settle_sent, asked, given), 0)
            days += tried.attempt(organization.id, partial(_pull_usage, pulled, given), 0)
    for failure in tried.failures:
        log_failure("An organization's usage or lost reports were not pulled.", failure.error, org_id=failure.org_id)
    count(PULLS_FAILED, len(tried.failures) + turns.missed)
    if tried.failures or turns.missed:
        raise Retryable(
            f"{len(tried.failures)} pulls of organizations failed; the time was too short for {turns.missed} others."
        )
    return {"days": days, "settled": settled}
