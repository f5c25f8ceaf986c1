"""The sweep: no paid number without an owner, wherever provisioning, release or the sweep itself was cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from engage_sms.domain.directory import Number
from engage_sms.domain.naming import number_tag
from engage_sms.errors import OutcomeUnknown, Retryable
from engage_sms.ports import Account, OwnedNumber, Ports, Replace
from engage_sms.topology import JOBS
from engage_sms.usecases.give_back import GiveBack, give_back
from engage_sms.usecases.run_job_subject import RunJobSubject, run_job_subject
from engage_sms.usecases.start_provisioning import (
    StartDeprovisioning,
    StartProvisioning,
    start_deprovisioning,
    start_provisioning,
)
from engage_sms.usecases.sweep_numbers import GRACE, Finding, SweepReport, sweep_numbers
from tests.usecases.interruption import Calls, Died, Interrupted, die
from tests.world import ORG, World

FEWEST_CALLS, MOST_CALLS = 6, 100
Work = Callable[[Ports], object]


def provisioning(world: World) -> Work:
    """One delivery of a job that gets u-1 a number."""
    job = start_provisioning(
        StartProvisioning(org_id=ORG, started_by="u-admin", user_ids=("u-1",), area_code_source="user_cell"),
        world.ports,
    )
    command = RunJobSubject(org_id=ORG, job_id=job.id, subject_id="u-1")
    return lambda ports: run_job_subject(command, ports)


def release(world: World) -> Work:
    """One delivery of a job that gives back u-1's number."""
    job = start_deprovisioning(
        StartDeprovisioning(org_id=ORG, started_by="u-admin", user_ids=("u-1",), irreversible_acknowledged=True),
        world.ports,
    )
    command = RunJobSubject(org_id=ORG, job_id=job.id, subject_id="u-1")
    return lambda ports: run_job_subject(command, ports)


def empty() -> World:
    """A user without a number."""
    world = World()
    world.organization()
    world.user()
    return world


def account(world: World) -> Account:
    found = world.ports.account(ORG)
    assert found is not None
    return found


def buy(world: World, user_id: str = "u-1", *, tag: str | None = None) -> OwnedNumber:
    """Bought, and nothing more: where a provisioning died."""
    offer = world.ports.twilio.offered_numbers(account(world), area_code="415")[0]
    return world.ports.twilio.buy_number(
        account(world), offer.phone, friendly_name=number_tag(ORG, user_id) if tag is None else tag
    )


def record(world: World, phone: str) -> Number:
    found = world.store.number(phone, consistent=True)
    assert found is not None
    return found


def swept(ports: Ports) -> SweepReport:
    """One sweep through every organization."""
    return sweep_numbers(ports.store.organizations(), ports)


def sweep(world: World, **later: float) -> list[Finding]:
    """What a sweep finds so much later."""
    world.clock.advance(**later)
    report = swept(world.ports)

    assert report.failures == ()
    return [found.finding for found in report.found]


def orphans(world: World) -> list[str]:
    """Numbers that Twilio bills and nobody has, and numbers that somebody has and Twilio does not."""
    billed = {number["sid"] for number in world.twilio.numbers()}
    users = list(world.store.users(ORG))
    held = {user.number_sid for user in users if user.number_sid}
    records = [record(world, user.number) for user in users if user.number]
    theirs = {number.sid for number in records if number.released_at is None}
    return sorted((billed ^ held) | (held ^ theirs))


def cut_off(begin: Callable[[], World], work: Callable[[World], Work]) -> Iterator[tuple[World, Work]]:
    """The work, dead before and after each of its calls: a world for each."""
    for before in (True, False):
        yield from disturbed(begin, work, lambda _world: die(), before=before)


def run_into(
    begin: Callable[[], World], work: Callable[[World], Work], other: Callable[[World], Work]
) -> Iterator[tuple[World, Work]]:
    """The work, with all of the other happening after each of its calls: a world for each."""
    yield from disturbed(begin, work, lambda world: other(world)(world.ports), before=False)


def disturbed(
    begin: Callable[[], World], work: Callable[[World], Work], disturb: Callable[[World], object], *, before: bool
) -> Iterator[tuple[World, Work]]:
    for nth in range(1, MOST_CALLS):
        world = begin()
        run = work(world)
        calls = Calls(world.ports, nth, partial(disturb, world), before=before)
        with suppress(Died, Retryable):
            run(calls.ports)
        if not calls.happened:
            assert nth > FEWEST_CALLS
            return
        yield world, run
    raise AssertionError("The work does not come to its end.")


