"""Contacts by what the legal hours depend on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.audience import Audience, audience_of, moves
from engage_sms.domain.directory import Contact
from engage_sms.domain.recipient import recipient_of

ZONES = st.lists(st.sampled_from(("America/Chicago", "Etc/GMT+5", "America/Port-au-Prince", "UTC")), min_size=1)
STATES = st.lists(st.sampled_from(("AL", "IN", "NY", "ON")), min_size=1)


def contact(**fields: Any) -> Contact:
    given_ = {"cell_phone": "+12195550100", "created_at": datetime(2026, 1, 1, tzinfo=UTC)} | fields
    return Contact(id="c-1", org_id="acme", owner_id="u-1", first_name="Bo", last_name="Diaz", **given_)


@given(zones=ZONES, states=STATES)
def test_a_name_says_all(zones: list[str], states: list[str]) -> None:
    """An audience comes back from its name, which can stand in a key of the table."""
    audience = Audience(tuple(zones), tuple(states))

    assert Audience.named(audience.name) == audience
    assert "#" not in audience.name


@pytest.mark.parametrize(
    "known",
    [{}, {"time_zone": "America/Denver"}, {"state": "NY"}, {"postal_code": "99501"}, {"cell_phone": "+18005550100"}],
)
def test_a_contact_counts_where_the_hours_look_for_it(known: dict[str, Any]) -> None:
    """The same zones and states as when a message to it is planned, also for a phone that could be anywhere."""
    somebody = contact(**known)
    audience = audience_of(somebody)
    recipient = recipient_of(somebody, somebody.cell_phone or "")

    assert audience is not None
    assert (audience.recipient().zones, audience.recipient().states) == (recipient.zones, recipient.states)


def test_without_a_cell_phone_nobody_counts() -> None:
    """Nothing is ever sent there, whatever the address."""
    assert audience_of(contact(cell_phone=None, state="NY")) is None


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"first_name": "Ben", "owner_id": "u-2", "email": "b@x.example", "version": 9}, False),
        ({"cell_phone": "+12125550100"}, True),
        ({"cell_phone": None}, True),
        ({"time_zone": "America/Denver"}, True),
        ({"state": "NY"}, True),
        ({"postal_code": "10001"}, True),
    ],
)
def test_a_contact_moves_with_what_says_where_it_is(change: dict[str, Any], moved: bool) -> None:
    """A new name or owner moves nobody."""
    before = contact()
    after = Contact(**{**vars(before), **change})

    assert moves(before, after) is moved
