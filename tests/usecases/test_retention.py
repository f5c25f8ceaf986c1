"""Retention: texts go when their time is over, a missed night is caught up, consent keeps its words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from engage_sms.domain.message import Message
from engage_sms.errors import Retryable
from engage_sms.ports import Ports
from engage_sms.usecases.change_settings import ChangeSettings, change_settings
from engage_sms.usecases.record_status import RecordStatus, record_status
from engage_sms.usecases.remove_bodies import RemoveBodies, RetentionReport, remove_bodies
from engage_sms.usecases.send_message import SendMessage, send_message
from engage_sms.usecases.view_consent import ViewConsent, view_consent
from tests.usecases.interruption import Calls, Died, Interrupted, die
from tests.world import ORG, World

WORDS = "The code of the lockbox is 4711."


def keep(world: World, days: int | None, *, org_id: str = ORG) -> None:
    change_settings(ChangeSettings(org_id=org_id, changes={"sms.retention.body_days": days}), world.ports)


def night(world: World, ports: Ports | None = None, *, minutes: float = 15) -> RetentionReport:
    """One run, which may take so long; and what follows from it."""
    report = remove_bodies(RemoveBodies(until=world.clock() + timedelta(minutes=minutes)), ports or world.ports)
    world.settle()
    return report


def say(world: World, words: str = WORDS) -> Message:
    message = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body=words), world.ports)
    world.arrive()
    return message


def everything(world: World) -> str:
    """All that is stored, consent aside."""
    return json.dumps([item.doc for item in world.store.table.items() if item.kind != "consent"], default=str)  # type: ignore[attr-defined]


@pytest.fixture
def talk(opted_in: World) -> World:
    """A message each way, in an organization that keeps texts for 30 days."""
    keep(opted_in, 30)
    opted_in.text(WORDS)
    say(opted_in)
    return opted_in


def test_without_the_setting_texts_are_kept(opted_in: World) -> None:
    """For ever."""
    say(opted_in)
    opted_in.clock.advance(days=4000)

    assert night(opted_in) == RetentionReport()
    assert opted_in.conversation()[-1].body == WORDS


def test_a_text_is_gone_from_everywhere_after_its_whole_days(talk: World) -> None:
    """Not a night too early; then from the conversation and the inbox, for good. All else of it stays."""
    before = talk.conversation()
    talk.clock.instant = datetime.combine(date(2026, 8, 14), talk.clock.instant.timetz())
    early = night(talk)
    talk.clock.advance(days=1)
    report = night(talk)
    after = talk.conversation()
    line = talk.store.conversation(ORG, "u-1", "c-1")

    assert early.removed == 0
    assert report == RetentionReport(removed=len(before))
    assert [(one.body, one.media_urls, one.trace[-1].event) for one in after] == [("", (), "body_removed")] * len(after)
    assert [(one.id, one.status, one.segments) for one in after] == [
        (one.id, one.status, one.segments) for one in before
    ]
    assert line is not None
    assert (line.last_body, line.last_message_id) == ("", after[-1].id)
    assert WORDS not in everything(talk)


def test_consent_keeps_its_exact_words(talk: World) -> None:
    """They are the proof that nobody was texted unasked."""
    talk.clock.advance(days=60)
    night(talk)
    _, evidence = view_consent(ViewConsent(org_id=ORG, user_id="u-1", contact_id="c-1"), talk.ports)

    assert [step.event for step in evidence] == ["requested", "opted_in"]
    assert 'Reply "YES" to opt-in' in evidence[0].words
    assert evidence[1].words == "YES"


def test_repeating_a_night_changes_nothing(talk: World) -> None:
    """Nor does the next one find anything."""
    talk.clock.advance(days=31)
    night(talk)
    after = talk.conversation()

    assert night(talk).removed == 0
    assert talk.conversation() == after


def test_missed_nights_are_caught_up(talk: World) -> None:
    """Every day since the last that was done, whatever lies between."""
    for _ in range(5):
        talk.clock.advance(days=1)
        say(talk)
    talk.clock.advance(days=28)
    first = night(talk)
    talk.clock.advance(days=100)
    second = night(talk)

    assert first.removed > 0
    assert second.removed > 0
    assert WORDS not in everything(talk)


def test_a_shorter_time_reaches_back(talk: World) -> None:
    """What was kept for long and is now kept for less goes the next night; a longer time brings nothing back."""
    keep(talk, 365)
    talk.clock.advance(days=90)
    kept = night(talk)
    keep(talk, 30)
    gone = night(talk)
    keep(talk, 365)

    assert kept.removed == 0
    assert gone.removed == len(talk.conversation())
    assert night(talk).removed == 0


def test_a_late_report_is_lost_nowhere() -> None:
    """Twilio says after a month that it was delivered, just as the text goes: before any call of the night."""
    for nth in range(1, 100):
        world = World().opted_in()
        keep(world, 30)
        world.twilio.inject("callbacks", "dropped", 3)
        message = say(world)
        world.clock.advance(days=31)
        late = RecordStatus(ref=message.ref, sid="SM" + "1" * 32, status="delivered")
        calls = Calls(world.ports, nth, partial(record_status, late, world.ports), before=True)
        night(world, calls.ports)
        after = world.message(message)
        if not calls.happened:
            assert nth > 6
            return

        assert (after.status, after.body) == ("delivered", "")
        assert sorted(entry.event for entry in after.trace[-2:]) == ["body_removed", "delivered"]
    raise AssertionError("The night does not end.")


def test_a_night_that_is_too_short_goes_on_with_the_next(talk: World) -> None:
    """It says so, and nothing is written off before it is done."""
    talk.clock.advance(days=60)
    slow: Any = Interrupted(talk.store, "remove_body", lambda: talk.clock.advance(minutes=1))
    first = night(talk, replace(talk.ports, store=slow), minutes=1)
    second = night(talk)

    assert (first.removed, first.unfinished) == (1, True)
    assert second.removed == len(talk.conversation()) - 1
    assert WORDS not in everything(talk)


class Failing:
    """A store that fails one organization's first day."""

    def __init__(self, store: Any, day: date) -> None:
        self._store, self._day = store, day

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def bodies(self, org_id: str, day: date) -> Iterator[Message]:
        if org_id == ORG and day == self._day:
            raise Retryable("Busy.")
        found: Iterator[Message] = self._store.bodies(org_id, day)
        return found


