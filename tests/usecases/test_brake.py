"""The brake stops what is automated, at once, and loses and doubles nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engage_sms.domain.brake import PAUSED
from engage_sms.domain.message import Kind, Message, Status
from engage_sms.errors import NotFound, Retryable
from engage_sms.ports import Ports
from engage_sms.usecases.announce_dispatch import AnnounceDispatch, announce_dispatch
from engage_sms.usecases.cancel_message import CancelMessage, cancel_message
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from engage_sms.usecases.expire_overdue import ExpiryReport, expire_overdue
from engage_sms.usecases.pause_automation import PauseAutomation, pause_automation
from engage_sms.usecases.release_due import release_due
from engage_sms.usecases.resume_automation import ResumeAutomation, resume_automation
from engage_sms.usecases.send_message import SendMessage, send_message
from engage_sms.usecases.view_brake import Brake, ViewBrake, view_brake
from tests.usecases.interruption import Calls, Interrupted
from tests.usecases.test_journeys import STEP, TEXT, accept
from tests.world import CLOSED, NEXT_OPENING, OPEN, ORG, World


def expire(ports: Ports) -> ExpiryReport:
    """What the hourly run ends, of every organization."""
    return expire_overdue(ports.store.organizations(), ports)


def pause(world: World) -> int:
    return pause_automation(PauseAutomation(org_id=ORG), world.ports)[1]


def resume(world: World) -> None:
    resume_automation(ResumeAutomation(org_id=ORG), world.ports)


def brake(world: World) -> Brake:
    return view_brake(ViewBrake(org_id=ORG), world.ports)


def steps(world: World, count: int) -> list[Message]:
    return [accept(world, replace(STEP, step_id=f"s-{number}")) for number in range(count)]


def at_twilio(world: World) -> int:
    return sum(message["body"] == TEXT for message in world.twilio.messages())


def statuses(world: World, messages: list[Message]) -> Counter[Status]:
    return Counter(world.message(message).status for message in messages)


def minutes(world: World, count: int) -> None:
    world.pass_time(world.clock.instant + timedelta(minutes=count))


def test_a_pause_holds_what_is_automated(opted_in: World) -> None:
    """A journey's message in an open window is held, says why, and stays as long as the pause lasts."""
    pause(opted_in)
    message = accept(opted_in)
    minutes(opted_in, 90)
    after = opted_in.message(message)

    assert after.status is Status.HELD
    assert after.hold is not None
    assert (after.hold.rule, after.hold.reason) == (PAUSED, "An administrator paused all automation.")
    assert at_twilio(opted_in) == 0


def test_people_still_text_and_are_answered(opted_in: World) -> None:
    """A person's own words go at once, and HELP is answered."""
    pause(opted_in)
    own = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="My own words"), opted_in.ports)
    opted_in.arrive()
    opted_in.text("HELP")
    opted_in.arrive()

    assert opted_in.message(own).status is Status.DELIVERED
    assert opted_in.conversation()[-1].kind is Kind.HELP
    assert opted_in.conversation()[-1].status is Status.DELIVERED


def test_a_resume_sends_what_the_pause_held_once_and_paced(opted_in: World) -> None:
    """All of it leaves, each once, never more a second than the organization's rate; then the opening is gone."""
    pause(opted_in)
    messages = steps(opted_in, 20)
    minutes(opted_in, 5)
    resume(opted_in)
    minutes(opted_in, 30)
    a_second = Counter(opted_in.message(message).sent_at for message in messages)

    assert statuses(opted_in, messages) == {Status.DELIVERED: 20}
    assert at_twilio(opted_in) == 20
    assert max(a_second.values()) <= 3
    assert opted_in.store.openings(ORG) == ()


@pytest.mark.parametrize("second", [0, 1, 3, 6])
def test_a_pause_in_the_middle_of_a_wave(opted_in: World, second: int) -> None:
    """What the wave had put on the queue is held on arrival, the rest stays where it is; a resume sends every one."""
    opted_in.pass_time(CLOSED)
    messages = steps(opted_in, 20)
    opted_in.pass_time(NEXT_OPENING + timedelta(seconds=second))
    pause(opted_in)
    gone = at_twilio(opted_in)
    minutes(opted_in, 45)
    during = at_twilio(opted_in)
    resume(opted_in)
    minutes(opted_in, 30)

    assert during == gone
    assert gone <= 3 * (second + 1)
    assert statuses(opted_in, messages) == {Status.DELIVERED: 20}
    assert at_twilio(opted_in) == 20


