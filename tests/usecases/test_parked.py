"""A message of unknown outcome while Twilio cannot be asked: never repeated, never lost, never out of sight."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engage_sms.domain.due import Parked
from engage_sms.domain.message import Message, Status
from engage_sms.usecases.list_parked import ListParked, list_parked
from engage_sms.usecases.reconcile_message import WHILE_PARKED
from engage_sms.usecases.record_status import RecordStatus, record_status
from engage_sms.usecases.release_due import release_due
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.usecases.interruption import Interrupted
from tests.usecases.test_journeys import STEP, accept
from tests.world import CLOSED, NEXT_OPENING, ORG, World


def unknown(world: World, kind: str = "timeout_after") -> Message:
    """A message whose answer and callbacks were lost."""
    world.twilio.inject("messages.create", kind)
    world.twilio.inject("callbacks", "dropped", 3)
    message = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hello Bo"), world.ports)
    world.settle()
    return message


def hours(world: World, count: float) -> None:
    world.pass_time(world.clock.instant + timedelta(hours=count))


def parked(world: World) -> list[Parked]:
    return list(list_parked(ListParked(org_id=ORG), world.ports).items)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("500", "Twilio does not answer."),
        ("429", "Twilio does not answer."),
        ("20003", "Twilio refuses to be asked (error 20003)."),
    ],
)
def test_a_message_that_cannot_be_asked_for_is_parked(opted_in: World, fault: str, reason: str) -> None:
    """After six look-ups without an answer it stands in the list: unknown since when, why, and how often."""
    message = unknown(opted_in)
    since = opted_in.clock.instant
    opted_in.twilio.inject("messages.list", fault, 6)
    hours(opted_in, 0.9)
    before = parked(opted_in)
    hours(opted_in, 0.3)

    assert before == []
    assert parked(opted_in) == [Parked(ref=message.ref, since=since, reason=reason, attempts=6)]
    assert opted_in.message(message).status is Status.UNKNOWN


def test_an_organization_without_its_account_parks_too(opted_in: World) -> None:
    """Our own side cannot ask either: the sentence says what is missing."""
    message = unknown(opted_in)
    organization = opted_in.store.organization(ORG, consistent=True)
    assert organization is not None
    account = replace(organization.twilio, messaging_service_sid=None)
    stuck = Interrupted(opted_in.store, "-", lambda: None)
    stuck.organization = lambda *_, **__: replace(organization, twilio=account)  # type: ignore[attr-defined]
    ports = replace(opted_in.ports, store=stuck)
    for _ in range(120):
        opted_in.clock.advance(minutes=1)
        release_due(ports)
    (standing,) = parked(opted_in)

    assert standing.ref == message.ref
    assert standing.reason == "Provision the organization's Twilio account first."


def test_look_ups_go_on_hourly_and_settle_it(opted_in: World) -> None:
    """When Twilio can be asked again the message gets its true state, and leaves the list."""
    message = unknown(opted_in)
    opted_in.twilio.inject("messages.list", "500", 9)
    hours(opted_in, 4)
    (standing,) = parked(opted_in)
    hours(opted_in, 3)

    assert standing.attempts == 8
    assert opted_in.message(message).status is Status.DELIVERED
    assert opted_in.store.parked(ORG).items == ()
    assert list(opted_in.store.due_timers(opted_in.clock.instant + timedelta(days=30))) == []
    assert sum(m["body"] == "Hello Bo" for m in opted_in.twilio.messages()) == 1


def test_a_parked_message_without_a_trace_was_not_sent(opted_in: World) -> None:
    """Hours after the attempt Twilio's list is complete: it is recorded as not taken."""
    message = unknown(opted_in, "timeout_before")
    opted_in.twilio.inject("messages.list", "500", 7)
    hours(opted_in, 5)
    failure = opted_in.message(message).error

    assert opted_in.message(message).status is Status.FAILED
    assert failure is not None
    assert failure.code == "not-taken"
    assert opted_in.store.parked(ORG).items == ()


