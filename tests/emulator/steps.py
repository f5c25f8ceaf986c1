"""What a run did, step by step, and how long each took in real time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """Kept for the table at the end of the run."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.taken: list[tuple[str, float]] = []

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A step that ends without an error counts as done."""
        began = time.perf_counter()
        yield
        self.taken.append((what, time.perf_counter() - began))

    def lines(self) -> Iterator[str]:
        """The table."""
        yield f"{self.title}: {sum(seconds for _, seconds in self.taken):.1f} s"
        for what, seconds in self.taken:
            yield f"  {seconds:6.1f} s  {what}"
