"""The inbox's view of a conversation: derived from messages by `relay`, never the source of anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """One line of a user's inbox: the latest message with one contact, and how many were not read yet."""

    org_id: str
    user_id: str
    contact_id: str
    last_message_id: str
    last_message_at: datetime
    last_direction: str
    last_body: str
    unread: int = 0
