"""The demonstration organization goes on living: what it holds leaves, and its nights are pulled."""

from __future__ import annotations

from datetime import timedelta

from engage_sms.domain.message import Status
from infra.local.demonstration import ORGANIZATION, populate
from infra.local.system import System


def test_what_it_holds_leaves_at_the_opening_and_the_night_agrees(starting: System) -> None:
    """A day later nothing is held, nothing has failed, and the pulled usage matches our own count."""
    populate(starting)
    starting.begin()
    starting.engine.advance_to(starting.clock.now() + timedelta(days=1, hours=2))
    store = starting.ports.store
    contacts = store.contacts(ORGANIZATION, limit=100).items
    messages = [m for c in contacts for m in store.messages(ORGANIZATION, c.owner_id, c.id).items]
    day = starting.clock.now().date() - timedelta(days=1)
    (pulled,) = store.usage(ORGANIZATION, day, day)

    assert Status.HELD not in {message.status for message in messages}
    assert not any(starting.dead_letters().values())
    assert pulled.segments == pulled.ledger_segments
