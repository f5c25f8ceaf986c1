"""Our tags at Twilio fit, tell apart what is different, and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.message import MessageRef
from engage_sms.domain.naming import LONGEST, number_tag, organization_tag, parse_reference, reference

IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)


@given(IDS, IDS)
def test_tags_fit(org_id: str, user_id: str) -> None:
    """Twilio takes 64 characters; short tags stay readable."""
    for tag, plain in (
        (organization_tag(org_id), f"engage-sms {org_id}"),
        (number_tag(org_id, user_id), f"engage-sms {org_id} {user_id}"),
    ):
        assert len(tag) <= LONGEST
        assert tag == plain or len(plain) > LONGEST


@given(st.lists(st.tuples(IDS, IDS), unique=True, min_size=2, max_size=8))
def test_different_users_have_different_tags(pairs: list[tuple[str, str]]) -> None:
    """A number is never found under somebody else's tag."""
    assert len({number_tag(*pair) for pair in pairs}) == len(pairs)


@given(IDS, IDS, IDS, IDS)
def test_a_reference_reads_back(org_id: str, user_id: str, contact_id: str, message_id: str) -> None:
    """What rides in the callback's URL finds the same message."""
    ref = MessageRef(org_id, user_id, contact_id, message_id)

    assert parse_reference(org_id, reference(ref)) == ref


@pytest.mark.parametrize(
    "text", ["", "a", "a.b", "a.b.c.d", "a..c", ".b.c", "a.b.", "a#.b.c", "a.b.c\n", "a.b." + "c" * 65]
)
def test_anything_else_is_no_reference(text: str) -> None:
    """A reference that was tampered with is refused."""
    with pytest.raises(ValueError):
        parse_reference("o1", text)
