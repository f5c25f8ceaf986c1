"""What the store promises of commits, the directory, jobs, openings, timers and usage: in memory and in DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from engage_sms.adapters import layout
from engage_sms.adapters.layout import to_item
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.table import MAX_WRITES
from engage_sms.domain.brake import Underway
from engage_sms.domain.consent import Consent, ConsentState, Evidence, UserConsent
from engage_sms.domain.conversation import Conversation
from engage_sms.domain.due import Opening, Parked, Timer, TimerKind
from engage_sms.domain.job import JobStatus, Outcome
from engage_sms.domain.pace import Pace
from engage_sms.errors import Conflict, Invalid
from engage_sms.ports import CountResult, Create, Entity, Once, Overwrite, Remove, Replace
from tests.contracts.entities import (
    NOW,
    OPENING,
    PHONE,
    contact,
    job,
    message,
    number,
    organization,
    ref,
    result,
    usage_day,
    user,
)

CONSENT = Consent(
    org_id="acme",
    phone=PHONE,
    users={"ann": UserConsent(state=ConsentState.REQUESTED, requests_sent=1, last_request_at=NOW, changed_at=NOW)},
    evidence=(Evidence(at=NOW, event="requested", user_id="ann", words="May I?", message_id="m1"),),
)
OPENS = Opening(org_id="acme", opens_at=OPENING, due_at=OPENING, cursor="c")
TIMER = Timer(ref=ref(), kind=TimerKind.EXPIRE, due_at=NOW, attempt=2)
LINE = Conversation(
    org_id="acme",
    user_id="ann",
    contact_id="bob",
    last_message_id="m1",
    last_message_at=NOW,
    last_direction="inbound",
    last_body="Hi",
    unread=3,
)


class TestReading:
    """Everything comes back as it was put."""

    def test_an_organization_comes_back(self, store: TableStore) -> None:
        """Settings keep their numbers, booleans, nulls and odd names."""
        store.commit(Create(organization()))

        assert store.organization("acme", consistent=True) == organization(version=1)
        assert list(store.organizations()) == [organization(version=1)]

    def test_users_come_back_by_id(self, store: TableStore) -> None:
        """Users of one organization are listed in the order of their ids; those of others are not there."""
        store.commit(Create(user("b", license="NMLS 1")), Create(user("a", number="+14155550123", provisioned_at=NOW)))
        store.commit(Create(user("c", org_id="other")))

        assert store.user("acme", "b") == user("b", license="NMLS 1", version=1)
        assert [u.id for u in store.users("acme")] == ["a", "b"]
        assert store.user("acme", "c") is None

    def test_contacts_come_page_by_page(self, store: TableStore) -> None:
        """The pages together hold every contact once; the last one has no cursor."""
        for letter in "edcba":
            store.commit(Create(contact(letter)))

        first = store.contacts("acme", limit=2)
        second = store.contacts("acme", limit=2, cursor=first.cursor)
        third = store.contacts("acme", limit=2, cursor=second.cursor)
        pages = [[c.id for c in page.items] for page in (first, second, third)]
        assert pages == [["a", "b"], ["c", "d"], ["e"]]
        assert third.cursor is None

    def test_a_page_that_ends_with_the_list_has_no_cursor(self, store: TableStore) -> None:
        """Nobody is sent to an empty page."""
        store.commit(Create(contact("a")), Create(contact("b")))

        assert store.contacts("acme", limit=2).cursor is None

    @pytest.mark.parametrize("cursor", ["", "x", "bm9wZQ", "WyIiXQ", "WyJPUkciXQ", "WzFd", "e30", "ÿ"])
    def test_a_made_up_cursor_is_refused(self, store: TableStore, cursor: str) -> None:
        """A cursor that no page gave is the caller's mistake, never an error of ours."""
        with pytest.raises(Invalid):
            store.contacts("acme", cursor=cursor)

    def test_contacts_are_found_by_phone(self, store: TableStore) -> None:
        """All with the phone, of this organization only; a contact that changed its phone is not found by the old."""
        store.commit(Create(contact("a")), Create(contact("b")), Create(contact("c", cell_phone=None)))
        store.commit(Create(contact("d", org_id="other")), Create(contact("e", cell_phone="+13125550000")))
        store.commit(Replace(contact("b", cell_phone="+13125550000", version=1)))

        assert [c.id for c in store.contacts_with_phone("acme", PHONE)] == ["a"]
        assert [c.id for c in store.contacts_with_phone("acme", "+13125550000")] == ["b", "e"]

    def test_an_unknown_phone_has_an_empty_consent(self, store: TableStore) -> None:
        """Nothing known reads as a fresh consent that was never stored."""
        assert store.consent("acme", PHONE, consistent=True) == Consent(org_id="acme", phone=PHONE)

    @pytest.mark.parametrize(
        "entity",
        [
            pytest.param(organization(), id="organization"),
            pytest.param(user(), id="user"),
            pytest.param(contact(), id="contact"),
            pytest.param(number(released_at=NOW), id="number"),
            pytest.param(CONSENT, id="consent"),
            pytest.param(message(media_urls=("https://x.example/a.png",), source={"step_id": "s"}), id="message"),
            pytest.param(LINE, id="conversation"),
            pytest.param(job(), id="job"),
            pytest.param(result(), id="result"),
            pytest.param(OPENS, id="opening"),
            pytest.param(Pace(org_id="acme", next_at=NOW), id="pace"),
            pytest.param(TIMER, id="timer"),
            pytest.param(usage_day(date(2026, 7, 1)), id="usage day"),
        ],
    )
    def test_create_refuses_a_second_one(self, store: TableStore, entity: Entity) -> None:
        """What exists is never overwritten by Create."""
        store.commit(Create(entity))

        with pytest.raises(Conflict):
            store.commit(Create(entity))

    def test_what_is_not_there_reads_as_none(self, store: TableStore) -> None:
        """Absence is an answer, not an error."""
        absent = [
            store.organization("x"),
            store.user("acme", "x"),
            store.contact("acme", "x"),
            store.number("+13125550000"),
            store.message(ref(9)),
            store.conversation("acme", "ann", "x"),
            store.job("acme", "x"),
            store.job_result("acme", "x", "y"),
            store.opening("acme", OPENING),
        ]

        assert absent == [None] * len(absent)

    def test_an_id_with_the_separator_is_refused(self, store: TableStore) -> None:
        """No id can name an item of another organization."""
        with pytest.raises(ValueError, match="may not hold"):
            store.user("acme", "x#USERS")


