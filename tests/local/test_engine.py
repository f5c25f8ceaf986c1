"""The engine: what is due happens in its order, and the clock moves between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.clock import LocalClock
from infra.local.engine import SOON, Engine

START = datetime(2026, 7, 15, 15, tzinfo=UTC)


class Agenda:
    """A source whose moments are given; it notes when each was done."""

    def __init__(self, *seconds: float, patient: bool = False) -> None:
        self.patient = patient
        self.planned = sorted(START + timedelta(seconds=second) for second in seconds)
        self.done: list[tuple[datetime, datetime]] = []
        self.ran = threading.Event()

    def next_due(self) -> datetime | None:
        return self.planned[0] if self.planned else None

    def run_due(self) -> bool:
        now = LocalClock.now()
        due = [moment for moment in self.planned if moment <= now]
        self.done += [(moment, now) for moment in due]
        self.planned = [moment for moment in self.planned if moment > now]
        self.ran.set()
        return bool(due)


@pytest.fixture
def clock() -> Iterator[LocalClock]:
    """A clock of the process that stands still."""
    clock = LocalClock(START, runs=False)
    clock.start()
    yield clock
    clock.stop()


@given(st.lists(st.integers(0, 100_000), max_size=20), st.lists(st.integers(0, 100_000), max_size=20))
def test_everything_until_the_instant_happens_at_its_own_time(first: list[int], second: list[int]) -> None:
    """Advancing passes through every due moment of every source, in order, and ends at the instant."""
    clock = LocalClock(START, runs=False)
    clock.start()
    try:
        sources = [Agenda(*first), Agenda(*second, patient=True)]
        end = Engine(sources, clock).advance_to(START + timedelta(seconds=50_000))
    finally:
        clock.stop()
    done = [entry for source in sources for entry in source.done]

    assert end == START + timedelta(seconds=50_000)
    assert all(due == at for due, at in done)
    assert len(done) == sum(second <= 50_000 for second in [*first, *second])


def test_settling_goes_along_with_what_is_due_within_seconds(clock: LocalClock) -> None:
    """A callback a second away belongs to now; an opening tomorrow and a schedule's tick do not."""
    soon, later, ticking = Agenda(0, 1, 2), Agenda(86_400), Agenda(1, patient=True)
    now = Engine([soon, later, ticking], clock).settle()

    assert now == START + timedelta(seconds=2)
    assert (len(soon.done), later.done) == (3, [])
    assert timedelta(minutes=1) > SOON


def test_time_never_goes_back(clock: LocalClock) -> None:
    """Moving to an instant that is over changes nothing."""
    clock.move_to(START - timedelta(days=1))

    assert clock.now() == START


def test_in_the_background_it_is_woken_by_news(clock: LocalClock) -> None:
    """What becomes due is done without anybody asking, and stopping waits for the step."""
    source = Agenda()
    engine = Engine([source], clock)
    engine.start()
    try:
        assert source.ran.wait(5)
        source.ran.clear()
        source.planned = [START]
        engine.wake()
        assert source.ran.wait(5)
    finally:
        engine.stop()

    assert [due for due, _ in source.done] == [START]


def test_a_step_that_fails_does_not_end_the_engine(clock: LocalClock, caplog: pytest.LogCaptureFixture) -> None:
    """It is reported, and the next look tries again."""

    class Failing(Agenda):
        def run_due(self) -> bool:
            first = not self.ran.is_set()
            super().run_due()
            if first:
                raise ZeroDivisionError
            again.set()
            return False

    again = threading.Event()
    engine = Engine([Failing()], clock)
    engine.start()
    try:
        assert again.wait(5)
    finally:
        engine.stop()

    assert "A step of the engine failed" in caplog.text
