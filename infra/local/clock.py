"""The time on this machine, as everything in the process sees it: it goes on by itself, and can be put ahead."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import time_machine


class LocalClock:
    """Owns the process's time from `start` to `stop`. With `runs=False` it stands still between calls of `move_to`."""

    def __init__(self, at: datetime | None = None, *, runs: bool = True) -> None:
        self._travel = time_machine.travel((at or datetime.now(UTC)).astimezone(UTC), tick=runs)
        self._traveller: time_machine.Traveller | None = None
        self._moving = threading.Lock()

    def start(self) -> None:
        self._traveller = self._travel.start()

    def stop(self) -> None:
        self._travel.stop()
        self._traveller = None

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

    def move_to(self, instant: datetime) -> None:
        """Puts the time ahead to `instant` (aware); one that is over already changes nothing: time never goes back."""
        if self._traveller is None:
            raise RuntimeError("The clock has not been started.")
        with self._moving:
            ahead = instant - self.now()
            if ahead > timedelta(0):
                self._traveller.shift(ahead)
