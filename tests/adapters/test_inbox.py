"""The inbox line under contention."""

from __future__ import annotations

import pytest

from engage_sms.adapters.inbox import mark_read, put_into_inbox
from engage_sms.adapters.layout import key
from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.table import Item, Update, Write
from engage_sms.domain.conversation import Conversation
from engage_sms.domain.message import Direction, Status
from engage_sms.errors import Conflict
from tests.contracts.entities import NOW, message, message_id

LINE = key(Conversation, org_id="acme", user_id="ann", contact_id="bob")


class Contended(MemoryTable):
    """A table in which somebody else changes the line before every update."""

    contended = False

    def update(self, update: Update) -> Item | None:
        return None if self.contended else super().update(update)


class Overtaken(MemoryTable):
    """A table in which somebody else's message begins the conversation after we found none."""

    def update(self, update: Update) -> Item | None:
        found = super().update(update)
        if self.get(update.key) is None:
            put_into_inbox(_Plain(self), message(1, direction=Direction.INBOUND, status=Status.RECEIVED))
        return found


class _Plain(MemoryTable):
    """The same items, without the overtaking."""

    def __init__(self, of: MemoryTable) -> None:
        self.__dict__ = of.__dict__


def test_a_conversation_that_two_begin_has_both_messages() -> None:
    """The second to begin it finds it begun, and adds its own."""
    table = Overtaken()
    put_into_inbox(table, message(2, direction=Direction.INBOUND, status=Status.RECEIVED))
    line = TableStore(table, now=lambda: NOW).conversation("acme", "ann", "bob")

    assert line is not None
    assert (line.unread, line.last_message_id) == (2, message_id(2))


def test_a_line_that_never_rests_is_a_conflict() -> None:
    """The stream delivers again; nothing is dropped in silence."""
    table = Contended()
    put_into_inbox(table, message(1))
    table.contended = True

    with pytest.raises(Conflict):
        put_into_inbox(table, message(2))
    with pytest.raises(Conflict):
        mark_read(table, LINE)


def test_a_conflict_of_the_first_line_is_tried_again() -> None:
    """However often the beginning is lost, the caller hears of it in the end."""

    class Refusing(MemoryTable):
        def write(self, *writes: Write) -> None:
            raise Conflict("lost")

    with pytest.raises(Conflict, match="too often"):
        put_into_inbox(Refusing(), message(1))
