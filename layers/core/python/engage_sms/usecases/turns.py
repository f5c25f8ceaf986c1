"""All organizations, one after another, for as long as a clock-started function has time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime

from engage_sms.domain.directory import Organization
from engage_sms.ports import Ports


class Turns:
    """In another order at each run, so that runs too short for all still reach every organization before long."""

    def __init__(self, until: datetime, ports: Ports) -> None:
        """No turn begins at `until` or later. Reads the organizations at once."""
        self._until = until
        self._ports = ports
        self._left = list(ports.store.organizations())
        random.Random(ports.now().timestamp()).shuffle(self._left)  # noqa: S311  an order, not a secret

    def __iter__(self) -> Iterator[Organization]:
        while self._left and self._ports.now() < self._until:
            yield self._left.pop()

    @property
    def missed(self) -> int:
        """How many had no turn: after the last one, those that the time was too short for."""
        return len(self._left)
