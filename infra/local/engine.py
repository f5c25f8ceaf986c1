"""What AWS and Twilio do between the functions: each source takes what is due now, the engine moves the clock.

step        every source does what is due at this instant
settle      steps until nothing is due, going along with what is due within seconds
advance_to  settles, puts the clock to the next moment at which anything is due, and so on up to the instant
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from infra.local.clock import LocalClock

SOON = timedelta(seconds=5)
"""What is due so soon belongs to what is happening now: `settle` puts the clock ahead rather than wait for it."""
MOMENT = timedelta(milliseconds=1)
MOST_STEPS = 100_000
IDLE = 1.0
"""Seconds after which the background thread looks again, whether or not anything woke it."""
errors = logging.getLogger("engage_sms.local.errors")


class Source(Protocol):
    """One thing that starts functions."""

    patient: bool
    """Whether `settle` leaves its future alone: schedules tick for ever."""

    def run_due(self) -> bool:
        """Does what is due now; whether there was anything."""

    def next_due(self) -> datetime | None:
        """The next instant at which something is due, which may be over already; None when nothing is planned."""


class NeverSettles(Exception):
    """Something is due at once, again and again."""


class Engine:
    """Drives the sources: by hand, or in a thread of its own between `start` and `stop`."""

    def __init__(self, sources: Sequence[Source], clock: LocalClock) -> None:
        self.sources = tuple(sources)
        self._clock = clock
        self._one_driver = threading.RLock()
        self._news = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def step(self) -> bool:
        """Does everything that is due now, once; whether there was anything."""
        with self._one_driver:
            did = [source.run_due() for source in self.sources]
            return any(did)

    def run_now(self) -> None:
        """Steps until nothing is due at this instant. Raises NeverSettles."""
        with self._one_driver:
            for _ in range(MOST_STEPS):
                if not self.step():
                    return
        raise NeverSettles(f"Something is still due after {MOST_STEPS} steps.")

    def settle(self) -> datetime:
        """The instant at which nothing is due any more, neither now nor within seconds. Raises NeverSettles."""
        with self._one_driver:
            for _ in range(MOST_STEPS):
                self.run_now()
                due = self._next_due(patient=False)
                if due is None or due > self._clock.now() + SOON:
                    return self._clock.now()
                self._go_on_to(due)
        raise NeverSettles(f"Something is still due after {MOST_STEPS} moments.")

    def advance_to(self, instant: datetime) -> datetime:
        """Lets everything until `instant` (aware) happen in its order; gives the time it then is."""
        with self._one_driver:
            self.run_now()
            while (due := self.next_due()) is not None and due <= instant:
                self._go_on_to(due)
                self.run_now()
            self._clock.move_to(instant)
            self.run_now()
            return self._clock.now()

    def next_due(self) -> datetime | None:
        """The next instant at which anything is due."""
        return self._next_due(patient=True)

    def _go_on_to(self, due: datetime) -> None:
        """A source that was due and did nothing is asked again a moment later."""
        self._clock.move_to(max(due, self._clock.now() + MOMENT))

    def _next_due(self, *, patient: bool) -> datetime | None:
        dues = [source.next_due() for source in self.sources if patient or not source.patient]
        return min((due for due in dues if due is not None), default=None)

    # --- in the background ---

    def start(self) -> None:
        """Runs by itself from now on, in real time."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Runs by itself no more; waits for the step it is in."""
        self._stopping = True
        self._news.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """Something happened that may have made something due."""
        self._news.set()

    def _run(self) -> None:
        while not self._stopping:
            self._news.clear()
            try:
                if self.step():
                    continue
                due = self.next_due()
            except Exception:  # noqa: BLE001  one failed step must not end the engine
                # The system goes on: what failed is tried again at the next look.
                errors.exception("A step of the engine failed")
                due = None
            wait = IDLE if due is None else min(IDLE, (due - self._clock.now()).total_seconds())
            self._news.wait(max(0.001, wait))
