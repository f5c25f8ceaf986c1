"""Jobs over many users, with a result for each."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from engage_sms.domain.job import Job, JobResult
from engage_sms.edge.schemas.base import CursorPage, Id, Schema, example

_JOB = {
    "id": "01J47Z3V9K8Q2W5E7R9T1Y3U5I",
    "kind": "provision",
    "status": "running",
    "total": 3,
    "succeeded": 1,
    "failed": 0,
    "skipped": 0,
    "created_at": "2024-08-01T15:04:05Z",
    "finished_at": None,
}
_RESULT = {
    "subject_id": "u-17",
    "outcome": "succeeded",
    "number": "+13125550199",
    "reason": None,
    "steps": ["312: a number was offered and bought"],
}


class ProvisionBody(Schema):
    """Whom to give a number, and where its area code comes from; `area_code` goes with the source `company`."""

    model_config = example(user_ids=["u-17", "u-18"], area_code_source="user_cell", fallback="nearby")

    user_ids: list[Id] = Field(min_length=1, max_length=1000)
    area_code_source: Literal["user_cell", "company"]
    area_code: str | None = Field(default=None, pattern="^[2-9][0-9]{2}$", description="Three digits, such as 312.")
    fallback: Literal["nearby", "none"] = "nearby"


class DeprovisionBody(Schema):
    """Whose number to give back to Twilio. It cannot be undone, which the caller has to acknowledge."""

    model_config = example(user_ids=["u-17"], irreversible_acknowledged=True)

    user_ids: list[Id] = Field(min_length=1, max_length=1000)
    irreversible_acknowledged: bool = False


class JobAnswer(Schema):
    """A job and how far it has come."""

    model_config = example(**_JOB)

    id: str
    kind: str
    status: str
    total: int
    succeeded: int
    failed: int
    skipped: int
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> JobAnswer:
        return cls(
            id=job.id,
            kind=job.kind,
            status=job.status,
            total=job.total,
            succeeded=job.succeeded,
            failed=job.failed,
            skipped=job.skipped,
            created_at=job.created_at,
            finished_at=job.finished_at,
        )


class JobResultAnswer(Schema):
    """How it went for one user: the number, or why there is none, and each step that was tried."""

    model_config = example(**_RESULT)

    subject_id: str
    outcome: str
    number: str | None
    reason: str | None
    steps: list[str]

    @classmethod
    def of(cls, result: JobResult) -> JobResultAnswer:
        return cls(
            subject_id=result.subject_id,
            outcome=result.outcome,
            number=result.number,
            reason=result.reason,
            steps=list(result.steps),
        )


class JobResultsAnswer(CursorPage[JobResultAnswer]):
    """One page of a job's results."""

    model_config = example(items=[_RESULT], next_cursor=None)
