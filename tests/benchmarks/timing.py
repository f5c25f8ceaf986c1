"""How long one call takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

ROUNDS = 15


def microseconds(call: Callable[[], object], *, calls: int = 500) -> float:
    """The median over rounds of one call's mean processor time: what else runs on the machine hardly shows."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(calls):
            call()
        rounds.append((time.process_time() - start) / calls * 1e6)
    return statistics.median(rounds)
