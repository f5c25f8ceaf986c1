"""Twilio reported what became of a message."""

from __future__ import annotations

from dataclasses import dataclass

from engage_sms.domain.message import MessageRef, reported
from engage_sms.ports import Ports


@dataclass(frozen=True, kw_only=True)
class RecordStatus:
    """`status` and `error_code` in Twilio's words."""

    ref: MessageRef
    sid: str
    status: str
    error_code: str | None = None


def record_status(command: RecordStatus, ports: Ports) -> None:
    """Moves the message forward if the report adds anything; late, repeated and disordered reports change nothing."""
    step = reported(now=ports.now(), twilio_status=command.status, sid=command.sid, error_code=command.error_code)
    if step is not None:
        ports.store.move(command.ref, step)
