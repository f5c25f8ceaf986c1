"""The clock and the ids."""

from __future__ import annotations

from datetime import UTC, timedelta

from ulid import ULID

from engage_sms.adapters.system import new_id, utc_now


def test_the_clock_knows_its_zone() -> None:
    """Instants are aware and in UTC, and do not run backwards."""
    first, second = utc_now(), utc_now()

    assert first.tzinfo is UTC
    assert first <= second


def test_ids_sort_by_when_they_were_made() -> None:
    """Also those of one millisecond; each carries its instant."""
    before = utc_now()
    ids = [new_id() for _ in range(2000)]

    assert ids == sorted(set(ids))
    assert abs(ULID.from_str(ids[0]).datetime - before) < timedelta(minutes=1)