def test_the_grace_is_longer_than_a_subject_is_delivered() -> None:
    """A number in the hands of a job is left alone."""
    assert timedelta(seconds=JOBS.visibility * JOBS.max_receives) < GRACE


def test_what_was_bought_and_forgotten_goes_back() -> None:
    """After its grace, once; its record says so, and for whom it was."""
    world = empty()
    number = buy(world)

    assert sweep(world) == []
    assert sweep(world, hours=1) == [Finding.GIVEN_BACK]
    assert sweep(world, hours=1) == []
    assert world.twilio.numbers() == []
    assert (record(world, number.phone).user_id, record(world, number.phone).sid) == ("u-1", number.sid)


def test_numbers_that_are_as_they_should_be_stay(ready: World) -> None:
    """For ever."""
    assert sweep(ready, days=400) == []
    assert orphans(ready) == []


def test_a_number_bought_by_hand_is_reported_and_stays() -> None:
    """A release cannot be undone, and nobody knows what the number is used for."""
    world = empty()
    buy(world, tag="Front desk")

    assert sweep(world, days=30) == [Finding.FOREIGN]
    assert len(world.twilio.numbers()) == 1


def test_a_number_that_twilio_lost_is_reported_and_stays_the_users(ready: World) -> None:
    """What the user gets instead is for people to decide; deprovisioning frees the user."""
    number = record(ready, ready.number_of())
    ready.ports.twilio.release_number(account(ready), number.sid)

    assert sweep(ready) == []
    assert sweep(ready, hours=1) == [Finding.LOST]
    assert ready.number_of() == number.phone

    release(ready)(ready.ports)

    assert sweep(ready, hours=1) == []


def test_a_user_who_was_freed_meanwhile_lost_nothing(ready: World) -> None:
    """Twilio's list is older than the release: the user is read again before anything is reported."""
    run = release(ready)
    ready.clock.advance(hours=2)
    stale = list(ready.store.users(ORG))
    run(ready.ports)
    ready.ports = replace(ready.ports, store=Listed(ready.store, stale))

    assert [found.finding for found in swept(ready.ports).found] == []


class Listed:
    """A store that lists users as they were."""

    def __init__(self, store: object, users: object) -> None:
        self._store, self._users = store, users

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def users(self, org_id: str) -> object:
        return self._users


def test_an_owner_who_lost_sight_of_a_number_has_it_again(ready: World) -> None:
    """The number's record says whose it is."""
    phone = ready.number_of()
    ann = ready.store.user(ORG, "u-1", consistent=True)
    assert ann is not None
    ready.store.commit(Replace(replace(ann, number=None, number_sid=None, provisioned_at=None)))

    assert sweep(ready) == [Finding.REJOINED]
    assert ready.number_of() == phone
    assert sweep(ready, hours=1) == []


def test_an_owner_with_another_number_keeps_that(ready: World) -> None:
    """One number for one user: the other goes back."""
    kept = ready.number_of()
    extra = buy(ready)
    second = Number(phone=extra.phone, org_id=ORG, user_id="u-1", sid=extra.sid, provisioned_at=ready.clock())
    ready.store.commit(Replace(second))

    assert sweep(ready) == [Finding.GIVEN_BACK]
    assert ready.number_of() == kept
    assert orphans(ready) == []


def test_one_organization_never_stops_the_others(ready: World) -> None:
    """What fails is reported with its organization; the others are swept."""
    ready.organization("zeta")
    ready.user("u-1", org_id="zeta")
    for _ in range(2):
        buy(ready)
    ready.clock.advance(hours=2)
    ready.twilio.inject("incoming_phone_numbers.list", "500", 1)
    first = swept(ready.ports)
    ready.twilio.inject("incoming_phone_numbers.delete", "500", 1)
    second = swept(ready.ports)
    third = swept(ready.ports)

    assert [(failure.org_id, type(failure.error)) for failure in first.failures] == [(ORG, Retryable)]
    assert [failure.org_id for failure in second.failures] == [ORG]
    assert [found.finding for found in second.found] == [Finding.GIVEN_BACK]
    assert [found.finding for found in third.found] == [Finding.GIVEN_BACK]
    assert orphans(ready) == []


def forgotten() -> World:
    """A user without a number, for whom one was bought two hours ago."""
    world = empty()
    buy(world)
    world.clock.advance(hours=2)
    return world


