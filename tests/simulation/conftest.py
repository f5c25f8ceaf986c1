"""The simulation logs and counts nothing: what it has to say stands in its history."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from engage_sms.edge.telemetry import logger


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)