def test_an_opening_that_passes_during_a_pause_is_not_lost(opted_in: World) -> None:
    """The opening stays due, untouched, and its messages leave after the resume."""
    opted_in.pass_time(CLOSED)
    messages = steps(opted_in, 5)
    pause(opted_in)
    opted_in.pass_time(NEXT_OPENING + timedelta(hours=2))
    waiting = statuses(opted_in, messages)
    opening = opted_in.store.opening(ORG, NEXT_OPENING)
    resume(opted_in)
    minutes(opted_in, 20)

    assert waiting == {Status.HELD: 5}
    assert opening is not None
    assert opening.due_at == NEXT_OPENING
    assert statuses(opted_in, messages) == {Status.DELIVERED: 5}
    assert at_twilio(opted_in) == 5


def test_it_says_what_a_resume_would_send(opted_in: World) -> None:
    """What the pause caught, what is overdue, and what will leave at its opening anyway."""
    pause(opted_in)
    steps(opted_in, 4)
    opted_in.settle()
    opted_in.pass_time(CLOSED)
    resume(opted_in)
    opted_in.settle()
    accept(opted_in, replace(STEP, step_id="night"))
    pause(opted_in)
    opted_in.settle()
    at_night = brake(opted_in)
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=1))
    overdue = brake(opted_in)

    assert at_night.paused_at == CLOSED
    assert [(w.opens_at, w.messages, w.more) for w in at_night.resume_sends] == [(None, 4, False)]
    assert [(w.opens_at, w.messages) for w in at_night.later] == [(NEXT_OPENING, 1)]
    assert sorted(w.messages for w in overdue.resume_sends) == [1, 4]
    assert overdue.later == ()


