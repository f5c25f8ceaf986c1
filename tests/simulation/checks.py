"""The promises of the product, each read off the history by a function of its own.

A check trusts what was recorded at the edges (what Twilio was handed and took, what webhooks were answered) and the
state as it was committed, not the rules that led there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from engage_sms.adapters.layout import TURN_KIND
from engage_sms.adapters.twilio_api import TIMEOUT
from engage_sms.domain.job import JobResult, Outcome
from engage_sms.domain.message import FINAL, Direction, Kind, Message, MessageRef, Status
from engage_sms.usecases.settle_sent import ASKED_FOR, PATIENCE
from tests.simulation.history import Changed, Handed, Heard, History, Owned, Reported
from tests.simulation.oracle import may_all_along, may_leave

DEFAULT_VALIDITY = 36_000
"""Seconds that Twilio keeps a message in its queue when it is not told."""
IN_A_DISPATCH = timedelta(seconds=30)
"""A request's instant goes on record right before it leaves: as long as its function runs, at most, before."""
SWEPT = timedelta(minutes=90)
"""Before the end, at least one hourly sweep has gone through what expired by then."""
LAST_WORDS = {"delivered", "undelivered", "failed", "canceled"}
STOPS = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT"}


@dataclass(frozen=True)
class Invariant:
    """`number` as in the design; the sentence says what is promised."""

    number: int
    sentence: str
    check: Callable[[History], Iterator[str]]


@dataclass(frozen=True)
class Finding:
    """Where a history breaks a promise."""

    invariant: Invariant
    what: str

    def __str__(self) -> str:
        return f"{self.invariant.number}. {self.invariant.sentence}\n   {self.what}"


def check(history: History) -> list[Finding]:
    return [Finding(invariant, what) for invariant in INVARIANTS for what in invariant.check(history)]


# --- 1: nothing is lost -----------------------------------------------------------------------------------------------


def every_message_comes_to_an_end(history: History) -> Iterator[str]:
    assert history.ended is not None
    for message in history.last.values():
        if message.direction is Direction.INBOUND or message.status in FINAL:
            continue
        if message.status is Status.SENT and not _has_last_word(message, history):
            continue
        if message.status in {Status.HELD, Status.AWAITING_OPT_IN} and _due(message, history):
            continue
        yield f"{_name(message)} rests in {message.status}."


def _has_last_word(message: Message, history: History) -> bool:
    """Whether Twilio has said more than that it was sent, or would have: it is asked each night for three days.

    Nights in which nothing went wrong: three bad ones in a row may lose a message's last word.
    """
    assert history.calm_since is not None
    reported = (report for report in history.of(Reported) if report.word in LAST_WORDS and report.status < 300)
    if message.sid in {report.sid for report in reported}:
        return True
    assert message.sent_at is not None
    assert history.ended is not None
    night = max(message.sent_at + PATIENCE, history.calm_since) + timedelta(days=1)
    asked = night < history.ended and history.calm_since.date() < message.sent_at.date() + timedelta(days=ASKED_FOR)
    return asked and history.at_twilio[message.sid or ""] in LAST_WORDS


def _due(message: Message, history: History) -> bool:
    """Whether something will still look at it, and its end is not past: in a pause that is seen once an hour."""
    if message.expires_at is not None and history.ended is not None and message.expires_at < history.ended - SWEPT:
        return False
    due = message.hold.until if message.hold else message.expires_at
    paused = history.organizations[message.org_id][-1][1].paused_at is not None
    waits = paused or (due is not None and history.ended is not None and due > history.ended)
    return waits and (message.org_id, due) in history.due


def what_is_recorded_is_what_twilio_has(history: History) -> Iterator[str]:
    """Of messages that look alike Twilio's list cannot say which one it has: so many are recorded as it has."""
    taken = {send.ref for send in history.taken}
    swapped = _swapped(history, taken)
    for ref, message in history.last.items():
        if swapped[_looks(message)] > 0:
            continue
        never = message.status in {Status.CANCELLED, Status.EXPIRED, Status.SKIPPED, Status.HELD} and not message.sid
        never = never or (message.status is Status.FAILED and not message.sid)
        if ref in taken and never:
            yield f"Twilio took {_name(message)}, which is recorded as {message.status}."
        if ref not in taken and message.status in {Status.SENT, Status.DELIVERED, Status.UNDELIVERED}:
            yield f"Twilio never saw {_name(message)}, which is recorded as {message.status}."