def test_a_day_that_fails_stops_no_other(talk: World) -> None:
    """Later days and other organizations are done; the next night begins where the failure was."""
    first_day = talk.clock().date()
    talk.clock.advance(days=1)
    say(talk)
    talk.organization("zeta")
    keep(talk, 30, org_id="zeta")
    talk.clock.advance(days=40)
    failing: Any = Failing(talk.store, first_day)
    first = night(talk, replace(talk.ports, store=failing))
    kept = [message.body for message in talk.conversation()]
    second = night(talk)

    assert [failure.org_id for failure in first.failures] == [ORG]
    assert (first.removed, kept[-1]) == (1, "")
    assert kept[0] != ""
    assert second.failures == ()
    assert WORDS not in everything(talk)
    assert talk.store.retention("zeta") is not None


@pytest.mark.parametrize("before", [True, False])
def test_a_night_cut_off_anywhere_is_finished_by_the_next(before: bool) -> None:
    """Dead before or after any of its calls: nothing is left, and nothing is removed twice."""
    for nth in range(1, 100):
        world = World().opted_in()
        keep(world, 30)
        say(world)
        world.clock.advance(days=31)
        calls = Calls(world.ports, nth, die, before=before)
        with suppress(Died):
            night(world, calls.ports)
        night(world)
        removals = [[entry.event for entry in one.trace].count("body_removed") for one in world.conversation()]

        assert WORDS not in everything(world)
        assert set(removals) == {1}
        if not calls.happened:
            assert nth > 6
            return
    raise AssertionError("The night does not end.")
