"""A held message keeps to the hours of where its contact is when it is to leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engage_sms.domain.message import Status
from engage_sms.usecases.accept_journey_step import accept_journey_step
from tests.usecases.test_journeys import STEP
from tests.world import CLOSED, NEXT_OPENING, World


@pytest.mark.parametrize("known", [{"time_zone": "America/Los_Angeles"}, {"state": "CA"}, {"postal_code": "94105"}])
def test_a_contact_who_moved_while_it_was_held_is_not_woken(opted_in: World, known: dict[str, str]) -> None:
    """Held for 8:00 in Chicago; by then the contact is known to be in California: it leaves at 8:00 there."""
    opted_in.pass_time(CLOSED)
    held = accept_journey_step(STEP, opted_in.ports)
    assert held is not None
    opted_in.contact("c-1", **known)
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=5))
    early = opted_in.message(held)
    opted_in.pass_time(NEXT_OPENING + timedelta(hours=2, seconds=10))
    sent = opted_in.message(held)

    assert early.status is Status.HELD
    assert early.hold is not None
    assert early.hold.until == NEXT_OPENING + timedelta(hours=2)
    assert "America/Los_Angeles" in early.hold.reason
    assert sent.sent_at is not None
    assert sent.sent_at >= NEXT_OPENING + timedelta(hours=2)