def _swapped(history: History, taken: set[MessageRef]) -> Counter[tuple[str, ...]]:
    """How many messages of one look are recorded one for another, where as many are recorded as Twilio has."""
    has: Counter[tuple[str, ...]] = Counter()
    wrong: Counter[tuple[str, ...]] = Counter()
    recorded: Counter[tuple[str, ...]] = Counter()
    for ref, message in history.last.items():
        if message.direction is Direction.OUTBOUND:
            has[_looks(message)] += ref in taken
            recorded[_looks(message)] += message.sid is not None
            wrong[_looks(message)] += (message.sid is not None) != (ref in taken)
    return Counter({looks: count for looks, count in wrong.items() if has[looks] == recorded[looks]})


def _looks(message: Message) -> tuple[str, ...]:
    return message.org_id, message.number, message.phone, message.body


# --- 2: nothing twice -------------------------------------------------------------------------------------------------


def no_message_reaches_twilio_twice(history: History) -> Iterator[str]:
    for ref, count in Counter(send.ref for send in history.taken).items():
        if count > 1:
            yield f"{_name(history.last[ref])} reached Twilio {count} times."


def one_step_or_text_is_one_message(history: History) -> Iterator[str]:
    steps = Counter(
        (ref.org_id, message.source["step_id"], ref.contact_id)
        for ref, message in history.last.items()
        if "step_id" in message.source
    )
    texts = Counter(message.sid for message in history.last.values() if message.direction is Direction.INBOUND)
    for what, count in (steps + texts).items():
        if count > 1:
            yield f"{what} became {count} messages."


# --- 3: the window ----------------------------------------------------------------------------------------------------


def nothing_automated_leaves_outside_the_windows(history: History) -> Iterator[str]:
    for send, message in _automated(history):
        if not any(may_leave(settings, message.phone, send.at) for settings in _settings(history, send)):
            yield f"{_name(message)} left at {send.at}, outside the windows."


def twilio_delivers_nothing_after_the_closing(history: History) -> Iterator[str]:
    for send, message in _automated(history):
        if send.taken_at is None:
            continue
        # What Twilio takes after we stopped waiting for its answer has no bound that we could keep.
        taken_at = min(send.taken_at, send.at + timedelta(seconds=2 * TIMEOUT))
        until = taken_at + timedelta(seconds=send.outgoing.validity or DEFAULT_VALIDITY)
        if not any(may_all_along(settings, message.phone, send.at, until) for settings in _settings(history, send)):
            yield f"{_name(message)}, taken at {taken_at}, may be delivered until {until}, after the closing."


def a_pause_stops_what_is_automated(history: History) -> Iterator[str]:
    for send, message in _automated(history):
        states = list(_versions(history.organizations[send.org_id], send.begun, send.at))
        if all(state.paused_at is not None for state in states):
            yield f"{_name(message)} left at {send.at}, in the pause since {states[0].paused_at}."


def _automated(history: History) -> Iterator[tuple[Handed, Message]]:
    for send in history.sends:
        message = history.last[send.ref]
        if message.automated:
            yield send, message


def _settings(history: History, send: Handed) -> Iterator[Mapping[str, Any]]:
    """The settings in force at some instant while the function ran that sent it."""
    states = _versions(history.organizations[send.org_id], send.begun, send.at)
    return (organization.settings for organization in states)


def _versions(states: list[tuple[datetime, Any]], first: datetime, last: datetime) -> Iterator[Any]:
    """The states that held at some instant from the first to the last."""
    for index, (at, state) in enumerate(states):
        until = states[index + 1][0] if index + 1 < len(states) else None
        if at <= last and (until is None or until > first):
            yield state


# --- 4: STOP ----------------------------------------------------------------------------------------------------------


def nothing_leaves_after_a_stop_was_acknowledged(history: History) -> Iterator[str]:
    for send in history.sends:
        message = history.last[send.ref]
        stopped = _stopped(history, message, send.at)
        if stopped is not None and message.source.get("answers") != "opt_out":
            yield f"{_name(message)} left at {send.at}, after the STOP acknowledged at {stopped}."


def a_stop_is_confirmed_once(history: History) -> Iterator[str]:
    for heard in _acknowledged_stops(history):
        until = _back_at(history, heard)
        told = [
            send
            for send in history.taken
            if send.org_id == heard.org_id
            and send.outgoing.to == heard.phone
            and history.last[send.ref].source.get("answers") == "opt_out"
            and send.outgoing.sender == heard.number
            and history.messages[send.ref][0][0] > heard.at
            and (until is None or history.messages[send.ref][0][0] < until)
        ]
        if told:
            yield f"The STOP acknowledged at {heard.at} was answered before, and again at {told[0].at}."


