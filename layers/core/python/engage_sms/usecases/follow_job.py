"""How a job is doing, subject by subject; only who started it may ask."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.job import Job, JobResult
from engage_sms.errors import NotFound
from engage_sms.ports import Page, Ports


class ViewJob(NamedTuple):
    org_id: str
    user_id: str
    job_id: str


class ListResults(NamedTuple):
    org_id: str
    user_id: str
    job_id: str
    cursor: str | None = None
    limit: int = 50


class CancelJob(NamedTuple):
    org_id: str
    user_id: str
    job_id: str


def view_job(command: ViewJob | ListResults | CancelJob, ports: Ports) -> Job:
    """The job with its counts. Somebody else's job is as absent as no job."""
    job = ports.store.job(command.org_id, command.job_id)
    if job is None or job.started_by != command.user_id:
        raise NotFound("job")
    return job


def list_results(command: ListResults, ports: Ports) -> Page[JobResult]:
    view_job(command, ports)
    return ports.store.job_results(command.org_id, command.job_id, cursor=command.cursor, limit=command.limit)


def cancel_job(command: CancelJob, ports: Ports) -> Job:
    """Subjects not begun yet are skipped; what was done stays done."""
    view_job(command, ports)
    ports.store.cancel_job(command.org_id, command.job_id)
    return view_job(command, ports)