def test_a_callback_takes_it_off_the_list_at_once(opted_in: World) -> None:
    """The list shows what is unknown now, before the next look-up tidies up."""
    message = unknown(opted_in)
    opted_in.twilio.inject("messages.list", "500", 50)
    hours(opted_in, 2)
    shown = len(parked(opted_in))
    record_status(RecordStatus(ref=message.ref, sid="SM1", status="delivered"), opted_in.ports)
    after = parked(opted_in)
    hours(opted_in, 1.1)

    assert (shown, after) == (1, [])
    assert opted_in.message(message).status is Status.DELIVERED
    assert opted_in.store.parked(ORG).items == ()


def test_every_look_up_of_a_parked_message_is_reported(opted_in: World) -> None:
    """The alarm stays on as long as something is parked, and goes off when nothing is."""
    unknown(opted_in)
    opted_in.twilio.inject("messages.list", "500", 8)
    reports = []
    for _ in range(60 * 5):
        opted_in.clock.advance(minutes=1)
        reports.append(release_due(opted_in.ports).parked)
        opted_in.settle()

    assert sum(reports) == 3
    assert opted_in.store.parked(ORG).items == ()
    assert timedelta(hours=1) >= WHILE_PARKED


def test_a_crash_while_parking_is_repeated(opted_in: World) -> None:
    """The list and the timer change together: whoever dies then leaves nothing on the list that has no timer."""
    message = unknown(opted_in)
    opted_in.twilio.inject("messages.list", "500", 6)

    class Crash(Exception):
        """The process ends here."""

    class Crashing(Interrupted):
        def commit(self, *changes: object) -> None:
            self._port.commit(*changes)
            if any("Parked" in repr(change) for change in changes):
                raise Crash

    hours(opted_in, 0.9)
    ports = replace(opted_in.ports, store=Crashing(opted_in.store, "-", lambda: None))
    failures = []
    for _ in range(20):
        opted_in.clock.advance(minutes=1)
        failures += release_due(ports).failures
    hours(opted_in, 3)

    assert [type(failure.error) for failure in failures] == [Crash] * len(failures)
    assert failures
    assert opted_in.message(message).status is Status.DELIVERED
    assert opted_in.store.parked(ORG).items == ()


def test_one_failing_timer_stops_no_other(opted_in: World) -> None:
    """A timer and an opening that fail stay due and are reported; every other one gets its turn."""
    first, second = unknown(opted_in), unknown(opted_in)
    opted_in.clock.advance(minutes=2)
    message = opted_in.store.message

    class Poisoned(Interrupted):
        def message(self, ref: object, *, consistent: bool = False) -> object:
            if ref == first.ref:
                raise TypeError("This item cannot be read.")
            return message(ref, consistent=consistent)  # type: ignore[arg-type]

    poisoned = replace(opted_in.ports, store=Poisoned(opted_in.store, "-", lambda: None))
    report = release_due(poisoned)

    assert [(failure.org_id, type(failure.error)) for failure in report.failures] == [(ORG, TypeError)]
    assert report.timers == 2
    assert opted_in.message(second).status is not Status.UNKNOWN
    assert len(list(opted_in.store.due_timers(opted_in.clock.instant))) == 1


def test_one_failing_organization_stops_no_other(opted_in: World) -> None:
    """An opening whose organization cannot be read leaves the openings of the others alone."""
    other = "another"
    opted_in.organization(other)
    opted_in.user("u-9", org_id=other)
    opted_in.provision("u-9", org_id=other)
    opted_in.contact("c-9", org_id=other, owner_id="u-9", cell_phone="+13125550188")
    opted_in.pass_time(CLOSED)
    accept(opted_in, replace(STEP, org_id=other, contact_id="c-9"))
    message = accept(opted_in)
    opted_in.settle()
    opted_in.clock.instant = NEXT_OPENING
    organization = opted_in.store.organization

    class Poisoned(Interrupted):
        def organization(self, org_id: str, *, consistent: bool = False) -> object:
            if org_id == other:
                raise TypeError("This item cannot be read.")
            return organization(org_id, consistent=consistent)

    report = release_due(replace(opted_in.ports, store=Poisoned(opted_in.store, "-", lambda: None)))
    opted_in.settle()

    assert [failure.org_id for failure in report.failures] == [other]
    assert report.messages == 1
    assert opted_in.message(message).status is Status.SENT