def _acknowledged_stops(history: History) -> Iterator[Heard]:
    for heard in history.of(Heard):
        if heard.status == 200 and heard.body.strip().upper() in STOPS:
            yield heard


def _stopped(history: History, message: Message, at: datetime) -> datetime | None:
    """When the last STOP was acknowledged that binds the message's user at the instant, and was not taken back."""
    last = None
    for heard in _acknowledged_stops(history):
        if (heard.org_id, heard.phone) != (message.org_id, message.phone) or heard.at >= at:
            continue
        if heard.number != message.number and not _binds_all(history, heard):
            continue
        if not _opted_in_between(history, message, heard.at, at):
            last = heard.at
    return last


def _binds_all(history: History, heard: Heard) -> bool:
    """Whether every setting in force around the STOP said that it silences the whole organization."""
    versions = _versions(history.organizations[heard.org_id], heard.at - timedelta(minutes=1), heard.at)
    return all(version.settings.get("sms.opt_out.scope", "organization") == "organization" for version in versions)


def _opted_in_between(history: History, message: Message, first: datetime, last: datetime) -> bool:
    """Whether the phone opted in with the user again; a START may be kept before its STOP is acknowledged."""
    states = history.consents.get((message.org_id, message.phone), [])
    evidence = (e for at, state in states if at <= last for e in state.evidence)
    slack = first - timedelta(seconds=30)
    return any(e.event == "opted_in" and e.user_id == message.user_id and e.at > slack for e in evidence)


def _back_at(history: History, heard: Heard) -> datetime | None:
    states = history.consents.get((heard.org_id, heard.phone), [])
    back = [e.at for _, state in states for e in state.evidence if e.event == "opted_in" and e.at > heard.at]
    return min(back, default=None)


def only_a_stop_that_holds_cancels(history: History) -> Iterator[str]:
    for ref, states in history.messages.items():
        at, message = states[-1]
        if message.status is not Status.CANCELLED or message.error is None or message.error.code != "opted-out":
            continue
        consents = [state for when, state in history.consents.get((ref.org_id, message.phone), []) if when <= at]
        since = [c for when, c in history.consents.get((ref.org_id, message.phone), []) if when >= message.created_at]
        if (
            consents
            and consents[-1].allows(ref.user_id)
            and not any(c.of(ref.user_id).state == "opted_out" for c in since)
        ):
            yield f"{_name(message)} was cancelled at {at} for a STOP that was taken back before it was written."


# --- 5: opt-in requests -----------------------------------------------------------------------------------------------


def requests_keep_their_budget(history: History) -> Iterator[str]:
    sent: defaultdict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    for send in history.taken:
        message = history.last[send.ref]
        if message.kind is Kind.OPT_IN_REQUEST:
            sent[message.org_id, message.user_id, message.phone].append(send.at)
    for who, instants in sent.items():
        ordered = sorted(instants)
        org_id, user_id, phone = who
        before = history.consents[org_id, phone][0][1].of(user_id).requests_sent if _was_asked(history, who) else 0
        if before + len(ordered) > 3:
            yield f"{who} was sent {before + len(ordered)} requests."
        for one, other in pairwise(ordered):
            if other - one < timedelta(hours=12) - IN_A_DISPATCH:
                yield f"{who} was sent requests at {one} and {other}."


def _was_asked(history: History, who: tuple[str, str, str]) -> bool:
    """Whether the history began with requests that are not part of it."""
    org_id, user_id, phone = who
    evidence = history.consents[org_id, phone][0][1].evidence
    return any(e.user_id == user_id and e.message_id == "before" for e in evidence)


# --- 6: numbers -------------------------------------------------------------------------------------------------------


def a_number_belongs_to_one_user(history: History) -> Iterator[str]:
    holder: dict[str, tuple[str, str]] = {}
    changes = [(at, key, user) for key, states in history.users.items() for at, user in states]
    for at, key, user in sorted(changes, key=lambda change: change[0]):
        for number in [number for number, who in holder.items() if who == key and number != user.number]:
            del holder[number]
        if user.number is not None and holder.setdefault(user.number, key) != key:
            yield f"{user.number} belongs to {holder[user.number]} and, from {at} on, to {key}."


def users_and_twilio_agree_on_numbers(history: History) -> Iterator[str]:
    """Unless a job told that it could not say what became of the number: then the sweep reports it as lost."""
    gone = {owned.sid for owned in history.of(Owned) if not owned.bought}
    results = (change.new for change in history.of(Changed))
    told = {(r.org_id, r.subject_id) for r in results if isinstance(r, JobResult) and r.outcome is Outcome.FAILED}
    for key, states in history.users.items():
        user = states[-1][1]
        if user.number_sid in gone and key not in told:
            yield f"{key} has {user.number}, which was given back to Twilio."


