"""Nothing starts without the legal hours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engage_sms.adapters.rule_data import check_rule_data
from engage_sms.domain import legal_hours as law
from engage_sms.errors import Permanent
from infra.local import command


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


def test_the_local_system_stops_with_the_same_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and exit code 1, no traceback."""
    monkeypatch.setattr(law, "FILE", tmp_path / "legal_hours.toml")

    assert command._run(0, at=None, empty=True) == 1
    assert capsys.readouterr().err.startswith("Restore the rule data legal_hours.toml, which cannot be read: ")
