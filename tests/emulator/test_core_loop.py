"""The template as it is, on an independent emulator: everything that README's walk shows happens there too."""

from __future__ import annotations

import pytest

from tests.emulator.core_loop import Loop
from tests.emulator.emulated import Emulated
from tests.emulator.steps import Steps

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("system", ["deployed", "enforcing"], indirect=True)
def test_the_core_loop_runs_on_the_deployed_stack(system: tuple[Emulated, Steps]) -> None:
    """From an organization to a number given back: over HTTP, by real processes, queues, streams and schedules."""
    deployed, steps = system
    Loop(deployed, steps).run()

    assert deployed.dead_letters() == {}
