"""One subject of a job: buy a number for a user, or release it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.bootstrap import real_ports
from engage_sms.edge.batches import QueueMessage, each_message
from engage_sms.edge.tracing import traced
from engage_sms.ports import Ports
from engage_sms.usecases.run_job_subject import RunJobSubject, run_job_subject

_run_job_subject = traced(run_job_subject)


def handler(event: Mapping[str, Any], _context: LambdaContext, ports: Ports | None = None) -> dict[str, Any]:
    given = ports or real_ports()

    def run(message: QueueMessage) -> None:
        body = message.body
        command = RunJobSubject(
            org_id=body["org_id"],
            job_id=body["job_id"],
            subject_id=body["subject_id"],
            deliveries=message.deliveries,
        )
        _run_job_subject(command, given)

    return each_message(event, run)
