"""Twilio reported what became of a message."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.brake import ACCOUNT_LEVEL
from engage_sms.domain.message import FINAL, MessageRef, Status, advance, reported
from engage_sms.ports import Ports
from engage_sms.usecases.trip_breaker import trip_breaker


class RecordStatus(NamedTuple):
    """`status` and `error_code` in Twilio's words."""

    ref: MessageRef
    sid: str
    status: str
    error_code: str | None = None


def record_status(command: RecordStatus, ports: Ports) -> None:
    """Moves the message forward if the report adds anything; late, repeated and disordered reports change nothing.

    Most reports repeat what is known, so a cheap read comes before the conditional write. States only move forward: a
    stale read that shows the report as known is right, and any other is decided by the write. An error that concerns
    the whole account opens the organization's breaker.
    """
    step = reported(now=ports.now(), twilio_status=command.status, sid=command.sid, error_code=command.error_code)
    if step is None:
        return
    message = ports.store.message(command.ref)
    known = message is not None and message.status in FINAL | {Status.SENT} and advance(message, step) is None
    if known:
        return
    moved = ports.store.move(command.ref, step)
    if moved is not None and command.error_code in ACCOUNT_LEVEL:
        trip_breaker(command.ref.org_id, command.error_code, ports)
