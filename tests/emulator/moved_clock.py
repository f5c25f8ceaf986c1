"""A clock that stands where a test wants it, for this process, the emulator and its functions alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import time_machine

FOLLOWERS = Path(__file__).parent / "clock"
"""On PYTHONPATH it makes a Python follow the clock that CLOCK_AHEAD_FILE tells of."""


class MovedClock:
    """Ticks as time does, and leaps when told to. Never goes back."""

    def __init__(self, file: Path, travelling: time_machine.Traveller, ahead: float) -> None:
        self.environment = {"PYTHONPATH": str(FOLLOWERS), "CLOCK_AHEAD_FILE": str(file)}
        """What makes another process follow."""
        self._file = file
        self._travelling = travelling
        self._ahead = ahead
        self._write()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def leap(self, seconds: float) -> None:
        """Everything that was to happen within these seconds is due now."""
        self._ahead += seconds
        self._travelling.shift(seconds)
        self._write()

    def _write(self) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(repr(self._ahead))
        fresh.replace(self._file)


@contextmanager
def moved_to(instant: datetime, file: Path) -> Iterator[MovedClock]:
    """From now on it is `instant`, until the end."""
    ahead = instant.timestamp() - time.time()
    traveller = time_machine.travel(instant, tick=True)
    try:
        yield MovedClock(file, traveller.start(), ahead)
    finally:
        traveller.stop()
