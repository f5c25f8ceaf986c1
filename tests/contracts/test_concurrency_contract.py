"""Sixteen threads race for the same items, in memory and against an emulator with atomic writes: one wins each race."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from threading import Barrier
from typing import TypeVar

import boto3
import pytest

from engage_sms import topology
from engage_sms.adapters.dynamodb import DynamoTable
from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.store import TableStore
from engage_sms.domain.consent import MAX_REQUESTS, next_request_at, request_refusal, requested
from engage_sms.domain.due import Opening
from engage_sms.domain.message import Direction, Status, claim
from engage_sms.errors import Conflict
from engage_sms.ports import Change, CountResult, Create, Once, Replace
from infra.local.resources import create_table
from tests.contracts import ministack
from tests.contracts.entities import NOW, OPENING, PHONE, job, message, message_id, number, result, user

T = TypeVar("T")
THREADS = 16
CLAIM = claim(now=NOW, lease=timedelta(seconds=90))
_numbers = count(1)


@pytest.fixture(scope="module")
def emulator(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's address. Without its virtual environment the suite is not run; in CI that is a failure."""
    if not ministack.is_installed():
        reason = "Not run: .venv-ministack is missing; `make test` makes it."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with ministack.running(tmp_path_factory.mktemp("ministack"), {"SERVICES": "dynamodb"}) as address:
        yield address


@pytest.fixture(params=["memory", pytest.param("ministack", marks=pytest.mark.ministack)])
def store(request: pytest.FixtureRequest) -> TableStore:
    """An empty store of each kind that keeps its promises under threads; moto does not."""
    if request.param == "memory":
        return TableStore(MemoryTable(), now=lambda: NOW)
    emulator = request.getfixturevalue("emulator")
    name = f"state-{next(_numbers)}"
    create_table(boto3.client("dynamodb", endpoint_url=emulator), topology.STATE, name)
    table = DynamoTable(name, region="us-east-1", endpoint=emulator)
    store = TableStore(table, now=lambda: NOW)
    store.organization("acme")  # the client is made before the threads start
    return store


def race(action: Callable[[int], T]) -> list[T]:
    """What `action` returns in each of the threads, which begin together; it gets the thread's number."""
    begin = Barrier(THREADS)

    def run(thread: int) -> T:
        begin.wait()
        return action(thread)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def wins(store: TableStore, *changes: Change) -> bool:
    """Whether the commit won its race."""
    try:
        store.commit(*changes)
    except Conflict:
        return False
    return True


def rotated(items: range, by: int) -> list[int]:
    """All items, beginning somewhere else in each thread."""
    start = by * len(items) // THREADS
    return [*items[start:], *items[:start]]


def test_each_message_is_claimed_once(store: TableStore) -> None:
    """Sixteen dispatchers with the same queue messages: each message goes to Twilio once (invariant 2)."""
    messages = range(40)
    for n in messages:
        store.commit(Create(message(n, status=Status.HELD if n % 2 else Status.QUEUED)))

    def dispatch(thread: int) -> list[int]:
        return [n for n in rotated(messages, thread) if store.move(message(n).ref, CLAIM) is not None]

    claimed = [n for thread in race(dispatch) for n in thread]

    assert sorted(claimed) == list(messages)
    assert store.held("acme", OPENING).items == ()


def test_the_budget_of_opt_in_requests_holds(store: TableStore) -> None:
    """Never more than three, never two within twelve hours, whoever asks at once (invariant 5)."""

    def ask(thread: int) -> int:
        reserved = 0
        while True:
            consent = store.consent("acme", PHONE, consistent=True)
            at = next_request_at(consent.of("ann")) or NOW
            if request_refusal(consent.of("ann"), at=at) is not None:
                return reserved
            asked = requested(consent, "ann", at=at, words="May I?", message_id=f"m{thread}")
            reserved += wins(store, Replace(asked))

    reserved = sum(race(ask))
    consent = store.consent("acme", PHONE, consistent=True)

    assert reserved == consent.of("ann").requests_sent == MAX_REQUESTS
    assert len({evidence.at for evidence in consent.evidence}) == len(consent.evidence) == MAX_REQUESTS


