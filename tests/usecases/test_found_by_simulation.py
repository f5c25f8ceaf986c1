"""What the simulation found, each as the smallest race that shows it; `tests/simulation` draws thousands of others."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from engage_sms.adapters.store import TableStore
from engage_sms.adapters.twilio_api import TIMEOUT
from engage_sms.domain.message import Message, Status
from engage_sms.domain.planning import CALL
from engage_sms.errors import Retryable
from engage_sms.ports import StateChange
from engage_sms.usecases.accept_journey_step import accept_journey_step
from engage_sms.usecases.change_settings import ChangeSettings, change_settings
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from engage_sms.usecases.pause_automation import PauseAutomation, pause_automation
from engage_sms.usecases.relay_change import relay_change
from engage_sms.usecases.request_opt_in import RequestOptIn, request_opt_in
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.usecases.interruption import Interrupted
from tests.usecases.test_journeys import STEP, TEXT, accept
from tests.world import ORG, PHONE, World


def queued(world: World, body: str = "Hi", contact_id: str = "c-1") -> Message:
    """Written, and not on any queue: the test delivers it."""
    return send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id=contact_id, body=body), world.ports)


def dispatch(world: World, message: Message, **ports: Any) -> None:
    dispatch_message(DispatchMessage(ref=message.ref), replace(world.ports, **ports))


class Repeating:
    """A table whose SDK does not get the answer to the first write, and writes again."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._repeats = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def update(self, update: Any) -> Any:
        if self._repeats:
            self._repeats = False
            self._table.update(update)
        return self._table.update(update)


def test_a_claim_whose_answer_was_lost_is_not_forgotten(opted_in: World) -> None:
    """The SDK repeats the claim and finds it taken, by itself: the message comes again, and is looked up."""
    message = queued(opted_in)
    with pytest.raises(Retryable):
        dispatch(opted_in, message, store=TableStore(Repeating(opted_in.table), now=opted_in.clock))  # type: ignore[arg-type]
    claimed = opted_in.message(message).status
    opted_in.clock.advance(minutes=3)
    dispatch(opted_in, message)

    assert claimed is Status.SENDING
    assert opted_in.message(message).status is Status.UNKNOWN


def test_a_table_that_is_busy_after_the_claim_costs_a_moment(opted_in: World) -> None:
    """Twilio was certainly not called, so the message goes back to the queue, not to an hour of look-ups."""
    message = queued(opted_in)

    def busy() -> None:
        raise Retryable("Too busy.")

    dispatch(opted_in, message, store=Interrupted(opted_in.store, "number", busy))
    after = opted_in.message(message).status
    opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=1))

    assert after is Status.QUEUED
    assert opted_in.message(message).status is Status.DELIVERED


def test_a_stop_while_the_credentials_are_looked_up_wins(opted_in: World) -> None:
    """Nothing that takes time lies between the consent read and the call."""
    message = queued(opted_in)
    number = opted_in.number_of()

    def stop() -> None:
        opted_in.twilio.text_from_phone(PHONE, number, "STOP")
        opted_in.twilio.run_due()

    dispatch(opted_in, message, secrets=Interrupted(opted_in.ports.secrets, "get", stop))

    assert opted_in.message(message).status is Status.CANCELLED
    assert "Hi" not in [text["body"] for text in opted_in.twilio.messages()]


def test_a_contact_that_shares_the_phone_keeps_its_message(opted_in: World) -> None:
    """Of two equal texts to one phone Twilio took one: the other is not taken for it, though its contact is another."""
    opted_in.contact("c-2")
    lost, sent = queued(opted_in), queued(opted_in, contact_id="c-2")
    opted_in.table.changes()  # type: ignore[union-attr]  # delivered here alone
    opted_in.twilio.inject("messages.create", "timeout_before")
    dispatch(opted_in, lost)
    dispatch(opted_in, sent)
    opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=90))

    assert opted_in.message(sent).status is Status.DELIVERED
    assert opted_in.message(lost).status is Status.FAILED


