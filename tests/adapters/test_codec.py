"""Entities come back from their plain form as they were."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.adapters.codec import from_plain, to_plain
from engage_sms.domain.directory import Organization
from engage_sms.domain.message import Failure, Hold, Message, TraceEntry
from tests.contracts.entities import NOW, organization

INSTANTS = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MESSAGES = st.builds(
    Message,
    created_at=INSTANTS,
    sent_at=st.none() | INSTANTS,
    hold=st.none() | st.builds(Hold, until=INSTANTS),
    error=st.none() | st.builds(Failure),
    media_urls=st.lists(st.text(), max_size=2).map(tuple),
    source=st.dictionaries(st.text(), st.text(), max_size=2),
    trace=st.lists(st.builds(TraceEntry, at=INSTANTS), max_size=4).map(tuple),
)


@given(MESSAGES)
def test_a_message_comes_back_as_it_was(message: Message) -> None:
    """Whatever its fields, and through JSON, which knows neither tuples nor instants."""
    plain = json.loads(json.dumps(to_plain(message)))

    assert from_plain(plain, Message) == message


def test_what_has_its_default_is_left_out_and_what_is_unknown_left_aside() -> None:
    """Items stay small, and an item of a later version can still be read."""
    plain = to_plain(organization())

    assert "version" not in plain
    assert from_plain({**plain, "from_a_later_version": 1}, Organization) == organization()


def test_instants_are_text_that_sorts() -> None:
    """Microseconds always have six digits."""
    assert to_plain(NOW.replace(microsecond=0)) == "2026-07-15T15:00:00.000000Z"


def test_a_type_that_no_document_can_hold_is_refused() -> None:
    """Before anything is read in it."""

    @dataclass(frozen=True)
    class Strange:
        numbers: complex

    with pytest.raises(TypeError, match="complex"):
        from_plain({"numbers": 1}, Strange)


@pytest.mark.parametrize("value", [{1, 2}, object()])
def test_a_value_that_no_document_can_hold_is_refused(value: Any) -> None:
    """It would come back as something else."""
    with pytest.raises(TypeError):
        to_plain(value)
