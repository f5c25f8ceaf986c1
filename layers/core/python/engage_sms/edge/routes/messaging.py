"""Conversations and their messages."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from engage_sms.adapters.xray import follow
from engage_sms.domain.message import MessageRef
from engage_sms.domain.segments import measure
from engage_sms.edge.api import Caller, WithPorts, make_app
from engage_sms.edge.describe import operation
from engage_sms.edge.principal import Principal
from engage_sms.edge.schemas.base import Id
from engage_sms.edge.schemas.messages import (
    ConversationAnswer,
    ConversationsAnswer,
    MessageAnswer,
    MessageBody,
    MessagesAnswer,
    PreviewAnswer,
    PreviewBody,
    TracedMessageAnswer,
)
from engage_sms.usecases.cancel_message import CancelMessage, cancel_message
from engage_sms.usecases.read_conversations import (
    ListConversations,
    ListMessages,
    MarkRead,
    ViewMessage,
    list_conversations,
    list_messages,
    mark_read,
    view_message,
)
from engage_sms.usecases.send_message import SendMessage, send_message

app = make_app()
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100)]
_MESSAGE = "/v1/conversations/<contact_id>/messages/<message_id>"


@app.get(
    "/v1/conversations",
    **operation(
        "Messages",
        "The caller's inbox",
        "One line a contact, newest first, with the texts not read yet.",
        {200: ConversationsAnswer},
    ),
)
def conversations(caller: Caller, ports: WithPorts, cursor: Cursor = None, limit: Limit = 50) -> ConversationsAnswer:
    command = ListConversations(org_id=caller.org_id, user_id=caller.user_id, cursor=cursor, limit=limit)
    page = list_conversations(command, ports)
    return ConversationsAnswer(items=[ConversationAnswer.of(line) for line in page.items], next_cursor=page.cursor)


@app.get(
    "/v1/conversations/<contact_id>/messages",
    **operation(
        "Messages",
        "One conversation",
        "Its messages, newest first.",
        {200: MessagesAnswer},
        "not-found",
    ),
)
def messages(
    contact_id: Annotated[Id, Path()], caller: Caller, ports: WithPorts, cursor: Cursor = None, limit: Limit = 50
) -> MessagesAnswer:
    command = ListMessages(
        org_id=caller.org_id, user_id=caller.user_id, contact_id=contact_id, cursor=cursor, limit=limit
    )
    page = list_messages(command, ports)
    return MessagesAnswer(items=[MessageAnswer.of(message) for message in page.items], next_cursor=page.cursor)


@app.post(
    "/v1/conversations/<contact_id>/messages",
    **operation(
        "Messages",
        "Text a contact",
        "Leaves at once from the caller's own number, to a contact who has opted in.",
        {201: MessageAnswer},
        "malformed-body",
        "not-found",
        "opt-in-required",
        "opted-out",
        "user-has-no-number",
        "no-valid-cell-phone",
        "idempotency-key-reused",
        "request-in-progress",
    ),
)
def send(contact_id: Annotated[Id, Path()], body: MessageBody, caller: Caller, ports: WithPorts) -> MessageAnswer:
    command = SendMessage(
        org_id=caller.org_id,
        user_id=caller.user_id,
        contact_id=contact_id,
        body=body.body,
        media_urls=tuple(body.media_urls),
    )
    sent = send_message(command, ports)
    follow(org_id=sent.org_id, message_id=sent.id)
    return MessageAnswer.of(sent)


@app.post(
    "/v1/conversations/<contact_id>/read",
    **operation(
        "Messages",
        "Mark a conversation as read",
        "Everything received so far counts as read.",
        {204: None},
        "not-found",
    ),
)
def read(contact_id: Annotated[Id, Path()], caller: Caller, ports: WithPorts) -> Response[None]:
    mark_read(MarkRead(org_id=caller.org_id, user_id=caller.user_id, contact_id=contact_id), ports)
    return Response(status_code=204)


@app.get(
    _MESSAGE,
    **operation(
        "Messages",
        "One message and its trace",
        "Every step of its life: held, why, until when, released, sent, delivered.",
        {200: TracedMessageAnswer},
        "not-found",
    ),
)
def message(
    contact_id: Annotated[Id, Path()], message_id: Annotated[Id, Path()], caller: Caller, ports: WithPorts
) -> TracedMessageAnswer:
    return TracedMessageAnswer.of(view_message(ViewMessage(ref=_ref(caller, contact_id, message_id)), ports))


@app.delete(
    _MESSAGE,
    **operation(
        "Messages",
        "Cancel a message that still waits",
        "Held, or waiting for the contact's opt-in; one that is on its way cannot be called back.",
        {200: TracedMessageAnswer},
        "not-found",
        "not-held",
    ),
)
def cancel(
    contact_id: Annotated[Id, Path()], message_id: Annotated[Id, Path()], caller: Caller, ports: WithPorts
) -> TracedMessageAnswer:
    return TracedMessageAnswer.of(cancel_message(CancelMessage(ref=_ref(caller, contact_id, message_id)), ports))


@app.post(
    "/v1/messages/preview",
    **operation(
        "Messages",
        "What a text costs",
        "Encoding, characters, segments, and the characters that make it dear; nothing is sent.",
        {200: PreviewAnswer},
        "malformed-body",
    ),
)
def preview(body: PreviewBody) -> PreviewAnswer:
    return PreviewAnswer.of(measure(body.body))


def _ref(caller: Principal, contact_id: str, message_id: str) -> MessageRef:
    return MessageRef(caller.org_id, caller.user_id, contact_id, message_id)