class TestVersions:
    """Whoever replaces must have read the latest."""

    def test_replace_counts_the_version(self, store: TableStore) -> None:
        """Version 0 is the first write; each one counts one more."""
        store.commit(Replace(CONSENT))
        first = store.consent("acme", PHONE)
        store.commit(Replace(first))

        assert (first.version, store.consent("acme", PHONE).version) == (1, 2)
        assert first.users == CONSENT.users
        assert first.evidence == CONSENT.evidence

    def test_the_second_of_two_writers_is_refused(self, store: TableStore) -> None:
        """A stale version changes nothing."""
        store.commit(Create(number()))
        read = store.number("+14155550123")
        assert read is not None
        store.commit(Replace(read))

        with pytest.raises(Conflict):
            store.commit(Replace(read))
        assert store.number("+14155550123") == number(version=2)

    def test_a_first_write_is_refused_when_there_is_one(self, store: TableStore) -> None:
        """Two first writers: one wins."""
        store.commit(Replace(OPENS))

        with pytest.raises(Conflict):
            store.commit(Replace(OPENS))

    def test_replacing_what_is_not_there_is_refused(self, store: TableStore) -> None:
        """A version that was read but is gone is a lost race."""
        with pytest.raises(Conflict):
            store.commit(Replace(user(version=3)))

    def test_an_opening_is_removed_only_as_it_was_read(self, store: TableStore) -> None:
        """Another wave that began in between keeps its opening."""
        store.commit(Replace(OPENS))
        read = store.opening("acme", OPENING)
        assert read is not None
        store.commit(Replace(read))

        with pytest.raises(Conflict):
            store.commit(Remove(read))
        assert store.opening("acme", OPENING) is not None

    def test_a_removed_opening_is_gone(self, store: TableStore) -> None:
        """From the table and from what is due."""
        store.commit(Replace(OPENS))
        store.commit(Remove(store.openings("acme")[0]))

        assert store.openings("acme") == ()
        assert list(store.due_openings(OPENING)) == []