def no_number_is_paid_for_and_nobodys(history: History) -> Iterator[str]:
    rented = {owned.sid: owned.phone for owned in history.of(Owned) if owned.bought}
    gone = {owned.sid for owned in history.of(Owned) if not owned.bought}
    held = {states[-1][1].number_sid for states in history.users.values()}
    for sid in rented.keys() - gone - held:
        yield f"{rented[sid]} is paid for and belongs to nobody after the last sweep."


# --- 7: isolation -----------------------------------------------------------------------------------------------------


def nobody_uses_what_belongs_to_others(history: History) -> Iterator[str]:
    for send in history.taken:
        states = history.numbers.get(send.outgoing.sender, [])
        owners = {(number.org_id, number.user_id) for number in _versions(states, send.begun, send.at)}
        if (send.org_id, send.ref.user_id) not in owners:
            yield f"{_name(history.last[send.ref])} left from {send.outgoing.sender}, which belongs to {owners}."
    for at, what, _ in history.answers:
        if what == "intrusion":
            yield f"A contact of another organization was texted at {at}."


# --- 8: the rate -----------------------------------------------------------------------------------------------------


def no_second_has_more_turns_than_the_rate(history: History) -> Iterator[str]:
    for turn in _turns(history):
        assert turn.item is not None
        org_id, second = turn.item.pk.split("#")[1::2]
        in_force = _versions(history.organizations[org_id], turn.at - IN_A_DISPATCH, turn.at)
        rate = max(organization.settings.get("sms.throughput.messages_per_second", 3) for organization in in_force)
        if (turn.item.version or 0) > rate:
            yield f"{turn.item.version} turns of {org_id} in the second of {second}: more than {rate}."


def each_call_has_a_turn_of_its_own(history: History) -> Iterator[str]:
    """In order: the n-th automated call comes after the n-th turn. Twilio may get it later, as slow as the call is."""
    turns, calls = Counter[str](), Counter[str]()
    for event in history.events:
        if isinstance(event, Changed) and event.kind == TURN_KIND and event.item is not None:
            turns[event.item.pk.split("#")[1]] += 1
        if isinstance(event, Handed) and history.last[event.ref].automated:
            calls[event.org_id] += 1
            if calls[event.org_id] > turns[event.org_id]:
                yield f"{_name(history.last[event.ref])} left at {event.at} without a turn."


def _turns(history: History) -> Iterator[Changed]:
    return (change for change in history.of(Changed) if change.kind == TURN_KIND)


def _name(message: Message) -> str:
    return f"{message.kind} {message.id} ({message.org_id}/{message.user_id} to {message.contact_id})"


INVARIANTS = (
    Invariant(1, "No accepted message is lost.", every_message_comes_to_an_end),
    Invariant(1, "What is recorded of a message is what Twilio has.", what_is_recorded_is_what_twilio_has),
    Invariant(2, "No message reaches Twilio twice.", no_message_reaches_twilio_twice),
    Invariant(2, "One journey step, and one text from a phone, is one message.", one_step_or_text_is_one_message),
    Invariant(3, "Nothing automated leaves outside the windows.", nothing_automated_leaves_outside_the_windows),
    Invariant(3, "Twilio is told not to deliver after the closing.", twilio_delivers_nothing_after_the_closing),
    Invariant(3, "A pause stops all that is automated.", a_pause_stops_what_is_automated),
    Invariant(4, "Nothing leaves after a STOP was acknowledged.", nothing_leaves_after_a_stop_was_acknowledged),
    Invariant(4, "A STOP is confirmed once.", a_stop_is_confirmed_once),
    Invariant(4, "Only a STOP that holds cancels.", only_a_stop_that_holds_cancels),
    Invariant(5, "At most 3 opt-in requests, 12 hours apart.", requests_keep_their_budget),
    Invariant(6, "A number belongs to at most one user.", a_number_belongs_to_one_user),
    Invariant(6, "A user's number is one that Twilio still rents to us.", users_and_twilio_agree_on_numbers),
    Invariant(6, "No number is paid for and nobody's.", no_number_is_paid_for_and_nobodys),
    Invariant(7, "Nobody uses what belongs to another organization.", nobody_uses_what_belongs_to_others),
    Invariant(8, "No second has more turns of an organization than its rate.", no_second_has_more_turns_than_the_rate),
    Invariant(8, "Each automated call has a turn of its own.", each_call_has_a_turn_of_its_own),
)
