"""How a message gets into its inbox line exactly once, though the stream may tell of it twice and out of order.

Unread messages are kept by id, and so is how far the user has read:

    relay   saw m1 ✓ [m1]    saw m2 ✓ [m1, m2]                              saw m1 again ✗ (m1 <= read_to)
    user                                          read ✓ [] read_to = m2

Ids are ULIDs: of two messages the newer one has the greater id. The usual case is one conditional update, no read;
the first message of a conversation takes one write more.
"""

from __future__ import annotations

from typing import Any

from engage_sms.adapters import layout
from engage_sms.adapters.codec import instant
from engage_sms.adapters.table import (
    Absent,
    FieldBelow,
    FieldIn,
    FieldLacks,
    FieldMissingOrBelow,
    FieldShorter,
    Item,
    Key,
    Put,
    Table,
    Update,
)
from engage_sms.domain.conversation import Conversation
from engage_sms.domain.message import Direction, Message
from engage_sms.errors import Conflict

PREVIEW_CHARACTERS = 160
"""How much of a message the inbox shows: keeps its line below one write unit."""
UNREAD_COUNTED = 99
"""Unread messages beyond this are not counted: a flood must not outgrow the item."""
_ATTEMPTS = 8
_KIND = layout.PLACE_OF[Conversation].kind


def put_into_inbox(table: Table, message: Message) -> None:
    """Make the message the latest of its line if it is, and count it as unread if it is inbound and was not seen.

    Raises Conflict when the line changed under each of several attempts.
    """
    for _ in range(_ATTEMPTS):
        # Where the message is not the latest there usually is no line yet: that is tried before anything is read.
        if table.update(_on_top(message)) or _begin(table, message):
            return
        line = table.get(_key(message), consistent=True)
        if line is None:
            continue
        if line.doc["last_message_id"] >= message.id:
            if message.direction is Direction.INBOUND:
                table.update(_below(message))
            return
        if len(line.doc.get("unread_ids", ())) >= UNREAD_COUNTED:
            table.update(_on_top_of_a_flood(message))
            return
    raise Conflict("The inbox line changed too often.")


def clear_preview(table: Table, message: Message) -> None:
    """The line no longer shows what the message said, if it is the message it shows.

    relay   m1 lost its text: the line shows m1 ✓ cleared        saw m1 again ✗ (m1 <= last): it stays cleared
    relay   saw m2: the line shows m2 ──────────────────────► m1 lost its text ✗ m2 stays
    """
    shows_it = FieldIn("last_message_id", (message.id,))
    table.update(Update(key=_key(message), when=(shows_it,), set={"last_body": ""}))


def mark_read(table: Table, key: Key) -> None:
    """Nothing up to the line's latest message is unread. Raises Conflict when messages keep coming in between."""
    for _ in range(_ATTEMPTS):
        line = table.get(key, consistent=True)
        if line is None:
            return
        last = line.doc["last_message_id"]
        nothing_newer_came = FieldIn("last_message_id", (last,))
        read = Update(key=key, when=(nothing_newer_came,), set={"read_to": last}, remove=("unread_ids", "unread"))
        if table.update(read):
            return
    raise Conflict("The inbox line changed too often.")


def _key(message: Message) -> Key:
    return layout.key(Conversation, org_id=message.org_id, user_id=message.user_id, contact_id=message.contact_id)


def _latest(message: Message) -> dict[str, Any]:
    return {
        "last_message_id": message.id,
        "last_message_at": instant(message.created_at),
        "last_direction": message.direction.value,
        "last_body": message.body[:PREVIEW_CHARACTERS],
    }


def _on_top(message: Message) -> Update:
    """The message is newer than all that the line has seen, so it cannot be counted twice."""
    newest = FieldBelow("last_message_id", message.id)
    inbound = message.direction is Direction.INBOUND
    return Update(
        key=_key(message),
        when=(newest, FieldShorter("unread_ids", UNREAD_COUNTED)) if inbound else (newest,),
        set=_latest(message),
        append={"unread_ids": message.id} if inbound else {},
        index={"isk": message.id},
    )


def _on_top_of_a_flood(message: Message) -> Update:
    newest = FieldBelow("last_message_id", message.id)
    return Update(key=_key(message), when=(newest,), set=_latest(message), index={"isk": message.id})


def _below(message: Message) -> Update:
    """An older inbound message: late, or told of again."""
    not_counted = FieldLacks("unread_ids", message.id)
    not_read = FieldMissingOrBelow("read_to", message.id)
    no_flood = FieldShorter("unread_ids", UNREAD_COUNTED)
    return Update(key=_key(message), when=(not_counted, not_read, no_flood), append={"unread_ids": message.id})


def _begin(table: Table, message: Message) -> bool:
    """The first line of the conversation; False when somebody else began it."""
    key = _key(message)
    unread = {"unread_ids": [message.id]} if message.direction is Direction.INBOUND else {}
    ipk = layout.inbox(message.org_id, message.user_id)
    line = Item(pk=key.pk, sk=key.sk, kind=_KIND, doc={**_latest(message), **unread}, ipk=ipk, isk=message.id)
    try:
        table.write(Put(line, (Absent(),)))
    except Conflict:
        return False
    return True