def test_two_unknowns_do_not_both_become_the_one_that_twilio_has(opted_in: World) -> None:
    """Equal texts, both unanswered, one taken, every callback lost: one is recorded as sent and one as not."""
    opted_in.contact("c-2")
    messages = [queued(opted_in), queued(opted_in, contact_id="c-2")]
    opted_in.table.changes()  # type: ignore[union-attr]
    opted_in.twilio.inject("callbacks", "dropped", 3)
    for message, kind in zip(messages, ("timeout_before", "timeout_after"), strict=True):
        opted_in.twilio.inject("messages.create", kind)
        dispatch(opted_in, message)
    opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=90))

    assert sorted(opted_in.message(message).status for message in messages) == [Status.DELIVERED, Status.FAILED]


def test_a_later_look_alike_that_never_left_does_not_hide_the_one_that_did(opted_in: World) -> None:
    """Equal texts, the newer sent and unanswered, the older claimed after that and never sent: each has its own end.

    newer   claim ─► Twilio takes it, no answer ...... unknown: it is what Twilio has
    older                                claim ─► ✗ .. unknown: what Twilio has was made before its time
    """
    older, newer = queued(opted_in), queued(opted_in)
    opted_in.table.changes()  # type: ignore[union-attr]
    opted_in.twilio.inject("callbacks", "dropped", 3)
    for message, kind in ((newer, "timeout_after"), (older, "timeout_before")):
        opted_in.twilio.inject("messages.create", kind)
        dispatch(opted_in, message)
        opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=5))
    opted_in.pass_time(opted_in.clock.instant + timedelta(minutes=90))

    assert opted_in.message(newer).status is Status.DELIVERED
    assert opted_in.message(older).status is Status.FAILED


def test_what_a_pause_holds_does_not_leave_in_it(opted_in: World) -> None:
    """The queue delivers a message again that the pause holds already: it stays."""
    message = accept(opted_in)
    pause_automation(PauseAutomation(org_id=ORG), opted_in.ports)
    for _ in range(2):
        dispatch(opted_in, message)

    assert opted_in.message(message).status is Status.HELD
    assert TEXT not in [text["body"] for text in opted_in.twilio.messages()]


def test_a_second_stop_is_not_answered(opted_in: World) -> None:
    """One text may confirm an opt-out (47 CFR 64.1200(a)(12)), however often the phone says it."""
    change_settings(ChangeSettings(org_id=ORG, changes={"sms.opt_out.replies": "engage"}), opted_in.ports)
    for words in ("STOP", "Stop.", "END"):
        opted_in.text(words)

    answers = [message for message in opted_in.conversation() if message.source.get("answers") == "opt_out"]
    assert len(answers) == 1


def test_a_stop_told_again_after_it_was_taken_back_cancels_nothing(opted_in: World) -> None:
    """The stream repeats the STOP; meanwhile the phone opted in again, and what waits for it stays."""
    before = opted_in.store.consent(ORG, PHONE, consistent=True)
    opted_in.text("STOP")
    stopped = opted_in.store.consent(ORG, PHONE, consistent=True)
    opted_in.text("START")
    opted_in.pass_time(opted_in.clock.instant.replace(hour=23))
    message = accept(opted_in)
    opted_in.settle()
    relay_change(StateChange(before, stopped, "1"), opted_in.ports)

    assert opted_in.message(message).status is Status.HELD


def test_a_message_that_awaits_after_the_stop_is_cancelled(ready: World) -> None:
    """The journey read the consent before the STOP and wrote after it."""
    request_opt_in(RequestOptIn(org_id=ORG, user_id="u-1", contact_id="c-1"), ready.ports)
    ready.settle()
    number = ready.number_of()

    def stop() -> None:
        ready.twilio.text_from_phone(PHONE, number, "STOP")
        ready.settle()

    step_ports = replace(ready.ports, store=Interrupted(ready.store, "consent", stop))
    message = accept_journey_step(STEP, step_ports)
    ready.settle()
    assert message is not None

    assert ready.message(message).status is Status.CANCELLED


def test_a_call_that_takes_long_is_still_within_the_window(opted_in: World) -> None:
    """Twilio counts the validity from when it gets the message, up to two timeouts after the call began."""
    message = accept(opted_in)
    dispatch(opted_in, message)
    (sent,) = [text for text in opted_in.twilio.messages() if text["body"] == TEXT]
    closing = opted_in.clock.instant.replace(hour=21, minute=0, second=0, microsecond=0)

    assert opted_in.clock.instant + CALL + timedelta(seconds=sent["validity_period"]) <= closing
    assert timedelta(seconds=2 * TIMEOUT) <= CALL