class TestCommit:
    """All or nothing."""

    def test_one_failed_condition_undoes_the_rest(self, store: TableStore) -> None:
        """A conflict in the last change leaves none of the others behind."""
        store.commit(Once("webhook", "SM1"))

        with pytest.raises(Conflict):
            store.commit(Create(user()), Replace(CONSENT), Overwrite(TIMER), Once("webhook", "SM1"))
        assert store.user("acme", "ann", consistent=True) is None
        assert store.consent("acme", PHONE, consistent=True).version == 0
        assert list(store.due_timers(NOW)) == []

    def test_several_changes_land_together(self, store: TableStore) -> None:
        """A number and its user change in one step."""
        store.commit(Create(user()), Create(number()), Once("a", "1"), Once("b", "1"))

        assert store.user("acme", "ann") == user(version=1)
        assert store.number("+14155550123") == number(version=1)

    def test_a_mark_is_made_once(self, store: TableStore) -> None:
        """The same key of another scope is another mark."""
        store.commit(Once("inbound", "SM1"))
        store.commit(Once("status", "SM1"))

        with pytest.raises(Conflict):
            store.commit(Once("inbound", "SM1"))
        assert store.done(Once("inbound", "SM1"))
        assert not store.done(Once("inbound", "SM2"))

    def test_an_empty_commit_does_nothing(self, store: TableStore) -> None:
        """There is nothing to fail."""
        store.commit()

    def test_a_commit_changes_each_item_once(self, store: TableStore) -> None:
        """DynamoDB refuses an item twice in one transaction; so does the fake."""
        with pytest.raises(ValueError, match="once"):
            store.commit(Create(user()), Replace(user()))

    def test_a_commit_is_bounded(self, store: TableStore) -> None:
        """More than a transaction takes is a mistake in the program, not a conflict."""
        with pytest.raises(ValueError, match="at most"):
            store.commit(*(Create(user(f"u{i}")) for i in range(MAX_WRITES + 1)))

    def test_overwrite_takes_what_is_there(self, store: TableStore) -> None:
        """Derived data is written again and again."""
        store.commit(Overwrite(usage_day(date(2026, 7, 1), segments=1)))
        store.commit(Overwrite(usage_day(date(2026, 7, 1), segments=2)))
        store.commit(Overwrite(LINE))

        assert [day.segments for day in store.usage("acme", date(2026, 7, 1), date(2026, 7, 1))] == [2]
        assert store.conversation("acme", "ann", "bob") == LINE


