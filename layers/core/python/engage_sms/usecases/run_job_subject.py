"""One subject of a job: do it, and put the result on the job in the same transaction that counts it."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.job import Job, JobKind, JobResult, Outcome
from engage_sms.errors import Conflict, OutcomeUnknown, Permanent, Refused, Rejected, Retryable
from engage_sms.ports import CountResult, Ports
from engage_sms.usecases.provision_number import Attempted, provision_number
from engage_sms.usecases.release_number import release_number


class RunJobSubject(NamedTuple):
    """`deliveries`: how often the queue has delivered this subject, this time included."""

    org_id: str
    job_id: str
    subject_id: str
    deliveries: int = 1


MOST_DELIVERIES = 4
"""One less than the queue's own limit: the subject gets a result, not a place in the dead-letter queue."""


def run_job_subject(command: RunJobSubject, ports: Ports) -> None:
    """Runs the subject unless it has its result. One user's failure is that user's result and stops nobody else.

    Twilio being busy or silent raises Retryable or OutcomeUnknown: the queue delivers again, and the work continues
    from what Twilio then has; the last delivery makes that the result. Two deliveries at once write one result:

        delivery 1  do ─► result + count ✓
        delivery 2  do (finds it done) ─► result exists ✗ Conflict ─► nothing counted twice
    """
    job = ports.store.job(command.org_id, command.job_id, consistent=True)
    if job is None:
        raise Permanent(f"There is no job {command.job_id}.")
    if ports.store.job_result(command.org_id, command.job_id, command.subject_id) is not None:
        return
    done = _run(job, command, ports)
    result = JobResult(
        org_id=command.org_id,
        job_id=command.job_id,
        subject_id=command.subject_id,
        outcome=done.outcome,
        number=done.number,
        reason=done.reason,
        steps=done.steps,
        at=ports.now(),
    )
    try:
        ports.store.commit(CountResult(result))
    except Conflict:
        if ports.store.job_result(command.org_id, command.job_id, command.subject_id) is None:
            raise


def _run(job: Job, command: RunJobSubject, ports: Ports) -> Attempted:
    if job.cancelled:
        return Attempted(Outcome.SKIPPED, reason="The job was cancelled.")
    work = {JobKind.PROVISION: provision_number, JobKind.DEPROVISION: release_number}[job.kind]
    try:
        return work(job, command.subject_id, ports)
    except Rejected as wrong:
        return Attempted(Outcome.FAILED, reason=wrong.detail)
    except Refused as refusal:
        return Attempted(Outcome.FAILED, reason=f"Twilio refused ({refusal.code}): {refusal.message}")
    except (Retryable, OutcomeUnknown):
        if command.deliveries < MOST_DELIVERIES:
            raise
        return Attempted(Outcome.FAILED, reason="Twilio did not answer, again and again; start the user anew.")
