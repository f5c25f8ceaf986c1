"""Messages, conversations, and what a text costs."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from engage_sms.domain.brake import PAUSED
from engage_sms.domain.conversation import Conversation
from engage_sms.domain.message import Hold, Message
from engage_sms.domain.segments import Measure
from engage_sms.edge.schemas.base import CursorPage, Schema, example

_MESSAGE = {
    "id": "01J47Z3V9K8Q2W5E7R9T1Y3U5I",
    "contact_id": "c-204",
    "user_id": "u-17",
    "direction": "outbound",
    "kind": "one_to_one",
    "body": "Hi Sam, the papers are ready.",
    "media_urls": [],
    "status": "delivered",
    "segments": 1,
    "created_at": "2024-08-01T15:04:05Z",
    "sent_at": "2024-08-01T15:04:06Z",
    "delivered_at": "2024-08-01T15:04:08Z",
    "hold": None,
    "error": None,
}
_TRACE = {"at": "2024-08-01T15:04:06Z", "event": "sent", "detail": "Twilio accepted the message."}
_CONVERSATION = {
    "contact_id": "c-204",
    "unread": 1,
    "last_message": {
        "id": "01J47Z3V9K8Q2W5E7R9T1Y3U5I",
        "at": "2024-08-01T15:09:00Z",
        "direction": "inbound",
        "body": "Thanks, I will sign today.",
    },
}


class MessageBody(Schema):
    """A text, at most 1600 characters, or media, or both."""

    model_config = example(body="Hi Sam, the papers are ready.")

    body: str
    media_urls: list[str] = Field(default_factory=list)


class HoldAnswer(Schema):
    """Why a message waits, by which rule, until when; null while only the end of a pause can say.

    `rule_data_version` is the version of the legal hours it was decided by; null for a pause or a refusal.
    """

    model_config = example(
        reason="Outside the sending window 08:00-16:00 (America/Chicago) until 2024-08-02 08:00.",
        rule="organization",
        until="2024-08-02T13:00:00Z",
        rule_data_version="2026-11-25",
    )

    reason: str
    rule: str
    until: datetime | None
    rule_data_version: str | None

    @classmethod
    def of(cls, hold: Hold) -> HoldAnswer:
        return cls(
            reason=hold.reason,
            rule=hold.rule,
            until=None if hold.rule == PAUSED else hold.until,
            rule_data_version=hold.rule_data_version,
        )


class ErrorAnswer(Schema):
    """Why a message ended badly: Twilio's code or our slug, and a sentence."""

    model_config = example(code="30003", message="Twilio reported error 30003.")

    code: str
    message: str


class MessageAnswer(Schema):
    """One text of a conversation."""

    model_config = example(**_MESSAGE)

    id: str
    contact_id: str
    user_id: str
    direction: str
    kind: str
    body: str
    media_urls: list[str]
    status: str
    segments: int
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    hold: HoldAnswer | None
    error: ErrorAnswer | None

    @classmethod
    def of(cls, message: Message) -> MessageAnswer:
        return cls(**_fields(message))  # type: ignore[arg-type]


class TraceAnswer(Schema):
    """One step of a message's life."""

    model_config = example(**_TRACE)

    at: datetime
    event: str
    detail: str


class TracedMessageAnswer(MessageAnswer):
    """One text and every step of its life, oldest first."""

    model_config = example(**_MESSAGE, trace=[_TRACE])

    trace: list[TraceAnswer]

    @classmethod
    def of(cls, message: Message) -> TracedMessageAnswer:
        trace = [TraceAnswer(at=step.at, event=step.event, detail=step.detail) for step in message.trace]
        return cls(**_fields(message), trace=trace)  # type: ignore[arg-type]


class MessagesAnswer(CursorPage[MessageAnswer]):
    """One page of a conversation, newest first."""

    model_config = example(items=[_MESSAGE], next_cursor=None)


class LastMessageAnswer(Schema):
    """The end of a conversation, as the inbox shows it."""

    model_config = example(
        id="01J47Z3V9K8Q2W5E7R9T1Y3U5I",
        at="2024-08-01T15:09:00Z",
        direction="inbound",
        body="Thanks, I will sign today.",
    )

    id: str
    at: datetime
    direction: str
    body: str


class ConversationAnswer(Schema):
    """One line of the inbox; `unread` counts the texts received since it was last read."""

    model_config = example(**_CONVERSATION)

    contact_id: str
    unread: int
    last_message: LastMessageAnswer

    @classmethod
    def of(cls, conversation: Conversation) -> ConversationAnswer:
        return cls(
            contact_id=conversation.contact_id,
            unread=conversation.unread,
            last_message=LastMessageAnswer(
                id=conversation.last_message_id,
                at=conversation.last_message_at,
                direction=conversation.last_direction,
                body=conversation.last_body,
            ),
        )


class ConversationsAnswer(CursorPage[ConversationAnswer]):
    """One page of the inbox, newest first."""

    model_config = example(items=[_CONVERSATION], next_cursor=None)


class PreviewBody(Schema):
    """A text to measure."""

    model_config = example(body="Let’s talk at 10.")

    body: str = Field(max_length=10_000)


class CostlyAnswer(Schema):
    """A character that makes the text cost more, and what could stand in its place."""

    model_config = example(character="’", position=3, replacement="'")

    character: str
    position: int
    replacement: str | None


class PreviewAnswer(Schema):
    """What a text costs: its encoding, characters and segments, and what replacing costly characters would save."""

    model_config = example(
        encoding="UCS-2",
        characters=17,
        segments=1,
        costly_characters=[{"character": "’", "position": 3, "replacement": "'"}],
        segments_if_replaced=1,
    )

    encoding: str
    characters: int
    segments: int
    costly_characters: list[CostlyAnswer]
    segments_if_replaced: int

    @classmethod
    def of(cls, measure: Measure) -> PreviewAnswer:
        return cls(
            encoding=measure.encoding,
            characters=measure.characters,
            segments=measure.segments,
            costly_characters=[
                CostlyAnswer(character=c.character, position=c.position, replacement=c.replacement)
                for c in measure.costly_characters
            ],
            segments_if_replaced=measure.segments_if_replaced,
        )


def _fields(message: Message) -> dict[str, object]:
    plain = ("id", "contact_id", "user_id", "direction", "kind", "body", "status", "segments")
    times = ("created_at", "sent_at", "delivered_at")
    hold, error = message.hold, message.error
    return {
        **{name: getattr(message, name) for name in plain + times},
        "media_urls": list(message.media_urls),
        "hold": hold and HoldAnswer.of(hold),
        "error": error and ErrorAnswer(code=error.code, message=error.message),
    }
