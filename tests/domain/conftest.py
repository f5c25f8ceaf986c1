"""The rules are tested against the pinned time zones and against vectors kept beside the repository."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engage_sms.adapters.zones import use_pinned_zones

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"


@pytest.fixture(scope="session", autouse=True)
def pinned_zones() -> None:
    """The same answers on every machine, whatever zones it has installed."""
    use_pinned_zones()


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Any]:
    """Reads a vector file. Without it the test is reported as not run; in CI that is a failure."""

    def read(name: str) -> Any:
        path = VECTORS / name
        if not path.exists() and os.environ.get("CI") != "true":
            pytest.skip(f"not run: the vectors ../shared/vectors/{name} are not here")
        return json.loads(path.read_text(encoding="utf-8"))

    return read
