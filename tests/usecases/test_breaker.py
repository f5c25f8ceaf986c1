"""Twilio refuses the whole account: automation rests, instead of burning message after message."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engage_sms.domain.brake import FIRST_REST, PROBE, REFUSED
from engage_sms.domain.directory import AccountRefusal
from engage_sms.domain.message import Message, Status
from engage_sms.errors import Conflict
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from engage_sms.usecases.release_due import release_due
from engage_sms.usecases.send_message import SendMessage, send_message
from engage_sms.usecases.view_brake import ViewBrake, view_brake
from tests.usecases.interruption import Interrupted
from tests.usecases.test_journeys import STEP, TEXT, accept
from tests.world import CLOSED, NEXT_OPENING, ORG, World


def refuse(world: World, code: str = "20003", count: int = 1) -> None:
    world.twilio.inject("messages.create", code, count)


def breaker(world: World) -> AccountRefusal:
    organization = world.store.organization(ORG, consistent=True)
    assert organization is not None
    assert organization.refusal is not None
    return organization.refusal


def at_twilio(world: World) -> int:
    return sum(message["body"] == TEXT for message in world.twilio.messages())


def own(world: World) -> Message:
    return send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="My own"), world.ports)


def test_a_refused_account_holds_the_message(opted_in: World) -> None:
    """It was not sent and nothing is wrong with it: it waits, says why, and leaves once Twilio takes messages again."""
    refuse(opted_in)
    message = accept(opted_in)
    opted_in.settle()
    waiting = opted_in.message(message)
    opted_in.pass_time(opted_in.clock.instant + FIRST_REST + timedelta(minutes=1))

    assert waiting.status is Status.HELD
    assert waiting.hold is not None
    assert waiting.hold.rule == REFUSED
    assert waiting.hold.reason == "Twilio refuses the organization's messages (error 20003)."
    assert opted_in.message(message).status is Status.DELIVERED
    assert at_twilio(opted_in) == 1


def test_others_wait_without_asking_twilio(opted_in: World) -> None:
    """One refusal is enough: a hundred others are not tried, and none fails."""
    refuse(opted_in, count=1)
    accept(opted_in)
    opted_in.settle()
    refuse(opted_in, count=100)
    others = [accept(opted_in, replace(STEP, step_id=f"s-{n}")) for n in range(2, 12)]
    opted_in.pass_time(opted_in.clock.instant + timedelta(seconds=4))
    left = sum(1 for _ in iter(lambda: opted_in.twilio._world.faults.take("messages.create"), None))

    assert left == 100
    assert {opted_in.message(message).status for message in others} == {Status.HELD}


def test_one_message_probes_and_the_others_follow(opted_in: World) -> None:
    """After the rest one goes ahead; a minute later, when Twilio still takes messages, the others leave."""
    refuse(opted_in)
    messages = [accept(opted_in, replace(STEP, step_id=f"s-{n}")) for n in range(5)]
    opted_in.settle()
    opened = opted_in.clock.instant
    opted_in.pass_time(opened + FIRST_REST + PROBE / 2)
    probing = at_twilio(opted_in)
    opted_in.pass_time(opened + FIRST_REST + PROBE + timedelta(minutes=3))

    assert probing == 1
    assert {opted_in.message(message).status for message in messages} == {Status.DELIVERED}
    assert at_twilio(opted_in) == 5


def test_each_refused_probe_doubles_the_rest(opted_in: World) -> None:
    """5 minutes, 10, 20 …, at most 4 hours: an account that stays refused costs a few calls, not thousands."""
    refuse(opted_in, count=3)
    message = accept(opted_in)
    opted_in.settle()
    rests = [breaker(opted_in).until - opted_in.clock.instant]
    for _ in range(2):
        opted_in.pass_time(breaker(opted_in).until)
        opted_in.pass_time(opted_in.clock.instant + timedelta(seconds=1))
        rests.append(breaker(opted_in).until - opted_in.clock.instant)
    opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=22))

    assert [round(rest / FIRST_REST) for rest in rests] == [1, 2, 4]
    assert opted_in.message(message).status is Status.DELIVERED


def test_a_refusal_reported_later_rests_too(opted_in: World) -> None:
    """30034 comes by callback, after Twilio took the message: that one is lost, the next ones wait."""
    refuse(opted_in, "30034")
    first = accept(opted_in)
    opted_in.arrive()
    second = accept(opted_in, replace(STEP, step_id="s-2"))
    opted_in.settle()
    held = opted_in.message(second)

    assert opted_in.message(first).status is Status.UNDELIVERED
    assert held.status is Status.HELD
    assert held.hold is not None
    assert held.hold.rule == REFUSED
    assert breaker(opted_in).code == "30034"


def test_a_persons_message_fails_with_the_plain_reason(opted_in: World) -> None:
    """Whoever wrote it hears at once what Twilio said, and it opens the breaker for automation."""
    refuse(opted_in, count=2)
    first, second = own(opted_in), own(opted_in)
    opted_in.settle()
    automated = accept(opted_in)
    opted_in.settle()
    third = own(opted_in)
    opted_in.arrive()
    failure = opted_in.message(first).error

    assert failure is not None
    assert failure.code == "20003"
    assert opted_in.message(second).status is Status.FAILED
    assert opted_in.message(automated).status is Status.HELD
    assert opted_in.message(third).status is Status.DELIVERED
    assert breaker(opted_in).count == 1


def test_other_refusals_concern_one_message(opted_in: World) -> None:
    """A wrong number is that message's own end; automation goes on."""
    refuse(opted_in, "21211")
    message = accept(opted_in)
    opted_in.settle()
    organization = opted_in.store.organization(ORG)

    assert opted_in.message(message).status is Status.FAILED
    assert organization is not None
    assert organization.refusal is None


