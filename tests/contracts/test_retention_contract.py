"""What the store promises of texts whose time is over: found by day, removed once, and nothing else is lost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from engage_sms.adapters.store import TableStore
from engage_sms.domain import message as steps
from engage_sms.domain.message import Direction, Failure, Message, Status, TraceEntry, Transition, without_body
from engage_sms.domain.retention import Retention
from engage_sms.ports import Create, Overwrite
from tests.contracts.entities import NOW, OPENING, message, message_id, ref

TODAY = NOW.date()
LATER = NOW + timedelta(days=2)
LEASE = timedelta(seconds=90)
MEDIA = ("https://files.example.com/a.jpg",)
FAILURE = Failure(code="21610", message="Opted out.")


def reported(word: str) -> Transition:
    step = steps.reported(now=LATER, twilio_status=word, sid="SM1")
    assert step is not None
    return step


ENDS: dict[str, tuple[Status, list[Transition]]] = {
    "refused": (Status.SENDING, [steps.refused(now=LATER, failure=FAILURE)]),
    "cancelled before it was due": (
        Status.HELD,
        [steps.ended(now=LATER, to=Status.CANCELLED, code="cancelled", detail="By hand.")],
    ),
    "expired while it awaited consent": (
        Status.AWAITING_OPT_IN,
        [steps.ended(now=LATER, to=Status.EXPIRED, code="expired", detail="Too late.")],
    ),
    "skipped on the queue": (Status.QUEUED, [steps.ended(now=LATER, to=Status.SKIPPED, code="x", detail="No.")]),
    "cancelled at Twilio": (Status.SENDING, [reported("canceled")]),
    "failed at Twilio": (Status.UNKNOWN, [reported("failed")]),
    "never taken": (
        Status.UNKNOWN,
        [Transition(leaves=frozenset({Status.UNKNOWN}), to=Status.FAILED, trace=TraceEntry(at=LATER, event="failed"))],
    ),
    "delivered": (Status.SENDING, [steps.accepted(now=LATER, sid="SM1"), reported("delivered")]),
    "sent, then cancelled": (Status.SENDING, [steps.accepted(now=LATER, sid="SM1"), reported("canceled")]),
}


def found(store: TableStore, day: date) -> list[str]:
    return sorted(each.id for each in store.bodies("acme", day))


def put(store: TableStore, number: int = 1, **fields: Any) -> Message:
    stored = message(number, **{"media_urls": MEDIA} | fields)
    store.commit(Create(stored))
    return stored


@pytest.mark.parametrize("way", ENDS)
def test_a_message_that_ended_is_found_on_the_day_it_left_or_ended(store: TableStore, way: str) -> None:
    """Whatever its end: once, on one day, and only in its organization."""
    begins, path = ENDS[way]
    put(store, status=begins)
    for step in path:
        assert store.move(ref(), step) is not None

    assert found(store, LATER.date()) == [message_id(1)]
    assert found(store, TODAY) == []
    assert list(store.bodies("other", LATER.date())) == []


@pytest.mark.parametrize("status", sorted(steps.ENDED))
def test_a_message_that_was_put_as_ended_is_found(store: TableStore, status: Status) -> None:
    """History from elsewhere, texts that came in, and steps that were skipped from the start."""
    put(store, status=status)

    assert found(store, TODAY) == [message_id(1)]


@pytest.mark.parametrize("status", sorted(set(Status) - steps.ENDED))
def test_what_has_not_ended_is_not_found(store: TableStore, status: Status) -> None:
    """What waits, is on its way or unknown still needs its text."""
    put(store, status=status)

    assert found(store, TODAY) == []


def test_a_message_that_waits_is_not_among_the_ended_and_back(store: TableStore) -> None:
    """The places where messages wait and the days on which they ended are apart: nothing is found twice."""
    put(store, status=Status.HELD)
    store.move(ref(), steps.ended(now=LATER, to=Status.CANCELLED, code="x", detail="By hand."))

    assert store.held("acme", OPENING).items == ()
    assert list(store.ledger("acme", LATER.date())) == []


@pytest.mark.parametrize("status", Status)
def test_a_text_is_removed_as_the_rule_says(store: TableStore, status: Status) -> None:
    """From every state the store and `without_body` agree, answer and state alike; the second time nothing changes."""
    before = put(store, status=status)
    expected = without_body(before, now=LATER)

    assert store.remove_body(ref(), at=LATER) == expected
    assert store.message(ref(), consistent=True) == (expected or before)
    assert store.remove_body(ref(), at=LATER + timedelta(days=1)) is None
    assert store.message(ref(), consistent=True) == (expected or before)


def test_nothing_is_removed_of_what_is_not_there(store: TableStore) -> None:
    """Nor does it come into being."""
    assert store.remove_body(ref(), at=LATER) is None
    assert store.message(ref(), consistent=True) is None


def test_what_was_removed_is_not_found_again_and_still_counted(store: TableStore) -> None:
    """The ledger keeps its line: segments are billed, whatever was said."""
    put(store, status=Status.DELIVERED, segments=3)
    store.remove_body(ref(), at=LATER)

    assert found(store, TODAY) == []
    assert [line.segments for line in store.ledger("acme", TODAY)] == [3]


@pytest.mark.parametrize("report_first", [True, False])
def test_a_late_report_and_the_removal_lose_nothing_of_each_other(store: TableStore, report_first: bool) -> None:
    """In either order the message is delivered and without its text."""
    put(store, status=Status.SENT, sent_at=NOW)
    if report_first:
        store.move(ref(), reported("delivered"))
    store.remove_body(ref(), at=LATER)
    if not report_first:
        store.move(ref(), reported("delivered"))
    after = store.message(ref(), consistent=True)

    assert after is not None
    assert (after.status, after.delivered_at, after.body, after.media_urls) == (Status.DELIVERED, LATER, "", ())
    assert sorted(entry.event for entry in after.trace) == ["body_removed", "delivered", "queued"]


def test_the_inbox_shows_nothing_of_what_was_removed(store: TableStore) -> None:
    """Unless a newer message stands there; and hearing of the old one again does not bring it back."""
    first, second = message(1), message(2, direction=Direction.INBOUND, status=Status.RECEIVED)
    store.saw_message(first)
    store.clear_preview(first)
    store.saw_message(first)
    cleared = store.conversation("acme", "ann", "bob")
    store.saw_message(second)
    store.clear_preview(first)
    newer = store.conversation("acme", "ann", "bob")

    assert cleared is not None
    assert newer is not None
    assert (cleared.last_body, cleared.last_message_id) == ("", first.id)
    assert (newer.last_body, newer.unread) == (second.body, 1)


def test_clearing_a_line_that_is_not_there_makes_none(store: TableStore) -> None:
    """A text can be removed before anybody saw it."""
    store.clear_preview(message(1))

    assert store.conversation("acme", "ann", "bob") is None


def test_progress_is_kept_by_organization(store: TableStore) -> None:
    """Written over as the days go by."""
    for day in (TODAY, TODAY + timedelta(days=1)):
        store.commit(Overwrite(Retention(org_id="acme", bodies_since=day)))

    assert store.retention("acme") == Retention(org_id="acme", bodies_since=TODAY + timedelta(days=1))
    assert store.retention("other") is None
