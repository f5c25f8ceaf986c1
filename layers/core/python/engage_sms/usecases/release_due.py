"""What the clock starts: held messages at their opening, paced, and single messages whose time has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil

from engage_sms.domain.brake import standstill
from engage_sms.domain.due import Opening, Timer, TimerKind
from engage_sms.domain.message import MessageRef, Status, ended
from engage_sms.domain.settings import resolve
from engage_sms.errors import Conflict
from engage_sms.ports import Ports, QueueEntry, Remove, Replace
from engage_sms.usecases.lookup import find_organization
from engage_sms.usecases.reconcile_message import ReconcileMessage, reconcile_message
from engage_sms.usecases.start_waiting import AWAITING, start_waiting

LOOK_AHEAD = timedelta(minutes=2)
WAVE = timedelta(seconds=900)
"""How far ahead the queue can delay a message (SQS DelaySeconds)."""
SETTLED = timedelta(minutes=10)
"""An opening this old with an empty bucket is over: nothing can be held for it any more."""
PAGE = 500


@dataclass(frozen=True)
class ReleaseReport:
    """What one run did: openings it worked on, messages it put on the queue, timers it ran.

    `parked` counts the timers whose message is parked, `failures` says what went wrong with single openings and timers.
    """

    openings: int = 0
    messages: int = 0
    timers: int = 0
    parked: int = 0
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class Failure:
    """One opening or timer of an organization that could not be worked on; the next run tries it again."""

    org_id: str
    error: Exception


def release_due(ports: Ports) -> ReleaseReport:
    """Works on every opening due within the look-ahead and every timer due now. Repeating it is harmless.

    One that fails stays due and is reported; the others get their turn.
    """
    failures: list[Failure] = []

    def attempt(org_id: str, work: Callable[[], int]) -> int:
        try:
            return work()
        except Exception as error:  # noqa: BLE001  whatever it is, it is reported
            failures.append(Failure(org_id, error))
            return 0

    openings = list(ports.store.due_openings(ports.now() + LOOK_AHEAD))
    messages = sum(attempt(opening.org_id, partial(_release, opening, ports)) for opening in openings)
    timers = list(ports.store.due_timers(ports.now()))
    parked = sum(attempt(timer.ref.org_id, partial(_ring, timer, ports)) for timer in timers)
    return ReleaseReport(len(openings), messages, len(timers), parked, tuple(failures))


def _release(opening: Opening, ports: Ports) -> int:
    """Puts one wave of the opening's messages on the queue, each with the exact delay to its slot.

    The progress is written after the queue took the messages, conditional on the opening's version:

        run 1   read v3 ─► queue 40 ─✗ dies              the messages are on the queue
        run 2   read v3 ─► queue the same 40 ─► v4 ✓     dispatch claims each once; the second copy finds it gone
        run 2'  read v3 ─► queue the same 40 ─► v4 ✗     the other run's progress stands

    While the organization's automation stands still the opening stays due as it is.
    """
    organization = find_organization(opening.org_id, ports)
    now = ports.now()
    first_slot = max(opening.begins, opening.slot_at or opening.begins, now)
    if standstill(organization, first_slot) is not None:
        return 0
    rate = resolve(organization.settings).throughput_messages_per_second
    capacity = max(0, int((now + WAVE - first_slot).total_seconds()) * rate)
    cursor, count = opening.cursor, 0
    while count < capacity:
        page = ports.store.held(opening.org_id, opening.opens_at, cursor=cursor, limit=min(PAGE, capacity - count))
        slots = [first_slot + timedelta(seconds=(count + position) // rate) for position in range(len(page.items))]
        ports.automation_queue.send(_entries(page.items, slots, now))
        count += len(page.items)
        cursor = page.cursor
        if cursor is None:
            break
    _record_progress(opening, cursor, count, first_slot + timedelta(seconds=ceil(count / rate)), ports)
    return count


def _entries(refs: Sequence[MessageRef], slots: Sequence[datetime], now: datetime) -> list[QueueEntry]:
    """A delay is rounded up: never a moment before the slot."""
    return [
        QueueEntry(
            {
                "org_id": ref.org_id,
                "user_id": ref.user_id,
                "contact_id": ref.contact_id,
                "message_id": ref.message_id,
            },
            delay=min(900, max(0, ceil((slot - now).total_seconds()))),
            group=ref.org_id,
        )
        for ref, slot in zip(refs, slots, strict=True)
    ]


def _record_progress(opening: Opening, cursor: str | None, count: int, next_slot: datetime, ports: Ports) -> None:
    """More of the bucket is left: the next wave. All of it queued: look once more afterwards. Empty and old: done."""
    now = ports.now()
    if cursor is not None:
        ahead = replace(opening, cursor=cursor, slot_at=next_slot, due_at=next_slot)
    elif count or now < opening.begins + SETTLED:
        ahead = replace(opening, cursor=None, slot_at=None, due_at=max(next_slot, now) + LOOK_AHEAD * 2)
    else:
        ahead = None
    try:
        ports.store.commit(Remove(opening) if ahead is None else Replace(ahead))
    except Conflict:
        return


def _ring(timer: Timer, ports: Ports) -> int:
    """Does what the timer is for; it goes, or moves on, only when that is done: a crash in between repeats it.

    Returns 1 when its message is parked now, else 0.
    """
    if timer.kind is TimerKind.RECONCILE:
        return int(reconcile_message(ReconcileMessage(timer=timer), ports) is not None)
    _expire(timer, ports)
    ports.store.commit(Remove(timer))
    return 0


def _expire(timer: Timer, ports: Ports) -> None:
    message = ports.store.message(timer.ref, consistent=True)
    if message is not None and message.status is Status.HELD:
        detail = "It could not leave before it expired."
        leaves = frozenset({Status.HELD})
        ports.store.move(
            message.ref, ended(now=ports.now(), to=Status.EXPIRED, code="expired", detail=detail, leaves=leaves)
        )
    if message is None or message.status is not Status.AWAITING_OPT_IN:
        return
    if ports.store.consent(message.org_id, message.phone, consistent=True).allows(message.user_id):
        start_waiting(message.ref, ports)
        return
    detail = "The contact did not opt in in time."
    ports.store.move(
        message.ref, ended(now=ports.now(), to=Status.EXPIRED, code="expired", detail=detail, leaves=AWAITING)
    )
