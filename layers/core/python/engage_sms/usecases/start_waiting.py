"""The YES came: a message that awaited it goes, or is held for the next opening."""

from __future__ import annotations

from engage_sms.domain.message import Message, MessageRef, Status, ended, held, queued
from engage_sms.domain.planning import plan
from engage_sms.domain.settings import resolve
from engage_sms.ports import Ports
from engage_sms.usecases.lookup import find_organization, find_recipient

AWAITING = frozenset({Status.AWAITING_OPT_IN})


def start_waiting(ref: MessageRef, ports: Ports) -> Message | None:
    """The message after its step; None when it waited no longer. Dispatch reads the consent again."""
    now = ports.now()
    message = ports.store.message(ref, consistent=True)
    if message is None:
        return None
    settings = resolve(find_organization(ref.org_id, ports).settings)
    leaves = plan(settings, recipient=find_recipient(message, ports), now=now)
    if leaves.failure is not None:
        skip = leaves.failure
        return ports.store.move(
            ref, ended(now=now, to=Status.SKIPPED, code=skip.code, detail=skip.message, leaves=AWAITING)
        )
    if leaves.hold is not None:
        return ports.store.move(ref, held(now=now, hold=leaves.hold, leaves=AWAITING))
    return ports.store.move(ref, queued(now=now, detail="The contact opted in."))