@pytest.mark.parametrize("again", [True, False])
def test_a_provisioning_cut_off_anywhere_leaves_no_orphan(again: bool) -> None:
    """Delivered again, it comes to its end with one number; never delivered again, the sweep cleans up after it."""
    for world, run in cut_off(empty, provisioning):
        if again:
            run(world.ports)
        sweep(world, hours=1)

        assert orphans(world) == []
        assert len(world.twilio.numbers()) == 1 or not again


def test_a_release_cut_off_anywhere_is_finished_or_seen() -> None:
    """The number is gone at Twilio and the user free after another delivery; without one the sweep reports it."""
    for world, _ in cut_off(lambda: World().ready(), release):
        billed = len(world.twilio.numbers())
        found = sweep(world, hours=1)
        ann = world.store.user(ORG, "u-1", consistent=True)
        assert ann is not None

        assert (Finding.LOST in found) == (billed == 0 and ann.number is not None)

        release(world)(world.ports)

        assert orphans(world) == []
        assert world.twilio.numbers() == []


def test_a_sweep_cut_off_anywhere_is_repeated() -> None:
    """Written off and not released: the next sweep releases it, and no provisioning takes it before."""
    for world, _ in cut_off(forgotten, lambda _world: swept):
        provisioning(world)(world.ports)
        sweep(world, hours=1)

        assert orphans(world) == []
        assert len(world.twilio.numbers()) == 1


def test_a_sweep_may_run_into_a_provisioning_anywhere() -> None:
    """The number goes to the user or back to Twilio, never both; whoever lost it starts anew and gets another."""
    for world, run in run_into(forgotten, provisioning, lambda _world: swept):
        run(world.ports)
        sweep(world, hours=1)

        assert orphans(world) == []
        assert len(world.twilio.numbers()) == 1


def test_a_provisioning_may_run_into_a_sweep_anywhere() -> None:
    """The same, the other way round."""
    for world, _ in run_into(forgotten, lambda _world: swept, provisioning):
        sweep(world, hours=1)

        assert orphans(world) == []
        assert len(world.twilio.numbers()) == 1


def test_two_provisionings_may_run_into_each_other_anywhere() -> None:
    """The user has one number, Twilio bills one: an extra one is given back by whoever finds it."""
    for world, run in run_into(empty, provisioning, provisioning):
        run(world.ports)

        assert orphans(world) == []
        assert len(world.twilio.numbers()) == 1


def test_a_release_and_a_provisioning_may_run_into_each_other_anywhere() -> None:
    """In the end the user has one number that Twilio has, or none."""
    for world, run in run_into(lambda: World().ready(), release, provisioning):
        run(world.ports)
        sweep(world, hours=1)

        assert orphans(world) == []


def test_a_number_given_back_while_it_went_into_the_service_is_not_the_users_failure() -> None:
    """Twilio then refuses to put it there; the next delivery buys another."""
    world = empty()
    number = buy(world)
    command = GiveBack(org_id=ORG, user_id="u-1", owned=number)
    meanwhile = Interrupted(world.store, "number", lambda: give_back(command, account(world), world.ports))
    run = provisioning(world)
    with pytest.raises(Retryable):
        run(replace(world.ports, store=meanwhile))
    run(world.ports)

    assert world.number_of() != number.phone
    assert orphans(world) == []


def test_a_purchase_that_ends_unanswered_again_and_again_is_cleaned_up() -> None:
    """The job's last delivery failed, and Twilio has the number all the same."""
    world = empty()
    world.twilio.inject("incoming_phone_numbers.create", "timeout_after", 1)
    with pytest.raises(OutcomeUnknown):
        provisioning(world)(world.ports)

    assert sweep(world, minutes=59) == []
    assert sweep(world, minutes=1) == [Finding.GIVEN_BACK]
    assert world.twilio.numbers() == []


@pytest.mark.parametrize("released", [True, False])
def test_a_phone_that_is_bought_again_is_another_number(released: bool) -> None:
    """Records of an earlier number with the same phone neither protect the new one nor condemn it."""
    world = empty()
    number = buy(world)
    earlier = Number(
        phone=number.phone,
        org_id=ORG,
        user_id="u-9",
        sid="PN" + "0" * 32,
        provisioned_at=world.clock(),
        released_at=world.clock() if released else None,
    )
    world.store.commit(Replace(earlier))
    provisioning(world)(world.ports)

    assert world.number_of() == number.phone
    assert record(world, number.phone).sid == number.sid
    assert sweep(world, hours=2) == []