class TestJobs:
    """Results and counts move together."""

    def test_results_are_counted_on_the_job(self, store: TableStore) -> None:
        """Each outcome has its count; the job is done with the last subject."""
        store.commit(Create(job()))
        store.commit(CountResult(result("u1")))
        store.commit(CountResult(result("u2", outcome=Outcome.FAILED, number=None, reason="No stock.", steps=())))
        halfway = store.job("acme", "job1", consistent=True)
        store.commit(CountResult(result("u3", outcome=Outcome.SKIPPED, at=NOW + timedelta(seconds=9))))
        done = store.job("acme", "job1", consistent=True)

        assert halfway == job(succeeded=1, failed=1, last_result_at=NOW)
        assert done is not None
        assert (done.status, done.skipped, done.finished_at) == (JobStatus.DONE, 1, NOW + timedelta(seconds=9))
        assert store.job_result("acme", "job1", "u1") == result("u1")

    def test_a_subject_is_counted_once(self, store: TableStore) -> None:
        """A repeated delivery neither counts nor overwrites."""
        store.commit(Create(job()))
        store.commit(CountResult(result("u1")))

        with pytest.raises(Conflict):
            store.commit(CountResult(result("u1", outcome=Outcome.FAILED)))
        assert store.job("acme", "job1") == job(succeeded=1, last_result_at=NOW)

    def test_results_come_page_by_page(self, store: TableStore) -> None:
        """By subject; the job itself is not among them."""
        store.commit(Create(job()))
        for subject_id in ("u3", "u1", "u2"):
            store.commit(CountResult(result(subject_id)))
        first = store.job_results("acme", "job1", limit=2)
        second = store.job_results("acme", "job1", limit=2, cursor=first.cursor)

        assert [r.subject_id for r in (*first.items, *second.items)] == ["u1", "u2", "u3"]
        assert second.cursor is None

    def test_a_job_is_cancelled(self, store: TableStore) -> None:
        """Its counts stay as they are; cancelling what does not exist makes nothing."""
        store.commit(Create(job()))
        store.commit(CountResult(result("u1")))
        store.cancel_job("acme", "job1")
        store.cancel_job("acme", "job2")

        assert store.job("acme", "job1") == job(succeeded=1, cancelled=True, last_result_at=NOW)
        assert store.job("acme", "job2") is None


class TestDue:
    """What a clock has to start is found by its instant."""

    def test_a_pace_is_replaced_only_as_it_was_read(self, store: TableStore) -> None:
        """Two that saw the same slot free do not both get it."""
        fresh = store.pace("acme")
        store.commit(Replace(replace(fresh, next_at=NOW)))
        with pytest.raises(Conflict):
            store.commit(Replace(replace(fresh, next_at=OPENING)))

        assert fresh == Pace(org_id="acme")
        assert store.pace("acme") == Pace(org_id="acme", next_at=NOW, version=1)

    def test_turns_are_counted_by_the_second(self, store: TableStore) -> None:
        """As many as the rate says, which may change in between; the counter is no entity and forgotten in time."""
        taken = [store.take_turn("acme", NOW, rate=rate) for rate in (2, 2, 2, 3, 1)]
        counter = store.table.get(layout.turns("acme", NOW).key)

        assert taken == [True, True, False, True, False]
        assert counter is not None
        assert counter.ttl == int(NOW.timestamp()) + layout.TURN_KEPT
        assert layout.to_entity(counter) is None

    def test_openings_are_due_at_their_instant(self, store: TableStore) -> None:
        """Of all organizations, earliest first, the instant itself included."""
        for minutes, org in ((2, "a"), (0, "b"), (1, "a")):
            at = OPENING + timedelta(minutes=minutes)
            store.commit(Replace(Opening(org_id=org, opens_at=at, due_at=at)))
        due = list(store.due_openings(OPENING + timedelta(minutes=1)))

        assert [(o.org_id, o.opens_at - OPENING) for o in due] == [("b", timedelta(0)), ("a", timedelta(minutes=1))]
        assert [o.opens_at - OPENING for o in store.openings("a")] == [timedelta(minutes=1), timedelta(minutes=2)]

    def test_an_opening_moves_to_its_next_wave(self, store: TableStore) -> None:
        """It is found by the new instant only."""
        store.commit(Replace(OPENS))
        later = OPENING + timedelta(minutes=15)
        store.commit(Replace(Opening(org_id="acme", opens_at=OPENING, due_at=later, version=1)))

        assert list(store.due_openings(OPENING)) == []
        assert [o.version for o in store.due_openings(later)] == [2]

    def test_timers_are_due_at_their_instant(self, store: TableStore) -> None:
        """Earliest first whatever the contact; one message may have a timer of each kind."""
        timers = [
            Timer(ref=ref(i, contact_id=f"c{i}"), kind=kind, due_at=NOW + timedelta(seconds=seconds))
            for i, kind, seconds in (
                (1, TimerKind.EXPIRE, 30),
                (1, TimerKind.RECONCILE, 10),
                (2, TimerKind.EXPIRE, 20),
                (3, TimerKind.EXPIRE, 0),
                (4, TimerKind.EXPIRE, 40),
            )
        ]
        for timer in timers:
            store.commit(Overwrite(timer))
        store.commit(Remove(timers[2]))

        assert list(store.due_timers(NOW + timedelta(seconds=30))) == [timers[3], timers[1], timers[0]]

    def test_a_timer_moves(self, store: TableStore) -> None:
        """The same timer at a later instant replaces itself."""
        store.commit(Overwrite(TIMER))
        later = Timer(ref=TIMER.ref, kind=TIMER.kind, due_at=NOW + timedelta(hours=1), attempt=3)
        store.commit(Overwrite(later))

        assert list(store.due_timers(NOW)) == []
        assert list(store.due_timers(NOW + timedelta(hours=1))) == [later]


