"""With IAM enforced, what each role may do is what the topology says: tried, not read from the template."""

from __future__ import annotations

import pytest

from engage_sms import topology
from tests.emulator import probe
from tests.emulator.emulated import Emulated
from tests.emulator.steps import Steps

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("system", ["enforcing"], indirect=True)
def test_a_role_may_do_what_the_topology_grants_and_nothing_else(system: tuple[Emulated, Steps]) -> None:
    """Every function's role at every table, queue, parameter, bus, function and log: no other call passes."""
    deployed, steps = system
    tried = list(probe.attempts(deployed))
    with steps.step(f"{len(tried)} attempts by each of {len(topology.FUNCTIONS)} roles"):
        allowed = {each.name: probe.allowed(deployed, each, tried) for each in topology.FUNCTIONS}
    expected = {each.name: probe.granted(each) for each in topology.FUNCTIONS}

    assert allowed == expected
    assert set().union(*expected.values()) <= {each.name for each in tried}
