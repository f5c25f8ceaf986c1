"""What the store promises of messages: their steps, where they wait, the ledger and the inbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage_sms.adapters.inbox import PREVIEW_CHARACTERS, UNREAD_COUNTED
from engage_sms.adapters.store import TableStore
from engage_sms.domain import message as steps
from engage_sms.domain.due import Opening
from engage_sms.domain.message import Direction, Failure, Hold, Message, Status, Transition, advance
from engage_sms.domain.usage import LedgerLine
from engage_sms.errors import Invalid
from engage_sms.ports import Create, Replace
from tests.contracts.entities import HOLD, NOW, OPENING, PHONE, message, message_id, ref

LATER = NOW + timedelta(minutes=5)
OTHER_HOLD = Hold(reason="Quiet hours.", rule="recipient", until=OPENING + timedelta(hours=1))
STEPS: dict[str, Transition | None] = {
    "claim": steps.claim(now=LATER, lease=timedelta(seconds=90)),
    "abandoned": steps.abandoned(now=LATER),
    "unanswered": steps.unanswered(now=LATER),
    "accepted": steps.accepted(now=LATER, sid="SM1"),
    "refused": steps.refused(now=LATER, failure=Failure(code="21610", message="Opted out.")),
    "returned": steps.returned(now=LATER, detail="Busy."),
    "held": steps.held(now=LATER, hold=OTHER_HOLD, leaves=steps.UNSENT | {Status.SENDING}),
    "queued": steps.queued(now=LATER),
    "skipped": steps.ended(now=LATER, to=Status.SKIPPED, code="opted-out", detail="Opted out."),
    **{
        f"reported {word}": steps.reported(now=LATER, twilio_status=word, sid="SM1", error_code=code)
        for word, code in (
            ("sent", None),
            ("delivered", None),
            ("undelivered", "30005"),
            ("failed", "30008"),
            ("canceled", None),
        )
    },
}
LEASES = (None, LATER - timedelta(microseconds=1), LATER, LATER + timedelta(seconds=1))
_sequence = count(1)


class TestSteps:
    """`move` is the mirror of `domain.message.advance`."""

    @pytest.mark.parametrize("name", STEPS)
    def test_a_step_is_taken_from_where_it_may_be(self, store: TableStore, name: str) -> None:
        """From every status and lease the stored message and the rule agree, answer and state alike."""
        step = STEPS[name]
        assert step is not None
        leases = LEASES if step.lease_before else (None, LATER)
        for number, (status, lease) in enumerate(product(Status, leases)):
            before = message(number, status=status, lease_until=lease)
            expected = advance(before, step)
            store.commit(Create(before))

            assert store.move(before.ref, step) == expected
            assert store.message(before.ref, consistent=True) == (expected or before)

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(path=st.lists(st.sampled_from(sorted(STEPS)), max_size=8), first=st.sampled_from(Status))
    def test_any_path_goes_as_the_rule_says(self, store: TableStore, path: list[str], first: Status) -> None:
        """However callbacks, claims and holds follow each other."""
        expected = message(next(_sequence), status=first)
        store.commit(Create(expected))
        for name in path:
            step = STEPS[name]
            assert step is not None
            after = advance(expected, step)
            assert store.move(expected.ref, step) == after
            expected = after or expected

        assert store.message(expected.ref) == expected

    def test_a_message_that_is_not_there_takes_no_step(self, store: TableStore) -> None:
        """Nor does it come into being."""
        assert store.move(ref(), steps.claim(now=NOW, lease=timedelta(seconds=90))) is None
        assert store.message(ref(), consistent=True) is None


class TestConversations:
    """One conversation, newest first."""

    def test_messages_come_newest_first(self, store: TableStore) -> None:
        """Page by page, each once, without those of other conversations."""
        for number in (2, 5, 1, 4, 3):
            store.commit(Create(message(number)))
        store.commit(Create(message(6, contact_id="eve")), Create(message(7, user_id="max")))
        first = store.messages("acme", "ann", "bob", limit=2)
        second = store.messages("acme", "ann", "bob", limit=2, cursor=first.cursor)
        third = store.messages("acme", "ann", "bob", limit=2, cursor=second.cursor)

        found = [m.id for page in (first, second, third) for m in page.items]
        assert found == [message_id(number) for number in (5, 4, 3, 2, 1)]
        assert third.cursor is None


class TestWaiting:
    """Held messages are found by opening and by phone, waiting ones by phone."""

    def test_held_messages_are_found_by_their_opening(self, store: TableStore) -> None:
        """All of them, each once, in the same order every time, whatever the size of the pages."""
        messages = [message(n, contact_id=f"c{n % 7}", status=Status.HELD) for n in range(11)]
        for held in messages:
            store.commit(Create(held))
        store.commit(Create(message(50, status=Status.HELD, hold=OTHER_HOLD)))
        store.commit(Create(message(51, status=Status.HELD, org_id="other")))
        everything = store.held("acme", OPENING)

        assert everything.cursor is None
        assert sorted(everything.items) == sorted(held.ref for held in messages)
        for size in (1, 2, 3, 5, 11):
            assert list(_pages(store, size)) == list(everything.items)

    def test_a_page_that_ends_with_the_opening_has_no_cursor(self, store: TableStore) -> None:
        """The release does not come back for nothing."""
        for n in range(4):
            store.commit(Create(message(n, contact_id=f"c{n}", status=Status.HELD)))

        assert store.held("acme", OPENING, limit=4).cursor is None
        assert store.held("acme", OPENING + timedelta(days=1)).items == ()

    def test_what_was_released_meanwhile_does_not_disturb_the_next_page(self, store: TableStore) -> None:
        """The cursor stands where its message stood."""
        for n in range(6):
            store.commit(Create(message(n, contact_id=f"c{n}", status=Status.HELD)))
        first = store.held("acme", OPENING, limit=3)
        for taken in first.items:
            store.move(taken, steps.claim(now=NOW, lease=timedelta(seconds=90)))
        second = store.held("acme", OPENING, limit=3, cursor=first.cursor)

        assert len({*first.items, *second.items}) == 6

    @pytest.mark.parametrize("cursor", ["x", "WyI5IiwiYSIsImIiXQ", "WyJ4IiwiYSIsImIiLCJjIl0"])
    def test_a_made_up_cursor_is_refused(self, store: TableStore, cursor: str) -> None:
        """It says so instead of starting over."""
        with pytest.raises(Invalid):
            store.held("acme", OPENING, cursor=cursor)

    def test_a_message_waits_where_its_hold_says(self, store: TableStore) -> None:
        """A new hold moves it; a claim takes it out; the provider's refusal to look does not put it back."""
        store.commit(Create(message(status=Status.HELD)))
        store.move(ref(), steps.held(now=LATER, hold=OTHER_HOLD, leaves=steps.UNSENT))
        moved = (store.held("acme", HOLD.until).items, store.held("acme", OTHER_HOLD.until).items)
        store.move(ref(), steps.claim(now=LATER, lease=timedelta(seconds=90)))
        store.move(ref(), steps.returned(now=LATER, detail="Busy."))

        assert moved == ((), (ref(),))
        assert store.held("acme", OTHER_HOLD.until).items == ()

    def test_held_messages_are_found_by_phone(self, store: TableStore) -> None:
        """Of any user and contact, for any opening of the organization."""
        for opens_at in (OPENING, OTHER_HOLD.until):
            store.commit(Replace(Opening(org_id="acme", opens_at=opens_at, due_at=opens_at)))
        store.commit(Create(message(1, status=Status.HELD)))
        store.commit(Create(message(2, status=Status.HELD, hold=OTHER_HOLD, user_id="max", contact_id="eve")))
        store.commit(Create(message(3, status=Status.HELD, phone="+13125550000")))
        store.commit(Create(message(4, status=Status.HELD, phone=PHONE + "0")))
        store.commit(Create(message(5)))

        found = sorted(r.message_id for r in store.held_for_phone("acme", PHONE))
        assert found == [message_id(1), message_id(2)]

    def test_messages_await_an_opt_in_by_phone(self, store: TableStore) -> None:
        """Until they are queued, held or ended."""
        for n in range(1, 5):
            store.commit(Create(message(n, contact_id=f"c{n}", status=Status.AWAITING_OPT_IN)))
        store.commit(Create(message(5, status=Status.AWAITING_OPT_IN, phone="+13125550000")))
        store.move(ref(1, contact_id="c1"), steps.queued(now=NOW))
        store.move(ref(2, contact_id="c2"), steps.held(now=NOW, hold=HOLD, leaves=steps.WAITING))
        store.move(ref(3, contact_id="c3"), steps.ended(now=NOW, to=Status.EXPIRED, code="expired", detail="Too late."))

        assert list(store.awaiting("acme", PHONE)) == [ref(4, contact_id="c4")]
        assert store.held("acme", OPENING).items == (ref(2, contact_id="c2"),)


