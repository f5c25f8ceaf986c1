"""What becomes of a held message when it is planned again: it stays, moves to another opening, or ends."""

from __future__ import annotations

from datetime import datetime

from engage_sms.domain.brake import PAUSED, REFUSED
from engage_sms.domain.due import Opening
from engage_sms.domain.message import Message, Status, Transition, ended, held
from engage_sms.domain.pace import THROUGHPUT, WAVE, turn_hold
from engage_sms.domain.planning import Plan
from engage_sms.domain.settings import Settings

_HELD = frozenset({Status.HELD})


def replanned(
    message: Message, opening: Opening, leaves: Plan, settings: Settings, *, now: datetime
) -> Transition | None:
    """The step that `leaves`, the plan made anew at `now`, means for a message of the opening; None when it stays."""
    hold = message.hold
    if message.status is not Status.HELD or hold is None or hold.until != opening.opens_at:
        return None
    if message.expires_at is not None and now >= message.expires_at:
        return expired(now, leaves=_HELD)
    if hold.rule in {PAUSED, REFUSED} and opening.begins > now:
        return None
    if leaves.failure is not None:
        failure = leaves.failure
        return ended(now=now, to=Status.SKIPPED, code=failure.code, detail=failure.message, leaves=_HELD)
    in_line = opening.begins <= now or (hold.rule == THROUGHPUT and opening.begins <= now + WAVE)
    if leaves.hold is None and in_line:
        return None
    after = leaves.hold or turn_hold(settings.throughput_messages_per_second, now)
    return None if after.until == hold.until else held(now=now, hold=after, leaves=_HELD)


def expired(now: datetime, *, leaves: frozenset[Status]) -> Transition:
    """The end of a message that could not leave before it expired."""
    detail = "It could not leave before it expired."
    return ended(now=now, to=Status.EXPIRED, code="expired", detail=detail, leaves=leaves)
