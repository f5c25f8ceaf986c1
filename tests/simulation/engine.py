"""Time and interleaving: everything happens in one thread, in an order that the seed decides.

A task is a running piece of work (a Lambda function that was started, a webhook that Twilio posts). It is a greenlet:
at every call of a port it may pause, and others go on meanwhile, as they would in the cloud. Nothing else pauses it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

MOST_EVENTS = 60_000
"""More than any history needs: beyond it something goes round in circles."""


class Crash(BaseException):
    """The process is gone: no handler of exceptions sees it."""


@dataclass
class Task:
    """What runs: the function's name, when Lambda ends it, and how many calls of ports it has made."""

    name: str
    started: datetime
    ends: datetime | None = None
    calls: int = 0
    running: bool = True


class Engine:
    """The agenda of what happens when. `now` moves only from one entry to the next, or with a pause."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.idle: Callable[[datetime], datetime | None] = lambda _: None
        """When something that is not on the agenda comes next; asked before time goes on."""
        self._agenda: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = count()
        self._until = start
        self._main = getcurrent()
        self._events = 0

    # --- the agenda ---

    def at(self, when: datetime, do: Callable[[], object]) -> None:
        heapq.heappush(self._agenda, (max(when, self.now), next(self._order), do))

    def after(self, seconds: float, do: Callable[[], object]) -> None:
        self.at(self.now + timedelta(seconds=seconds), do)

    def next_at(self) -> datetime | None:
        return self._agenda[0][0] if self._agenda else None

    def run(self, until: datetime) -> None:
        """Everything that is due up to the instant happens; then it is that instant."""
        self._until = until
        while True:
            self.idle(until)
            if not self._agenda or self._agenda[0][0] > until:
                break
            self._events += 1
            if self._events > MOST_EVENTS:
                raise AssertionError("The system goes round in circles.")
            self.now, _, do = heapq.heappop(self._agenda)
            do()
        self.now = max(self.now, until)

    # --- tasks ---

    def spawn(self, name: str, work: Callable[[], object]) -> Task:
        """Starts the work now: at once, or when the task that asks for it pauses next."""
        task = Task(name, self.now)

        def body() -> None:
            try:
                work()
            except Crash:
                pass
            finally:
                task.running = False

        thread = greenlet(body, parent=self._main)
        thread.task = task  # type: ignore[attr-defined]
        if self.task is None:
            self._resume(thread)
        else:
            self.at(self.now, lambda: self._resume(thread))
        return task

    @property
    def task(self) -> Task | None:
        """The task that runs now; None outside of any."""
        return getattr(getcurrent(), "task", None)

    def pause(self, seconds: float) -> None:
        """The running task waits; others go on. Raises Crash when its function's time is over before."""
        me = getcurrent()
        task: Task | None = getattr(me, "task", None)
        if task is None:
            return
        wake = self.now + timedelta(seconds=max(0.0, seconds))
        dies = task.ends is not None and wake >= task.ends
        if dies and task.ends is not None:
            wake = task.ends
        if (self._agenda and self._agenda[0][0] <= wake) or wake > self._until:
            self.at(wake, lambda: self._resume(me))
            self._main.switch()
        else:
            self.now = wake
        if dies:
            raise Crash

    def _resume(self, thread: Any) -> None:
        thread.parent = self._main
        thread.switch()