def test_many_held_messages_are_counted_to_a_bound(opted_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound it says that there are more, instead of reading on."""
    monkeypatch.setattr("engage_sms.usecases.view_brake.MOST_COUNTED", 4)
    monkeypatch.setattr("engage_sms.usecases.view_brake._PAGE", 2)
    pause(opted_in)
    steps(opted_in, 7)
    opted_in.arrive()
    (waiting,) = brake(opted_in).resume_sends

    assert (waiting.messages, waiting.more) == (4, True)


def test_pausing_and_resuming_again_changes_nothing(opted_in: World) -> None:
    """The pause keeps its beginning; a resume without a pause writes nothing."""
    pause(opted_in)
    opted_in.clock.advance(minutes=3)
    pause(opted_in)
    paused = opted_in.store.organization(ORG, consistent=True)
    resume(opted_in)
    resume(opted_in)
    running = opted_in.store.organization(ORG, consistent=True)

    assert paused is not None
    assert running is not None
    assert paused.paused_at == opted_in.clock.instant - timedelta(minutes=3)
    assert running.paused_at is None
    assert running.version == paused.version + 1
    with pytest.raises(NotFound):
        pause_automation(PauseAutomation(org_id="nobody"), opted_in.ports)


def test_a_second_pause_while_the_first_one_drains(opted_in: World) -> None:
    """Each pause has an opening of its own: what is left of the first is sent after the second, nothing twice."""
    pause(opted_in)
    messages = steps(opted_in, 30)
    minutes(opted_in, 1)
    resume(opted_in)
    opted_in.pass_time(opted_in.clock.instant.replace(second=0) + timedelta(seconds=64))
    some = at_twilio(opted_in)
    pause(opted_in)
    minutes(opted_in, 60)
    still = at_twilio(opted_in)
    resume(opted_in)
    minutes(opted_in, 40)

    assert 0 < some < 30
    assert still == some
    assert statuses(opted_in, messages) == {Status.DELIVERED: 30}
    assert at_twilio(opted_in) == 30
    assert opted_in.store.openings(ORG) == ()


def test_what_expires_during_a_pause_is_never_sent(opted_in: World) -> None:
    """Caught on the queue or overdue at an opening: it expires on time or at the resume, and does not leave."""
    ends = OPEN + timedelta(hours=3)
    pause(opted_in)
    caught = accept(opted_in, replace(STEP, expires_at=ends))
    opted_in.pass_time(ends + timedelta(minutes=1))
    on_time = opted_in.message(caught)
    resume(opted_in)
    opted_in.pass_time(CLOSED)
    overdue = accept(opted_in, replace(STEP, step_id="s-2", expires_at=NEXT_OPENING + timedelta(minutes=30)))
    pause(opted_in)
    opted_in.pass_time(NEXT_OPENING + timedelta(hours=1))
    resume(opted_in)
    minutes(opted_in, 10)

    assert on_time.status is Status.EXPIRED
    assert opted_in.message(overdue).status is Status.EXPIRED
    assert at_twilio(opted_in) == 0


def test_what_was_to_leave_during_a_pause_expires_in_it(opted_in: World) -> None:
    """Held for an opening that passed in the pause: it ends within the hour after its end, and the outside is told."""
    opted_in.pass_time(CLOSED)
    message = accept(opted_in, replace(STEP, expires_at=NEXT_OPENING + timedelta(minutes=30)))
    other = accept(opted_in, replace(STEP, step_id="s-2"))
    pause(opted_in)
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=29))
    early = expire(opted_in.ports)
    opted_in.pass_time(NEXT_OPENING + timedelta(minutes=31))
    report = expire(opted_in.ports)
    again = expire(opted_in.ports)
    told = len(opted_in.events)
    opted_in.settle()
    after = opted_in.message(message)

    assert [run.expired for run in (early, report, again)] == [0, 1, 0]
    assert after.status is Status.EXPIRED
    assert after.trace[-1].event == "expired"
    assert opted_in.events[told:] == ["sms.message.skipped"]
    assert opted_in.message(other).status is Status.HELD


def test_a_cancellation_beside_the_sweep_stands(opted_in: World) -> None:
    """What was cancelled between the look and the write stays as it is."""
    opted_in.pass_time(CLOSED)
    message = accept(opted_in, replace(STEP, expires_at=NEXT_OPENING + timedelta(minutes=30)))
    pause(opted_in)
    opted_in.pass_time(NEXT_OPENING + timedelta(hours=1))

    def cancel() -> None:
        cancel_message(CancelMessage(ref=message.ref), opted_in.ports)

    calls = Calls(opted_in.ports, 5, cancel, before=True)
    report = expire(calls.ports)

    assert calls.count == 5, "the last call is the write"
    assert report.expired == 0
    assert opted_in.message(message).status is Status.CANCELLED


def test_what_is_overdue_and_runs_is_left_alone(opted_in: World) -> None:
    """Where automation runs, whoever releases a message sees its end; and a failure spoils no other organization."""
    opted_in.pass_time(CLOSED)
    message = accept(opted_in, replace(STEP, expires_at=NEXT_OPENING + timedelta(minutes=30)))
    opted_in.settle()
    opted_in.clock.instant = NEXT_OPENING + timedelta(hours=1)
    runs = expire(opted_in.ports)
    pause(opted_in)
    other = opted_in.organization("aaa")
    pause_automation(PauseAutomation(org_id=other.id), opted_in.ports)

    def fail() -> None:
        raise Retryable("Too busy.")

    paused = expire(replace(opted_in.ports, store=Interrupted(opted_in.store, "openings", fail)))

    assert (runs.expired, runs.failures) == (0, ())
    assert (paused.expired, [failure.org_id for failure in paused.failures]) == (1, [other.id])
    assert opted_in.message(message).status is Status.EXPIRED


def test_a_stop_cancels_what_a_pause_holds(opted_in: World) -> None:
    """At once, not at the resume."""
    pause(opted_in)
    message = accept(opted_in)
    opted_in.settle()
    opted_in.text("STOP")

    assert opted_in.message(message).status is Status.CANCELLED


def test_a_resume_outside_the_window_waits_for_the_next_opening(opted_in: World) -> None:
    """The pause is over, the night is not: the message is held by the window, and leaves in the morning."""
    pause(opted_in)
    message = accept(opted_in)
    opted_in.pass_time(CLOSED)
    resume(opted_in)
    minutes(opted_in, 2)
    at_night = opted_in.message(message)
    opted_in.pass_time(NEXT_OPENING + timedelta(seconds=4))

    assert at_night.hold is not None
    assert (at_night.hold.rule, at_night.hold.until) == ("organization", NEXT_OPENING)
    assert opted_in.message(message).status is Status.DELIVERED


def test_a_message_that_meets_the_resume_is_not_stranded(opted_in: World) -> None:
    """Dispatch read "paused", the resume ran all the way through, and only then the message was held."""
    pause(opted_in)
    message = accept(opted_in)
    opted_in._relay()

    def resumed() -> None:
        resume(opted_in)
        opted_in._relay()

    interrupted = Interrupted(opted_in.store, "organization", resumed)
    dispatch_message(DispatchMessage(ref=message.ref), replace(opted_in.ports, store=interrupted))
    held = opted_in.message(message).hold
    minutes(opted_in, 5)

    assert held is not None
    assert held.rule == PAUSED
    assert opted_in.message(message).status is Status.DELIVERED
    assert at_twilio(opted_in) == 1


def test_a_pause_says_how_many_are_past_recall(opted_in: World) -> None:
    """A message that is being handed to Twilio still leaves, and is counted; one taken in hand after it is held."""
    first, second = steps(opted_in, 2)
    opted_in._relay()
    said: list[int] = []
    announce_dispatch(AnnounceDispatch(worker="w", refs=[first.ref, second.ref]), opted_in.ports)
    interrupted: Ports = replace(
        opted_in.ports, store=Interrupted(opted_in.store, "move", lambda: said.append(pause(opted_in)))
    )
    dispatch_message(DispatchMessage(ref=first.ref), interrupted)
    dispatch_message(DispatchMessage(ref=second.ref), opted_in.ports)

    assert said == [1]
    assert pause(opted_in) == 0
    assert opted_in.message(first).status is Status.SENT
    assert opted_in.message(second).status is Status.HELD


def test_a_pause_that_came_before_the_claim_stops_the_message(opted_in: World) -> None:
    """The organization is read strongly consistent: the first dispatch after the answer already sees the pause."""
    message = accept(opted_in)
    opted_in._relay()
    asked: list[bool] = []
    organization = opted_in.store.organization

    class Watched(Interrupted):
        def organization(self, org_id: str, *, consistent: bool = False) -> object:
            asked.append(consistent)
            return organization(org_id, consistent=consistent)

    pause(opted_in)
    watched = Watched(opted_in.store, "-", lambda: None)
    dispatch_message(DispatchMessage(ref=message.ref), replace(opted_in.ports, store=watched))

    assert asked == [True]
    assert opted_in.message(message).status is Status.HELD


def test_a_release_that_runs_twice_after_a_resume_sends_once(opted_in: World) -> None:
    """The pause's opening is released like any other: repeating it is harmless."""
    pause(opted_in)
    messages = steps(opted_in, 6)
    opted_in.settle()
    resume(opted_in)
    opted_in.settle()
    for _ in range(3):
        release_due(opted_in.ports)
    minutes(opted_in, 10)

    assert statuses(opted_in, messages) == {Status.DELIVERED: 6}
    assert at_twilio(opted_in) == 6


def test_another_organization_goes_on(opted_in: World) -> None:
    """The brake is one organization's own."""
    pause(opted_in)
    other = "other"
    opted_in.organization(other)
    opted_in.user("u-9", org_id=other)
    opted_in.contact("c-9", org_id=other, owner_id="u-9")
    opted_in.provision("u-9", org_id=other)
    asking = replace(STEP, org_id=other, contact_id="c-9")
    message = accept(opted_in, asking)
    opted_in.arrive()
    (request,) = [m for m in opted_in.store.messages(other, "u-9", "c-9").items if m.kind is Kind.OPT_IN_REQUEST]

    assert opted_in.message(message).status is Status.AWAITING_OPT_IN
    assert request.status is Status.DELIVERED


def test_the_start_of_a_pause_is_an_instant_of_its_own() -> None:
    """No two pauses share an opening, and none comes by itself."""
    from engage_sms.domain.brake import until_resumed

    assert until_resumed(OPEN) != until_resumed(CLOSED)
    assert until_resumed(OPEN) > datetime(2900, 1, 1, tzinfo=OPEN.tzinfo)
