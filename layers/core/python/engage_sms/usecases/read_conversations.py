"""The inbox of a user and the messages of one conversation."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.conversation import Conversation
from engage_sms.domain.message import Message, MessageRef
from engage_sms.errors import NotFound
from engage_sms.ports import Page, Ports
from engage_sms.usecases.lookup import find_contact


class ListConversations(NamedTuple):
    org_id: str
    user_id: str
    cursor: str | None = None
    limit: int = 50


class ListMessages(NamedTuple):
    org_id: str
    user_id: str
    contact_id: str
    cursor: str | None = None
    limit: int = 50


class MarkRead(NamedTuple):
    org_id: str
    user_id: str
    contact_id: str


class ViewMessage(NamedTuple):
    ref: MessageRef


def list_conversations(command: ListConversations, ports: Ports) -> Page[Conversation]:
    """The user's inbox, newest first."""
    return ports.store.conversations(command.org_id, command.user_id, cursor=command.cursor, limit=command.limit)


def list_messages(command: ListMessages, ports: Ports) -> Page[Message]:
    """One conversation, newest first: the same few reads whether it holds fifty messages or a hundred thousand."""
    find_contact(command.org_id, command.contact_id, ports)
    return ports.store.messages(
        command.org_id, command.user_id, command.contact_id, cursor=command.cursor, limit=command.limit
    )


def mark_read(command: MarkRead, ports: Ports) -> None:
    """Everything received so far in the conversation counts as read."""
    find_contact(command.org_id, command.contact_id, ports)
    ports.store.mark_read(command.org_id, command.user_id, command.contact_id)


def view_message(command: ViewMessage, ports: Ports) -> Message:
    """One message with its trace."""
    message = ports.store.message(command.ref)
    if message is None:
        raise NotFound("message")
    return message
