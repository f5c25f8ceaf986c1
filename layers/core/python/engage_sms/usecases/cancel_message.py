"""A user takes back a message that still waits."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.message import WAITING, Message, MessageRef, Status, ended
from engage_sms.errors import NotFound, Rejected
from engage_sms.ports import Ports


class CancelMessage(NamedTuple):
    ref: MessageRef


def cancel_message(command: CancelMessage, ports: Ports) -> Message:
    """The message, cancelled. Raises Rejected `not-held` when it no longer waits.

    Against dispatch only one of the two conditional writes wins:

        cancel    held ─► cancelled ✓
        dispatch  held ───────────► sending ✗ (not held any more) ─► nothing is sent
    """
    step = ended(
        now=ports.now(), to=Status.CANCELLED, code="cancelled", detail="Cancelled by the user.", leaves=WAITING
    )
    message = ports.store.move(command.ref, step)
    if message is not None:
        return message
    if ports.store.message(command.ref, consistent=True) is None:
        raise NotFound("message")
    raise Rejected("not-held", "The message waits no longer, so it cannot be cancelled.")
