"""A message whose last report was lost is asked about each night, and ends as Twilio says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from engage_sms.domain.message import Message, Status
from engage_sms.errors import Rejected
from engage_sms.usecases.record_status import RecordStatus, record_status
from engage_sms.usecases.send_message import SendMessage, send_message
from engage_sms.usecases.settle_sent import ASKED_FOR, PATIENCE, SettleSent, settle_sent
from tests.meter import MeteredTable
from tests.usecases.interruption import Interrupted
from tests.world import OPEN, ORG, World

NIGHT = OPEN.replace(hour=5, minute=30) + timedelta(days=1)


def sent_without_a_word(world: World, body: str = "Hi", *, heard: int = 0) -> Message:
    """A message of which Twilio reports nothing after the `heard` first callbacks of three: queued, sent, the last."""
    message = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body=body), world.ports)
    world.settle()
    for _ in range(heard):
        world.clock.instant = world.twilio.next_due() or world.clock.instant
        world.settle()
    world.twilio.inject("callbacks", "dropped", 3 - heard)
    world.arrive()
    return message


def ask(world: World, at: datetime = NIGHT, **ports: object) -> int:
    world.clock.instant = max(at, world.clock.instant)
    return settle_sent(SettleSent(org_id=ORG), replace(world.ports, **ports))  # type: ignore[arg-type]


def lists(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Twilio is asked for from now on."""
    asked: list[str] = []
    for name in ("messages_on", "messages_to"):
        whole = getattr(world.ports.twilio, name)
        monkeypatch.setattr(
            world.ports.twilio,
            name,
            lambda *args, _name=name, _whole=whole, **how: (asked.append(_name), _whole(*args, **how))[1],
        )
    return asked


@pytest.mark.parametrize("heard", [0, 1, 2])
def test_a_lost_report_is_made_up_for(opted_in: World, heard: int) -> None:
    """Delivered at Twilio: it ends so at night, says how, and the outside is told, once."""
    message = sent_without_a_word(opted_in, heard=heard)
    before, told = opted_in.message(message).status, len(opted_in.events)
    runs = [ask(opted_in), ask(opted_in)]
    opted_in.settle()
    after = opted_in.message(message)

    assert before is Status.SENT
    assert runs == [1, 0]
    assert after.status is Status.DELIVERED
    assert after.trace[-1].detail == "Its report never came; Twilio was asked."
    assert opted_in.events[told:] == ["sms.message.delivered"]


@pytest.mark.parametrize(("code", "ends"), [("30005", Status.UNDELIVERED), ("30001", Status.FAILED)])
def test_a_lost_failure_is_one(opted_in: World, code: str, ends: Status) -> None:
    """With Twilio's code; also of a message that failed before it was sent, which no list of a day shows."""
    opted_in.twilio.inject("messages.create", code)
    message = sent_without_a_word(opted_in)
    ask(opted_in)
    after = opted_in.message(message)

    assert after.status is ends
    assert after.error is not None
    assert after.error.code == code
    assert after.trace[-1].detail == f"Its report never came; Twilio was asked. Twilio reported error {code}."


def test_what_was_sent_just_before_midnight_is_found(opted_in: World) -> None:
    """By Twilio's clock it was sent on the day after."""
    opted_in.clock.instant = NIGHT.replace(hour=0, minute=0) - timedelta(seconds=0.3)
    message = sent_without_a_word(opted_in)
    ask(opted_in)

    assert opted_in.message(message).status is Status.DELIVERED


def test_a_late_report_beside_it_stands(opted_in: World) -> None:
    """The callback comes while Twilio is asked: it was first, and nothing is written twice."""
    message = sent_without_a_word(opted_in)
    sid = opted_in.message(message).sid or ""

    def report() -> None:
        record_status(RecordStatus(ref=message.ref, sid=sid, status="delivered"), opted_in.ports)

    settled = ask(opted_in, twilio=Interrupted(opted_in.ports.twilio, "messages_on", report))

    assert settled == 0
    assert [entry.event for entry in opted_in.message(message).trace].count("delivered") == 1


def test_what_twilio_calls_sent_stays_so(opted_in: World) -> None:
    """Some carriers never report: nothing is written, and after three days nothing is asked."""
    message = sent_without_a_word(opted_in)
    for theirs in opted_in.twilio._world.messages.values():
        theirs.status = "sent" if theirs.body == "Hi" else theirs.status
    known = opted_in.message(message)
    nights = [ask(opted_in, NIGHT + timedelta(days=days)) for days in range(ASKED_FOR)]
    for theirs in opted_in.twilio._world.messages.values():
        theirs.status = "delivered"
    too_late = ask(opted_in, NIGHT + timedelta(days=ASKED_FOR))

    assert nights == [0, 0, 0]
    assert too_late == 0
    assert opted_in.message(message) == known


def test_what_was_sent_just_now_is_left_its_time(opted_in: World) -> None:
    """A report may take an hour; then it is lost."""
    message = sent_without_a_word(opted_in)
    sent_at = opted_in.message(message).sent_at
    assert sent_at is not None

    assert ask(opted_in, sent_at + PATIENCE - timedelta(seconds=1)) == 0
    assert ask(opted_in, sent_at + PATIENCE) == 1


def test_it_asks_twilio_only_where_something_is_in_doubt(opted_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day on which all reports came costs no call; a day with a lost one costs one list."""
    asked = lists(opted_in, monkeypatch)
    ask(opted_in)
    quiet = list(asked)
    sent_without_a_word(opted_in)
    ask(opted_in, NIGHT + timedelta(days=1))

    assert quiet == []
    assert asked == ["messages_on"]


def test_it_reads_in_proportion_to_the_messages_of_those_days() -> None:
    """Half a read unit a message, and the day's index; nothing is written where nothing was lost."""
    table = MeteredTable()
    world = World(table=table).opted_in()
    before = table.read_units
    ask(world)
    of_two_messages = table.read_units - before
    for number in range(20):
        send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body=f"Hi {number}"), world.ports)
    world.arrive()
    read, written = table.read_units, table.write_units
    ask(world, NIGHT + timedelta(days=1))

    assert table.read_units - read <= of_two_messages + 0.5 * 20 + 1
    assert table.write_units == written


def test_an_organization_without_an_account_says_so(ready: World) -> None:
    """Nothing was ever sent for it; the caller leaves it out."""
    with pytest.raises(Rejected):
        settle_sent(SettleSent(org_id="cole"), ready.ports)
