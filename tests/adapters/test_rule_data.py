"""Nothing starts without the legal hours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engage_sms.adapters.rule_data import check_rule_data
from engage_sms.domain import legal_hours as law
from engage_sms.errors import Permanent


@pytest.fixture(autouse=True)
def read_again() -> Iterator[None]:
    """Each test reads the data anew, and leaves none of its own behind."""
    law.legal_hours.cache_clear()
    yield
    law.legal_hours.cache_clear()


def test_the_shipped_data_can_be_read() -> None:
    """The product starts with the file it ships."""
    check_rule_data()

    assert law.legal_hours().rows


@pytest.mark.parametrize("content", [None, b"", b"version = 1", b"\xff\xfe"])
def test_data_that_cannot_be_read_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    """A file that is missing, empty, wrong or no text: one sentence that names it."""
    file = tmp_path / "legal_hours.toml"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(law, "FILE", file)
    with pytest.raises(Permanent) as stop:
        check_rule_data()

    assert str(stop.value).startswith("Restore the rule data legal_hours.toml, which cannot be read: ")
