"""How messages get onto the queues of dispatch: each automated one in a slot of its own."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from engage_sms.domain.message import MessageRef
from engage_sms.domain.pace import reserve
from engage_sms.ports import Ports, QueueEntry, Replace
from engage_sms.usecases.lookup import decide_again


class Slots(NamedTuple):
    """Slots that are the caller's now, and the next one that is anybody's."""

    taken: tuple[datetime, ...]
    next_at: datetime


def reserve_slots(org_id: str, ports: Ports, *, count: int, rate: int, begins: datetime, before: datetime) -> Slots:
    """Up to `count` slots from `begins` on, all earlier than `before`: one write, however many.

        release  reads v7: next 13:00:00 ─► takes 500 ✓ v8: next 13:02:47
        relay      reads v7: next 13:00:00 ─► takes 1 ✗ Conflict ─► reads v8 ─► takes 13:02:47 ✓ v9

    Whoever dies after this wastes its slots; nothing else is lost. Raises Conflict when every try lost.
    """

    def attempt() -> Slots:
        pace = ports.store.pace(org_id)
        after, taken = reserve(pace, count=count, rate=rate, begins=begins, before=before)
        if taken:
            ports.store.commit(Replace(after))
        return Slots(taken, max(after.next_at, begins))

    return decide_again(attempt)


def entry_for(ref: MessageRef, *, delay: int = 0) -> QueueEntry:
    """The message on a queue; `delay` in seconds."""
    body = {
        "org_id": ref.org_id,
        "user_id": ref.user_id,
        "contact_id": ref.contact_id,
        "message_id": ref.message_id,
    }
    return QueueEntry(body, delay=delay, group=ref.org_id)
