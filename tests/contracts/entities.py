"""Entities for the contract suites: each complete, with what a test does not care about filled in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from engage_sms.domain.directory import Contact, Number, Organization, TwilioAccount, TwilioStatus, User
from engage_sms.domain.job import Job, JobKind, JobResult, Outcome
from engage_sms.domain.message import Direction, Hold, Kind, Message, MessageRef, Status, TraceEntry
from engage_sms.domain.usage import UsageDay

NOW = datetime(2026, 7, 15, 15, 0, 0, 123456, tzinfo=UTC)
OPENING = datetime(2026, 7, 16, 13, 0, tzinfo=UTC)
PHONE = "+13125550199"
HOLD = Hold(reason="The sending window is closed.", rule="organization", until=OPENING)


def organization(id_: str = "acme", **fields: Any) -> Organization:
    return Organization(
        **{
            "id": id_,
            "name": "Acme Lending",
            "settings": {"sms.send_window.start_time": "09:00", "sms.release.rate": 2.5, "null": None, "on": True},
            "twilio": TwilioAccount(status=TwilioStatus.PROVISIONING, claimed_until=NOW),
            "created_at": NOW,
        }
        | fields
    )


def user(id_: str = "ann", **fields: Any) -> User:
    return User(
        **{
            "id": id_,
            "org_id": "acme",
            "name": "Ann Chu",
            "email": "ann@acme.example",
            "cell_phone": "+14155550101",
            "created_at": NOW,
        }
        | fields
    )


def contact(id_: str = "bob", **fields: Any) -> Contact:
    return Contact(
        **{
            "id": id_,
            "org_id": "acme",
            "owner_id": "ann",
            "first_name": "Bob",
            "last_name": "",
            "cell_phone": PHONE,
            "created_at": NOW,
        }
        | fields
    )


def number(**fields: Any) -> Number:
    return Number(
        **{"phone": "+14155550123", "org_id": "acme", "user_id": "ann", "sid": "PN1", "provisioned_at": NOW} | fields
    )


def message_id(sequence: int) -> str:
    """Ids that sort as ULIDs do."""
    return f"01J{sequence:023d}"


def message(sequence: int = 1, **fields: Any) -> Message:
    """An outbound message with `message_id(sequence)`; one that is HELD waits for OPENING unless told otherwise."""
    given: dict[str, Any] = {
        "id": message_id(sequence),
        "org_id": "acme",
        "user_id": "ann",
        "contact_id": "bob",
        "direction": Direction.OUTBOUND,
        "kind": Kind.ONE_TO_ONE,
        "phone": PHONE,
        "number": "+14155550123",
        "body": "Your rate is locked.",
        "status": Status.QUEUED,
        "segments": 1,
        "created_at": NOW + timedelta(seconds=sequence),
        "trace": (TraceEntry(at=NOW, event="queued"),),
    }
    if fields.get("status") is Status.HELD:
        given["hold"] = HOLD
    return Message(**given | fields)


def ref(sequence: int = 1, **fields: Any) -> MessageRef:
    return message(sequence, **fields).ref


def job(id_: str = "job1", **fields: Any) -> Job:
    return Job(
        **{
            "id": id_,
            "org_id": "acme",
            "kind": JobKind.PROVISION,
            "started_by": "ann",
            "subjects": ("u1", "u2", "u3"),
            "options": {"area_code": "312", "fallback": None},
            "created_at": NOW,
        }
        | fields
    )


def result(subject_id: str = "u1", **fields: Any) -> JobResult:
    return JobResult(
        **{
            "org_id": "acme",
            "job_id": "job1",
            "subject_id": subject_id,
            "outcome": Outcome.SUCCEEDED,
            "number": "+13125550100",
            "steps": ("asked for 312", "bought"),
            "at": NOW,
        }
        | fields
    )


def usage_day(day: date, **fields: Any) -> UsageDay:
    return UsageDay(**{"org_id": "acme", "day": day, "segments": 5, "by_user": {"ann": 5}, "pulled_at": NOW} | fields)
