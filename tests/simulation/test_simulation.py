"""Thousands of histories, each drawn from a seed: whatever happens when, the promises hold.

A history that fails here is told, shortened to what it takes, by `python -m tests.simulation --seed N`.
"""

from __future__ import annotations

from collections import Counter

import pytest

from engage_sms.domain.message import Status
from tests.simulation.actions import ACTIONS
from tests.simulation.checks import check
from tests.simulation.play import draw_plan, play, shrink
from tests.simulation.story import tell
from tests.simulation.trouble import KINDS

HISTORIES, CHUNK = 2000, 40
REACHED = 200
"""Histories in which everything that may happen has happened."""


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, HISTORIES, CHUNK))
def test_the_promises_hold(first: int) -> None:
    """Crashes, repeats, silences and races in any order: nothing is lost, doubled, too early, too late or too much."""
    for seed in range(first, first + CHUNK):
        history = play(seed)
        if check(history):
            plan = shrink(seed, draw_plan(seed))
            shortest = play(seed, plan)
            pytest.fail(tell(shortest, check(shortest)), pytrace=False)

        assert history.ended is not None


@pytest.mark.no_cover
def test_the_same_seed_is_the_same_history() -> None:
    """A finding can be told again: every event comes at the same instant."""
    first, second = (tell(play(7), []) for _ in range(2))

    assert first == second


@pytest.mark.no_cover
def test_everything_that_may_happen_happens() -> None:
    """Every action, every kind of fault and every state occurs: none of them is there for show."""
    actions: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    states: Counter[Status] = Counter()
    for seed in range(HISTORIES, HISTORIES + REACHED):
        history = play(seed)
        actions += history.actions
        faults += history.faults
        states += Counter(message.status for changes in history.messages.values() for _, message in changes)

    shown = {kind for kind, chance in KINDS.items() if chance < 1}
    assert {kind.__name__ for kind, _ in ACTIONS} - actions.keys() == set()
    assert shown - faults.keys() == set()
    assert set(Status) - states.keys() == set()
