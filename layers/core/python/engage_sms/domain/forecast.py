"""When what is held will be through at an organization's rate, and what each window is too short for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from engage_sms.domain.pace import last_slot, room
from engage_sms.domain.planning import LAST_CALL
from engage_sms.domain.window import Rule, next_closing, next_opening

MOST_WAVES = 100
"""Openings that are looked at; by then everything held has long expired."""


class Wave(NamedTuple):
    """What one opening lets go: `held` for it, and `rolled_in` from those before that were too short.

    The first leaves at `starts_at`, the last before the closing at `through_at`; both are None where none can leave.
    `rolls_over` wait for the next opening, if there is one within 8 days.
    """

    opens_at: datetime
    starts_at: datetime | None
    closes_at: datetime | None
    through_at: datetime | None
    held: int
    rolled_in: int
    rolls_over: int

    @property
    def fits(self) -> bool:
        """Whether the window is long enough."""
        return self.rolls_over == 0


def forecast(window: Rule, rate: int, held: Mapping[datetime, int], now: datetime) -> tuple[Wave, ...]:
    """The waves of what is `held` by opening, by the organization's own window, earliest first.

    A recipient's hours may hold single messages longer; fresh messages may come in between.
    """
    waiting, free_at = dict(held), now
    waves: list[Wave] = []
    while waiting and len(waves) < MOST_WAVES:
        opens_at = min(waiting)
        messages = waiting.pop(opens_at)
        wave = _wave(window, rate, opens_at, messages, held.get(opens_at, 0), max(opens_at, now), free_at)
        waves.append(wave)
        if wave.through_at is not None:
            free_at = last_slot(rate, wave.through_at, 2)
        if wave.rolls_over and wave.closes_at is not None:
            following = next_opening((window,), wave.closes_at)
            if following is not None:
                waiting[following] = waiting.get(following, 0) + wave.rolls_over
    return tuple(waves)


def _wave(
    window: Rule, rate: int, opens_at: datetime, messages: int, held: int, earliest: datetime, free_at: datetime
) -> Wave:
    """One wave of so many messages, no earlier than `earliest` and `free_at`."""
    open_at = next_opening((window,), earliest)
    closes_at = next_closing((window,), open_at) if open_at else None
    starts_at = max(open_at, free_at) if open_at else None
    goes = messages if starts_at else 0
    if starts_at and closes_at:
        goes = min(messages, room(rate, starts_at, closes_at - LAST_CALL))
    return Wave(
        opens_at=opens_at,
        starts_at=starts_at if goes else None,
        closes_at=closes_at,
        through_at=last_slot(rate, starts_at, goes) if starts_at and goes else None,
        held=held,
        rolled_in=messages - held,
        rolls_over=messages - goes,
    )
