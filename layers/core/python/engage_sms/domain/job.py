"""Work over many subjects with a result for each: one failure never spoils the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobKind(StrEnum):
    """What a job does to each of its subjects."""

    PROVISION = "provision"
    DEPROVISION = "deprovision"


class JobStatus(StrEnum):
    """Whether a job still has subjects without a result."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How it went for one subject."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job and its counts. The counts move in the same transaction as each subject's result."""

    id: str
    org_id: str
    kind: JobKind
    started_by: str
    subjects: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    cancelled: bool = False
    created_at: datetime
    last_result_at: datetime | None = None

    @property
    def total(self) -> int:
        return len(self.subjects)

    @property
    def status(self) -> JobStatus:
        if self.succeeded + self.failed + self.skipped >= self.total:
            return JobStatus.CANCELLED if self.cancelled else JobStatus.DONE
        return JobStatus.RUNNING

    @property
    def finished_at(self) -> datetime | None:
        return self.created_at if not self.subjects else self._last_if_finished

    @property
    def _last_if_finished(self) -> datetime | None:
        return None if self.status is JobStatus.RUNNING else self.last_result_at


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """What a job did for one subject (a user id): the number it got, or why not, and each step it took."""

    org_id: str
    job_id: str
    subject_id: str
    outcome: Outcome
    number: str | None = None
    reason: str | None = None
    steps: tuple[str, ...] = ()
    at: datetime
