"""What the clock starts: held messages at their opening, paced, and single messages whose time has come."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from engage_sms.domain.brake import standstill
from engage_sms.domain.due import LOOK_AHEAD, SETTLED, Opening, Timer, TimerKind
from engage_sms.domain.message import UNSENT, Message, MessageRef, Status
from engage_sms.domain.pace import SECOND, WAVE, ceiling, delay_until
from engage_sms.domain.planning import LAST_CALL
from engage_sms.domain.replanning import expired
from engage_sms.domain.settings import Settings, resolve
from engage_sms.domain.window import next_closing
from engage_sms.ports import Overwrite, Ports, Remove
from engage_sms.usecases.attempts import Attempts, Failure
from engage_sms.usecases.enqueue import entry_for, reserve_slots
from engage_sms.usecases.lookup import find_organization
from engage_sms.usecases.plan_again import Done, mark_openings, plan_page_again, record
from engage_sms.usecases.reconcile_message import ReconcileMessage, reconcile_message
from engage_sms.usecases.start_waiting import AWAITING, not_in_time, start_waiting

PAGE = 500
"""Messages of one opening before the next opening gets its turn."""
OPENINGS_LAST = timedelta(seconds=30)
TIMERS_LAST = timedelta(seconds=40)
"""From the start of a run: what is left by then stays due for the next one, a minute later."""


class ReleaseReport(NamedTuple):
    """What one run did: openings it worked on, messages it put on the queue, timers it ran.

    `parked` counts the timers whose message is parked, `failures` says what went wrong with single openings and timers.
    """

    openings: int = 0
    messages: int = 0
    timers: int = 0
    parked: int = 0
    failures: tuple[Failure, ...] = ()


def release_due(ports: Ports) -> ReleaseReport:
    """Works on every opening due within the look-ahead and every timer due now. Repeating it is harmless.

    Openings take turns, a page each, the one that is due first going first: a huge bucket does not hold up the others.
    One that fails stays due and is reported.
    """
    tried, started = Attempts(), ports.now()
    for order in ports.store.due_replannings(started):
        tried.attempt(order.org_id, partial(mark_openings, order, ports), None)
    due = deque(ports.store.due_openings(started + LOOK_AHEAD))
    openings, messages = len(due), 0
    while due and ports.now() < started + OPENINGS_LAST:
        opening = due.popleft()
        done = tried.attempt(opening.org_id, partial(_release, opening, ports), None)
        if done is not None:
            messages += done.messages
            due.extend(done.again)
    timers, parked = 0, 0
    for timer in ports.store.due_timers(started):
        if ports.now() >= started + TIMERS_LAST:
            break
        timers += 1
        parked += tried.attempt(timer.ref.org_id, partial(_ring, timer, ports), 0)
    return ReleaseReport(openings, messages, timers, parked, tuple(tried.failures))


def _release(opening: Opening, ports: Ports) -> Done:
    """Puts a page of the opening's messages on the queue, each with the exact delay to a slot of its own.

    The progress is written after the queue took the messages, conditional on the opening's version:

        run 1   read v3 ─► queue 40 ─✗ dies              the messages are on the queue
        run 2   read v3 ─► queue the same 40 ─► v4 ✓     dispatch claims each once; the second copy finds it gone
        run 2'  read v3 ─► queue the same 40 ─► v4 ✗     the other run's progress stands

    No slot is further ahead than a queue can delay, or at or after the closing of the organization's window: what is
    left is the next wave, or is planned again once the window is closed. The recipient's hours are met at dispatch.
    While the organization's automation stands still the opening stays due as it is.
    """
    organization = find_organization(opening.org_id, ports)
    settings = resolve(organization.settings)
    now = ports.now()
    begins = max(ceiling(opening.begins, SECOND), now)
    if opening.replanning:
        return plan_page_again(opening, settings, ports)
    if standstill(organization, begins) is not None:
        return Done()
    closes_at = next_closing((settings.window_rule(),), begins)
    if closes_at is not None and closes_at <= begins:
        return plan_page_again(opening, settings, ports)
    before = now + WAVE if closes_at is None else min(now + WAVE, closes_at - LAST_CALL)
    page = _next_page(opening, settings, ports, begins=begins, before=before)
    delays = [delay_until(slot, now) for slot in page.slots]
    ports.automation_queue.send([entry_for(ref, delay=delay) for ref, delay in zip(page.refs, delays, strict=True)])
    more = page.left and page.next_at < before
    next_wave = before if closes_at is None or before < closes_at - LAST_CALL else closes_at
    ahead = _ahead(opening, page, opening.due_at if more else next_wave, now)
    return record(opening, ahead, ports, messages=len(page.refs), more=more)


def _ahead(opening: Opening, page: _Page, next_at: datetime, now: datetime) -> Opening | None:
    """The opening after the page: with more of the bucket at `next_at`, or once more when all is gone.

    A wave that ended with the window is due at the closing: then what is left is planned again. None: it is over.
    """
    if page.left:
        return replace(opening, cursor=page.cursor, due_at=next_at)
    if page.refs:
        return replace(opening, cursor=None, due_at=max(page.next_at, now) + LOOK_AHEAD * 2)
    return replace(opening, due_at=opening.begins + SETTLED) if now < opening.begins + SETTLED else None


class _Page(NamedTuple):
    """Messages of a bucket with a slot each; whether any is `left`, from `cursor` on; the next free slot."""

    refs: tuple[MessageRef, ...]
    slots: tuple[datetime, ...]
    left: bool
    cursor: str | None
    next_at: datetime


def _next_page(opening: Opening, settings: Settings, ports: Ports, *, begins: datetime, before: datetime) -> _Page:
    """The next messages of the bucket and as many slots; the page ends where the slots do."""
    held = partial(ports.store.held, opening.org_id, opening.opens_at, cursor=opening.cursor)
    found = held(limit=PAGE)
    rate = settings.throughput_messages_per_second
    slots = reserve_slots(opening.org_id, ports, count=len(found.items), rate=rate, begins=begins, before=before)
    if not slots.taken:
        return _Page((), (), bool(found.items), opening.cursor, slots.next_at)
    if len(slots.taken) < len(found.items):
        found = held(limit=len(slots.taken))
    return _Page(found.items, slots.taken[: len(found.items)], found.cursor is not None, found.cursor, slots.next_at)


def _ring(timer: Timer, ports: Ports) -> int:
    """Does what the timer is for; it goes, or moves on, only when that is done: a crash in between repeats it.

    Returns 1 when its message is parked now, else 0.
    """
    if timer.kind is TimerKind.RECONCILE:
        return int(reconcile_message(ReconcileMessage(timer=timer), ports) is not None)
    again = _expire(timer, ports)
    ports.store.commit(Remove(timer) if again is None else Overwrite(replace(timer, due_at=again)))
    return 0


def _expire(timer: Timer, ports: Ports) -> datetime | None:
    """Ends the message whose time is over; when to look again, None when there is no need to.

    The YES gives the message a later end, and whoever holds it may set the same timer for that meanwhile. So what goes
    by the state as it is after the step stays as a timer:

        release  rings for the end of the wait ─► reads: awaits ─────────────► expire if it awaits ✗ ─► rings again
        YES                                  held, expires in 72 h ✓ ─► relay: timer for that
    """
    message = ports.store.message(timer.ref, consistent=True)
    if message is None or message.status not in UNSENT:
        return None
    if message.expires_at is not None and ports.now() < message.expires_at:
        return message.expires_at
    after = _end(message, ports)
    if after is None:
        return timer.due_at
    return after.expires_at if after.status in UNSENT else None


def _end(message: Message, ports: Ports) -> Message | None:
    """The message after its end, or after a YES that came before it; None when somebody else took a step."""
    if message.status is not Status.AWAITING_OPT_IN:
        return ports.store.move(message.ref, expired(ports.now(), leaves=UNSENT - AWAITING))
    consent = ports.store.consent(message.org_id, message.phone, consistent=True)
    if consent.allows(message.user_id):
        return start_waiting(message.ref, consent, ports)
    return ports.store.move(message.ref, not_in_time(now=ports.now()))
