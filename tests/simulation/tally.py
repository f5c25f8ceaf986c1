"""What many histories had in them, added up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.checks import check
from tests.simulation.play import play


@dataclass
class Tally:
    """What some histories had in them, and what was found."""

    histories: int = 0
    sends: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.histories += other.histories
        self.sends += other.sends
        self.actions += other.actions
        self.faults += other.faults
        self.findings += other.findings


def tally(seeds: range) -> Tally:
    total = Tally()
    for seed in seeds:
        history = play(seed)
        found = [(seed, str(finding)) for finding in check(history)]
        total.add(Tally(1, len(history.sends), history.actions, history.faults, found))
    return total