def test_a_number_goes_to_one_user(store: TableStore) -> None:
    """The number and its user change together: nobody else shows the number (invariant 6)."""
    for n in range(THREADS):
        store.commit(Create(user(f"u{n:02d}")))

    def assign(thread: int) -> bool:
        id_ = f"u{thread:02d}"
        mine = number(user_id=id_)
        return wins(store, Create(mine), Replace(user(id_, number=mine.phone, provisioned_at=NOW, version=1)))

    outcomes = race(assign)
    stored = store.number(number().phone, consistent=True)

    assert outcomes.count(True) == 1
    assert stored is not None
    assert stored.user_id == f"u{outcomes.index(True):02d}"
    assert [u.id for u in store.users("acme") if u.number] == [stored.user_id]


def test_an_opening_is_registered_once_and_its_waves_follow_each_other(store: TableStore) -> None:
    """One registration wins; of those who take up the same wave one wins, and no wave is lost."""
    opening = Opening(org_id="acme", opens_at=OPENING, due_at=OPENING)
    registered = race(lambda _: wins(store, Replace(opening)))

    def take_up(_: int) -> int:
        attempts = 0
        while True:
            attempts += 1
            current = store.opening("acme", OPENING)
            assert current is not None
            if wins(store, Replace(current)):
                return attempts

    race(take_up)
    last = store.opening("acme", OPENING)

    assert registered.count(True) == 1
    assert last is not None
    assert last.version == 1 + THREADS


def test_no_more_turns_are_taken_in_a_second_than_there_are(store: TableStore) -> None:
    """Of sixteen at once as many get a turn as the rate allows; another second and organization have their own."""
    taken = race(lambda _: store.take_turn("acme", NOW, rate=5))
    others = [store.take_turn("acme", OPENING, rate=1), store.take_turn("other", NOW, rate=1)]

    assert taken.count(True) == 5
    assert others == [True, True]


def test_results_are_counted_exactly(store: TableStore) -> None:
    """Each subject's result is delivered by two threads and counted once."""
    subjects = range(THREADS * 2)
    store.commit(Create(job(subjects=tuple(f"u{n}" for n in subjects))))

    def report(thread: int) -> int:
        return sum(wins(store, CountResult(result(f"u{(thread * 2 + n) % len(subjects)}"))) for n in range(4))

    counted = sum(race(report))
    stored = store.job("acme", "job1", consistent=True)

    assert stored is not None
    assert counted == stored.succeeded == len(subjects)
    assert len(store.job_results("acme", "job1", limit=100).items) == len(subjects)


def test_a_mark_is_made_once(store: TableStore) -> None:
    """A webhook that Twilio repeats at once is handled once."""
    keys = range(24)
    made = race(lambda thread: [n for n in rotated(keys, thread) if wins(store, Once("inbound", f"SM{n}"))])

    assert sorted(n for thread in made for n in thread) == list(keys)


def test_each_inbound_message_is_unread_once(store: TableStore) -> None:
    """Several relays tell of the same messages in different order."""
    inbound = range(12)

    def relay(thread: int) -> None:
        for n in rotated(inbound, thread):
            store.saw_message(message(n, direction=Direction.INBOUND, status=Status.RECEIVED))

    race(relay)
    line = store.conversation("acme", "ann", "bob")

    assert line is not None
    assert (line.unread, line.last_message_id) == (len(inbound), message_id(len(inbound) - 1))


def test_each_contact_is_counted_once(store: TableStore) -> None:
    """Several relays tell of the same moves in different order: everybody is where the latest version is."""
    contacts, zones = range(12), ("America/New_York|NY", "America/Chicago|IL", "America/Denver|CO")

    def relay(thread: int) -> None:
        for n in rotated(contacts, thread):
            for version in (1, 2, 3) if thread % 2 else (3, 1):
                store.count_contact("acme", f"c{n}", version=version, audience=zones[(n + version) % len(zones)])

    race(relay)

    assert store.headcounts("acme") == dict.fromkeys(sorted(zones), len(contacts) // len(zones))
