"""The world that redriven messages come back to."""

import pytest

from tests.world import World


@pytest.fixture
def opted_in() -> World:
    return World().opted_in()