class TestLedger:
    """Our own count of what was sent and received."""

    def test_sent_and_received_messages_are_counted_on_their_day(self, store: TableStore) -> None:
        """With the day of sending, their user and segments; later reports neither remove nor move them."""
        midnight = datetime(2026, 7, 16, tzinfo=UTC)
        store.commit(Create(message(1, segments=3)), Create(message(2, user_id="max", contact_id="eve", segments=2)))
        store.commit(Create(message(3, direction=Direction.INBOUND, status=Status.RECEIVED)))
        for r in (ref(1), ref(2, user_id="max", contact_id="eve")):
            store.move(r, steps.claim(now=NOW, lease=timedelta(seconds=90)))
            store.move(r, steps.accepted(now=midnight - timedelta(seconds=1), sid="SM1"))
        _report(store, ref(1), "delivered", midnight)

        assert _ledger(store, date(2026, 7, 15)) == [
            LedgerLine(user_id="ann", message_id=message_id(1), segments=3),
            LedgerLine(user_id="ann", message_id=message_id(3), segments=1),
            LedgerLine(user_id="max", message_id=message_id(2), segments=2),
        ]
        assert _ledger(store, date(2026, 7, 16)) == []

    def test_a_long_day_is_counted_whole(self, store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """The ledger is read page by page; the pages join without a gap."""
        monkeypatch.setattr("engage_sms.adapters.store._ROWS", 2)
        for n in range(6):
            store.commit(Create(message(n, status=Status.SENT, sent_at=NOW)))

        assert [line.message_id for line in store.ledger("acme", NOW.date())] == [message_id(n) for n in range(6)]
        assert list(store.left_on("acme", NOW.date())) == [ref(n) for n in range(6)]

    def test_what_left_on_a_day_is_found(self, store: TableStore) -> None:
        """By day and by phone: every message of the ledger of that day, of one organization, and no other."""
        store.commit(
            Create(message(1, status=Status.SENT, sent_at=NOW)),
            Create(message(2, status=Status.DELIVERED, sent_at=NOW, contact_id="cid", phone="+13125550100")),
            Create(message(3, status=Status.SENT, sent_at=NOW, org_id="other")),
            Create(message(4, status=Status.SENT, sent_at=NOW + timedelta(days=1))),
            Create(message(5, status=Status.QUEUED)),
        )

        assert sorted(store.left_on("acme", NOW.date())) == [ref(1), ref(2, contact_id="cid")]
        assert list(store.left_for("acme", PHONE, NOW.date())) == [ref(1)]

    def test_a_report_that_overtakes_the_answer_is_counted(self, store: TableStore) -> None:
        """Delivered before we knew it was sent: counted once, on the day of the first report."""
        store.commit(Create(message()))
        store.move(ref(), steps.claim(now=NOW, lease=timedelta(seconds=90)))
        _report(store, ref(), "delivered", NOW)
        store.move(ref(), steps.accepted(now=NOW + timedelta(days=1), sid="SM1"))

        assert [line.message_id for line in _ledger(store, NOW.date())] == [message_id(1)]
        assert _ledger(store, NOW.date() + timedelta(days=1)) == []

    def test_what_never_left_is_not_counted(self, store: TableStore) -> None:
        """Refused, skipped and held messages cost no segments."""
        refused = steps.refused(now=NOW, failure=Failure(code="21610", message="Opted out."))
        store.commit(Create(message(1)), Create(message(2)), Create(message(3, status=Status.HELD)))
        store.move(ref(1), steps.claim(now=NOW, lease=timedelta(seconds=90)))
        store.move(ref(1), refused)
        store.move(ref(2), steps.ended(now=NOW, to=Status.SKIPPED, code="opted-out", detail="Opted out."))

        assert _ledger(store, NOW.date()) == []

    def test_messages_that_were_put_as_sent_are_counted(self, store: TableStore) -> None:
        """History brought in from elsewhere counts on the day it was sent."""
        yesterday = NOW - timedelta(days=1)
        store.commit(Create(message(status=Status.DELIVERED, sent_at=yesterday)))

        assert len(_ledger(store, yesterday.date())) == 1


class TestInbox:
    """One line for each conversation."""

    def test_the_newest_conversation_comes_first(self, store: TableStore) -> None:
        """Page by page, each once; a new message brings its line to the top."""
        for number, contact_id in enumerate("abcda", start=1):
            store.saw_message(message(number, contact_id=contact_id))
        first = store.conversations("acme", "ann", limit=2)
        second = store.conversations("acme", "ann", limit=2, cursor=first.cursor)

        assert [line.contact_id for line in (*first.items, *second.items)] == ["a", "d", "c", "b"]
        assert second.cursor is None
        assert store.conversations("acme", "max").items == ()

    def test_a_line_shows_the_latest_message(self, store: TableStore) -> None:
        """An older one that comes late does not replace it."""
        store.saw_message(message(1))
        store.saw_message(message(3, body="x" * 1600))
        store.saw_message(message(2))
        line = store.conversation("acme", "ann", "bob")

        assert line is not None
        assert (line.last_message_id, line.last_direction) == (message_id(3), "outbound")
        assert line.last_body == "x" * PREVIEW_CHARACTERS
        assert line.last_message_at == message(3).created_at

    @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data())
    def test_each_inbound_message_is_unread_once(self, store: TableStore, data: st.DataObject) -> None:
        """In whatever order and however often the stream tells of them."""
        contact_id = f"c{next(_sequence)}"
        inbound = [_inbound(n, contact_id) for n in range(4)]
        outbound = [message(n, contact_id=contact_id) for n in range(4, 6)]
        told = data.draw(st.permutations([*inbound, *outbound, *inbound, *outbound]))
        for each in told:
            store.saw_message(each)
        line = store.conversation("acme", "ann", contact_id)

        assert line is not None
        assert (line.unread, line.last_message_id) == (4, message_id(5))

    def test_reading_makes_nothing_unread(self, store: TableStore) -> None:
        """What was read stays read when the stream repeats itself; what comes later is unread."""
        store.saw_message(_inbound(1))
        store.saw_message(_inbound(2))
        store.mark_read("acme", "ann", "bob")
        store.saw_message(_inbound(1))
        store.saw_message(_inbound(2))
        after_repeats = store.conversation("acme", "ann", "bob")
        store.saw_message(_inbound(3))
        after_another = store.conversation("acme", "ann", "bob")

        assert after_repeats is not None
        assert after_another is not None
        assert (after_repeats.unread, after_another.unread) == (0, 1)

    def test_reading_what_is_not_there_makes_nothing(self, store: TableStore) -> None:
        """No line without a message."""
        store.mark_read("acme", "ann", "bob")

        assert store.conversation("acme", "ann", "bob") is None

    def test_a_flood_is_counted_up_to_a_bound(self, store: TableStore) -> None:
        """The line shows the latest message still, and takes no more than it can hold."""
        for n in range(UNREAD_COUNTED + 3):
            store.saw_message(_inbound(n))
        store.saw_message(_inbound(0))
        line = store.conversation("acme", "ann", "bob")

        assert line is not None
        assert (line.unread, line.last_message_id) == (UNREAD_COUNTED, message_id(UNREAD_COUNTED + 2))


def _inbound(number: int, contact_id: str = "bob") -> Message:
    return message(number, contact_id=contact_id, direction=Direction.INBOUND, status=Status.RECEIVED)


def _pages(store: TableStore, size: int) -> list[steps.MessageRef]:
    found: list[steps.MessageRef] = []
    page = store.held("acme", OPENING, limit=size)
    while True:
        found.extend(page.items)
        if page.cursor is None:
            return found
        page = store.held("acme", OPENING, limit=size, cursor=page.cursor)


def _report(store: TableStore, where: steps.MessageRef, word: str, at: datetime) -> None:
    step = steps.reported(now=at, twilio_status=word, sid="SM1")
    assert step is not None
    store.move(where, step)


def _ledger(store: TableStore, day: date) -> list[LedgerLine]:
    key: Callable[[LedgerLine], tuple[str, str]] = lambda line: (line.user_id, line.message_id)  # noqa: E731
    return sorted(store.ledger("acme", day), key=key)