def test_a_breaker_that_cannot_be_written_loses_no_answer(opted_in: World) -> None:
    """The message is held all the same: what Twilio said stays said."""
    refuse(opted_in)
    message = accept(opted_in)
    opted_in._relay()
    commit = opted_in.store.commit

    class Contended(Interrupted):
        def commit(self, *changes: object) -> None:
            if any("refusal" in repr(change) for change in changes):
                raise Conflict("Others were quicker.")
            commit(*changes)  # type: ignore[arg-type]

    contended = Contended(opted_in.store, "-", lambda: None)
    dispatch_message(DispatchMessage(ref=message.ref), replace(opted_in.ports, store=contended))

    assert opted_in.message(message).status is Status.HELD


def test_two_messages_at_once_send_one_probe(opted_in: World) -> None:
    """Both read that the rest is over; the conditional write lets one through, the other reads again and waits."""
    refuse(opted_in)
    first, second = (accept(opted_in, replace(STEP, step_id=f"s-{n}")) for n in range(2))
    opted_in.settle()
    opted_in.clock.instant = breaker(opted_in).until

    interrupted = Interrupted(
        opted_in.store, "organization", lambda: dispatch_message(DispatchMessage(ref=first.ref), opted_in.ports)
    )
    dispatch_message(DispatchMessage(ref=second.ref), replace(opted_in.ports, store=interrupted))

    assert opted_in.message(first).status is Status.SENT
    assert opted_in.message(second).status is Status.HELD


def test_an_opening_waits_while_twilio_refuses(opted_in: World) -> None:
    """Held messages are not even put on the queue; the opening keeps its place."""
    opted_in.pass_time(CLOSED + timedelta(days=1))
    message = accept(opted_in)
    opted_in.settle()
    opening = NEXT_OPENING + timedelta(days=1)
    opted_in.pass_time(opening - timedelta(minutes=3))
    refuse(opted_in)
    own(opted_in)
    opted_in.settle()
    report = release_due(opted_in.ports)
    opted_in.pass_time(opening + timedelta(minutes=1))
    shown = view_brake(ViewBrake(org_id=ORG), opted_in.ports).refusal
    opted_in.pass_time(opening + timedelta(minutes=4))

    assert report.messages == 0
    assert shown is not None
    assert shown.code == "20003"
    assert opted_in.message(message).status is Status.DELIVERED
    assert at_twilio(opted_in) == 1


@pytest.mark.parametrize("hours", [4, 30])
def test_a_message_does_not_outlive_its_patience(opted_in: World, hours: int) -> None:
    """However long Twilio refuses, a held message ends as expired and is not sent late."""
    refuse(opted_in, count=500)
    step = replace(STEP, expires_at=opted_in.clock.instant + timedelta(hours=hours))
    message = accept(opted_in, step)
    opted_in.pass_time(opted_in.clock.instant + timedelta(hours=hours + 24))

    assert opted_in.message(message).status is Status.EXPIRED
    assert at_twilio(opted_in) == 0
