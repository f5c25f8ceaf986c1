"""A turn for one automated message: at most so many a second for each organization, whoever dispatches."""

from __future__ import annotations

from datetime import datetime, timedelta

from engage_sms.domain.directory import Organization
from engage_sms.domain.pace import SECOND, floor
from engage_sms.domain.settings import resolve
from engage_sms.errors import Retryable
from engage_sms.ports import Ports

LONGEST_WAIT = timedelta(seconds=3)
"""How far ahead a turn is looked for: a queue delivers a second or two beside the slot."""


def take_turn(organization: Organization, ports: Ports, *, patience: timedelta) -> datetime | None:
    """The second in which the message may leave, now or soon; None when all turns within the patience are taken.

    Each try is one conditional write on the counter of that second; a lost answer wastes a turn and never adds one:

        m1  13:00:00  1 of 2 ✓
        m2  13:00:00  2 of 2 ✓
        m3  13:00:00  full ✗ ─► 13:00:01  1 of 2 ✓ ─► waits for 13:00:01
    """
    rate = resolve(organization.settings).throughput_messages_per_second
    now = ports.now()
    latest = now + max(timedelta(0), min(patience, LONGEST_WAIT))
    turn = floor(now, SECOND)
    while turn <= latest:
        try:
            if ports.store.take_turn(organization.id, turn, rate=rate):
                return turn
        except Retryable:
            return None
        turn += SECOND
    return None
