"""A job is over when every subject has a result."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.job import Job, JobKind, JobStatus

NOW = datetime(2026, 7, 15, 15, tzinfo=UTC)


def job(subjects: int) -> Job:
    ids = tuple(f"u{number}" for number in range(subjects))
    return Job(id="j1", org_id="o1", kind=JobKind.PROVISION, started_by="admin", subjects=ids, created_at=NOW)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.booleans())
def test_a_job_is_over_when_all_results_are_in(succeeded: int, failed: int, skipped: int, cancelled: bool) -> None:
    """Every outcome counts; a cancelled job is over as cancelled, once its subjects are accounted for."""
    later = NOW + timedelta(minutes=1)
    total = succeeded + failed + skipped
    counts = replace(job(total), succeeded=succeeded, failed=failed, skipped=skipped, cancelled=cancelled)
    finished = replace(counts, last_result_at=later if total else None)

    assert finished.total == total
    assert finished.status is (JobStatus.CANCELLED if cancelled else JobStatus.DONE)
    assert finished.finished_at == (later if total else NOW)


@given(st.integers(1, 20), st.integers(0, 19), st.booleans())
def test_a_job_runs_while_a_result_is_missing(total: int, done: int, cancelled: bool) -> None:
    """It has no end yet, also after it was cancelled."""
    running = replace(job(total), succeeded=min(done, total - 1), cancelled=cancelled, last_result_at=NOW)

    assert running.status is JobStatus.RUNNING
    assert running.finished_at is None


def test_a_job_without_subjects_ends_as_it_starts() -> None:
    """Nothing to do is done."""
    assert job(0).status is JobStatus.DONE
    assert job(0).finished_at == NOW
