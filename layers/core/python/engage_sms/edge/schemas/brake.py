"""The brake: whether automation stands still, what a resume would send, and messages nobody knows the outcome of."""

from __future__ import annotations

from datetime import datetime

from engage_sms.domain.due import Parked
from engage_sms.edge.schemas.base import CursorPage, Schema, example
from engage_sms.usecases.view_brake import Brake, Waiting

_CAUGHT = {"opens_at": None, "messages": 42, "more": False}
_OVERDUE = {"opens_at": "2024-08-01T13:00:00Z", "messages": 1200, "more": False}
_LATER = {"opens_at": "2024-08-02T13:00:00Z", "messages": 310, "more": False}
_BRAKE = {
    "paused": True,
    "paused_at": "2024-08-01T15:04:05Z",
    "refused": None,
    "resume_sends": [_OVERDUE, _CAUGHT],
    "later": [_LATER],
}
_REFUSED = {"code": "30034", "until": "2024-08-01T15:09:05Z"}
_PARKED = {
    "message_id": "01J47Z3V9K8Q2W5E7R9T1Y3U5I",
    "contact_id": "c-204",
    "user_id": "u-17",
    "since": "2024-08-01T15:04:36Z",
    "reason": "Twilio refuses to be asked (error 20003).",
    "attempts": 7,
}


class WaitingAnswer(Schema):
    """Messages held for one opening; with `more` at least so many. `opens_at` is null for those a pause caught."""

    model_config = example(**_OVERDUE)

    opens_at: datetime | None
    messages: int
    more: bool

    @classmethod
    def of(cls, waiting: Waiting) -> WaitingAnswer:
        return cls(opens_at=waiting.opens_at, messages=waiting.messages, more=waiting.more)


class RefusedAnswer(Schema):
    """Twilio refuses the whole account: automation rests, and one message tries again then."""

    model_config = example(**_REFUSED)

    code: str
    until: datetime


class BrakeAnswer(Schema):
    """Whether automation is paused, and what would leave on a resume, within the windows, or later."""

    model_config = example(**_BRAKE)

    paused: bool
    paused_at: datetime | None
    refused: RefusedAnswer | None
    resume_sends: list[WaitingAnswer]
    later: list[WaitingAnswer]

    @classmethod
    def of(cls, brake: Brake) -> BrakeAnswer:
        return cls(**_fields(brake))  # type: ignore[arg-type]


class PausedAnswer(BrakeAnswer):
    """The same, and how many automated messages were past recall when the pause began: they still leave."""

    model_config = example(**_BRAKE, past_recall=1)

    past_recall: int

    @classmethod
    def after(cls, brake: Brake, past_recall: int) -> PausedAnswer:
        return cls(**_fields(brake), past_recall=past_recall)  # type: ignore[arg-type]


def _fields(brake: Brake) -> dict[str, object]:
    refusal = brake.refusal
    return {
        "paused": brake.paused_at is not None,
        "paused_at": brake.paused_at,
        "refused": refusal and RefusedAnswer(code=refusal.code, until=refusal.until),
        "resume_sends": [WaitingAnswer.of(waiting) for waiting in brake.resume_sends],
        "later": [WaitingAnswer.of(waiting) for waiting in brake.later],
    }


class ParkedAnswer(Schema):
    """A message that Twilio may or may not have taken, while Twilio cannot be asked: it is never sent again."""

    model_config = example(**_PARKED)

    message_id: str
    contact_id: str
    user_id: str
    since: datetime
    reason: str
    attempts: int

    @classmethod
    def of(cls, parked: Parked) -> ParkedAnswer:
        return cls(
            message_id=parked.ref.message_id,
            contact_id=parked.ref.contact_id,
            user_id=parked.ref.user_id,
            since=parked.since,
            reason=parked.reason,
            attempts=parked.attempts,
        )


class ParkedMessagesAnswer(CursorPage[ParkedAnswer]):
    """One page of the parked messages."""

    model_config = example(items=[_PARKED], next_cursor=None)
