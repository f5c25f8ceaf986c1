"""Whose a number is."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.directory import Number, Ownership, ownership

NOW = datetime(2026, 7, 15, 15, tzinfo=UTC)
SIDS = st.sampled_from(["PN1", "PN2"])


@given(sid=SIDS, recorded=SIDS, released=st.booleans())
def test_a_record_speaks_only_of_the_number_it_was_written_for(sid: str, recorded: str, released: bool) -> None:
    """A phone that was bought again under another sid is free, whatever became of the earlier number."""
    number = Number(
        phone="+14155550123",
        org_id="acme",
        user_id="ann",
        sid=recorded,
        provisioned_at=NOW,
        released_at=NOW if released else None,
    )
    said = ownership(number, sid)

    assert (said is Ownership.FREE) == (sid != recorded)
    assert said is Ownership.FREE or (said is Ownership.GIVEN_BACK) == released


def test_a_number_without_a_record_is_free() -> None:
    """Bought, and not yet assigned."""
    assert ownership(None, "PN1") is Ownership.FREE
