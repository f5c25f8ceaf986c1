"""Sending windows never depend on the zones a machine happens to have."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest

from engage_sms.adapters import zones
from engage_sms.domain.window import load_zone
from engage_sms.errors import Permanent


@pytest.fixture(autouse=True)
def pinned_again() -> Iterator[None]:
    """Whatever a test does to the zones is undone."""
    yield
    zoneinfo.reset_tzpath()
    zones.use_pinned_zones()


def test_the_package_is_the_only_source() -> None:
    """After the call `zoneinfo` reads one directory: the package's."""
    zones.use_pinned_zones()

    assert [Path(each).parts[-2:] for each in zoneinfo.TZPATH] == [("tzdata", "zoneinfo")]
    assert load_zone("America/Vancouver").key == "America/Vancouver"


def test_an_outdated_database_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zones from before the changes of 2026 would text an hour early: nothing starts with them."""
    zone, at, offset = zones._CHECK
    monkeypatch.setattr(zones, "_CHECK", (zone, at, offset * 2))

    with pytest.raises(Permanent, match="tzdata"):
        zones.use_pinned_zones()


def test_a_missing_package_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says what to install."""
    monkeypatch.setattr(zones, "find_spec", lambda _: None)

    with pytest.raises(Permanent, match="Install the tzdata package"):
        zones.use_pinned_zones()