class TestOperations:
    """What people who run the system ask for."""

    def test_parked_messages_come_page_by_page(self, store: TableStore) -> None:
        """Of one organization; parking again replaces, and what is settled is gone."""
        parked = [Parked(ref=ref(number), since=NOW, reason="No answer.", attempts=6) for number in range(3)]
        for one in parked:
            store.commit(Overwrite(one))
        store.commit(Overwrite(Parked(ref=ref(9, org_id="other"), since=NOW, reason="No answer.", attempts=6)))
        again = Parked(ref=ref(1), since=NOW, reason="Refused.", attempts=7)
        store.commit(Overwrite(again), Remove(parked[0]))
        first = store.parked("acme", limit=1)
        second = store.parked("acme", limit=1, cursor=first.cursor)

        assert first.items == (again,)
        assert second.items == (parked[2],)
        assert second.cursor is None

    def test_a_worker_has_one_batch_in_hand(self, store: TableStore) -> None:
        """What it announces replaces what it had; other workers and organizations keep theirs."""
        for worker, org, sequence in (("w1", "acme", 1), ("w2", "acme", 2), ("w1", "other", 3), ("w1", "acme", 4)):
            refs = (ref(sequence, org_id=org), ref(sequence + 10, org_id=org))
            store.commit(Overwrite(Underway(org_id=org, worker=worker, refs=refs, at=NOW)))
        underway = {one.worker: one for one in store.underway("acme")}

        assert underway.keys() == {"w1", "w2"}
        assert underway["w1"].refs == (ref(4), ref(14))
        assert underway["w1"].at == NOW

    def test_what_is_left_of_a_worker_is_forgotten(self, store: TableStore) -> None:
        """The table's time to live drops it, long after the worker ended."""
        item = to_item(Underway(org_id="acme", worker="w", refs=(ref(),), at=NOW))

        assert item.ttl == int(NOW.timestamp()) + 3600


class TestUsage:
    """Reported days."""

    def test_usage_has_both_ends(self, store: TableStore) -> None:
        """From the first to the last day asked for, oldest first, of this organization only."""
        for day in (date(2026, 6, 30), date(2026, 7, 2), date(2026, 7, 1), date(2026, 7, 3)):
            store.commit(Overwrite(usage_day(day)))
        store.commit(Overwrite(usage_day(date(2026, 7, 2), org_id="other")))

        assert store.usage("acme", date(2026, 7, 1), date(2026, 7, 2)) == (
            usage_day(date(2026, 7, 1)),
            usage_day(date(2026, 7, 2)),
        )
