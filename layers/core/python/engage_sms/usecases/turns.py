"""All organizations, one after another, for as long as a clock-started function has time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from engage_sms.domain.directory import Organization


class Turns:
    """In another order at each run, so that runs too short for all still reach every organization before long."""

    def __init__(self, organizations: Iterable[Organization], *, until: datetime, now: Callable[[], datetime]) -> None:
        """No turn begins at `until` (aware) or later."""
        self._until = until
        self._now = now
        self._left = list(organizations)
        random.Random(now().timestamp()).shuffle(self._left)  # noqa: S311  an order, not a secret

    def __iter__(self) -> Iterator[Organization]:
        while self._left and self._now() < self._until:
            yield self._left.pop()

    @property
    def missed(self) -> int:
        """How many had no turn: after the last one, those that the time was too short for."""
        return len(self._left)
