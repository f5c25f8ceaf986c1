"""Everything that follows from a change of state: queueing, the inbox, timers, events out.

Delivered at least once and in order for each item, so every consequence here may be repeated without harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from engage_sms.domain.audience import moves
from engage_sms.domain.backoff import rest
from engage_sms.domain.brake import PAUSED, standstill, until_resumed
from engage_sms.domain.consent import Consent, ConsentState
from engage_sms.domain.directory import Contact, Organization
from engage_sms.domain.due import LOOK_AHEAD, SETTLED, Opening, Timer, TimerKind
from engage_sms.domain.job import Job
from engage_sms.domain.message import WAITING, Hold, Message, Status, Transition, ended, held
from engage_sms.domain.pace import WAVE, delay_until, turn_hold
from engage_sms.domain.planning import LAST_CALL, plan
from engage_sms.domain.settings import Settings, effective, resolve
from engage_sms.domain.window import next_closing
from engage_sms.ports import Create, Overwrite, Ports, QueueEntry, Replace, StateChange
from engage_sms.usecases.count_contact import count_contact
from engage_sms.usecases.enqueue import entry_for, reserve_slots
from engage_sms.usecases.lookup import decide_again, find_organization, find_recipient
from engage_sms.usecases.plan_again import order_replanning
from engage_sms.usecases.reconcile_message import SETTLE
from engage_sms.usecases.resume_automation import open_pause
from engage_sms.usecases.start_waiting import start_waiting

EVENT_OF = {
    Status.SENT: "sms.message.sent",
    Status.DELIVERED: "sms.message.delivered",
    Status.UNDELIVERED: "sms.message.failed",
    Status.FAILED: "sms.message.failed",
    Status.HELD: "sms.message.held",
    Status.SKIPPED: "sms.message.skipped",
    Status.CANCELLED: "sms.message.skipped",
    Status.EXPIRED: "sms.message.skipped",
    Status.RECEIVED: "sms.message.received",
}
STRAIGHT_AHEAD = timedelta(seconds=300)
"""How far ahead a fresh message may find a slot. Shorter than a wave: where more waits, fresh ones line up behind."""
NEWEST = 20
"""Messages of a conversation that the index may not show yet: more than come in the second it lags behind."""


def relay_change(change: StateChange, ports: Ports) -> None:
    """Derives what the change of one entity asks for."""
    match change.old, change.new:
        case (Message() | None) as old, Message() as new:
            _message(old, new, ports)
        case (Consent() | None) as old, Consent() as new:
            _consent(old, new, ports)
        case (Contact() | None) as old, Contact() as new if old is None or moves(old, new):
            count_contact(new, ports.store)
        case None, Job() as job:
            _job(job, ports)
        case Organization() as old, Organization() as new:
            _organization(old, new, ports)


def _organization(old: Organization, new: Organization, ports: Ports) -> None:
    if old.paused_at is not None and new.paused_at != old.paused_at:
        open_pause(new.id, until_resumed(old.paused_at), ports)
    if _window(old) != _window(new):
        order_replanning(new.id, ports)


def _window(organization: Organization) -> dict[str, Any]:
    """The settings that decide when what is automated may leave."""
    settings = effective(organization.settings)
    return {name: value for name, value in settings.items() if name.startswith("sms.send_window.")}


def _message(old: Message | None, new: Message, ports: Ports) -> None:
    if old is None:
        ports.store.saw_message(new)
    elif old.body_removed_at is None and new.body_removed_at is not None:
        ports.store.clear_preview(new)
    if old is not None and old.status is new.status and old.hold == new.hold:
        return
    match new.status:
        case Status.QUEUED:
            again = old is not None and old.status is Status.SENDING
            _enqueue(new, ports, delay=rest(new.id, _deferrals(new)) if again else 0)
        case Status.HELD if new.hold is not None:
            _hold(new, new.hold, ports)
            if new.expires_at is not None and new.hold.until >= new.expires_at:
                _expire_in_time(new, ports)
            if new.hold.rule == PAUSED:
                _held_by_pause(new, new.hold, ports)
        case Status.AWAITING_OPT_IN:
            _await(new, ports)
        case Status.UNKNOWN:
            timer = Timer(ref=new.ref, kind=TimerKind.RECONCILE, due_at=ports.now() + SETTLE)
            ports.store.commit(Overwrite(timer))
    _tell(new, ports)


def _enqueue(message: Message, ports: Ports, *, delay: int = 0) -> None:
    """People go before automation: each has a queue of its own. What is automated goes in a slot of its own."""
    if message.automated:
        _enqueue_in_slot(message, ports, rests=timedelta(seconds=delay))
    else:
        ports.people_queue.send([entry_for(message.ref, delay=delay)])


def _enqueue_in_slot(message: Message, ports: Ports, *, rests: timedelta) -> None:
    """Onto the queue for the next free slot; where that is too far off, or after the closing, it is held for later."""
    settings = resolve(find_organization(message.org_id, ports).settings)
    now = ports.now()
    free_at = _take_slot(message, settings, now + rests, ports)
    if free_at is None:
        return
    hold = turn_hold(settings.throughput_messages_per_second, free_at)
    then = plan(settings, recipient=find_recipient(message, ports), now=hold.until)
    if then.hold is not None:
        hold = replace(hold, until=then.hold.until)
    ports.store.move(message.ref, held(now=now, hold=hold, leaves=frozenset({Status.QUEUED})))


def _take_slot(message: Message, settings: Settings, begins: datetime, ports: Ports) -> datetime | None:
    """Puts the message onto the queue for the next free slot from `begins` on, unless that is too far off.

    Then nothing is done, and it is the slot that would be free.
    """
    now = ports.now()
    before = min(begins + STRAIGHT_AHEAD, now + WAVE)
    closes_at = next_closing((settings.window_rule(),), begins)
    if closes_at is not None and closes_at > begins:
        before = min(before, closes_at - LAST_CALL)
    rate = settings.throughput_messages_per_second
    slots = reserve_slots(message.org_id, ports, count=1, rate=rate, begins=begins, before=before)
    if not slots.taken:
        return slots.next_at
    ports.automation_queue.send([entry_for(message.ref, delay=delay_until(slots.taken[0], now))])
    return None


def _hold(message: Message, hold: Hold, ports: Ports) -> None:
    """Makes sure that the message leaves at its opening: `release` will look at it, or has just done so.

    release  12:58  reads the bucket of 13:00 ─► looks again at 13:04
    message           12:59  held for 13:00 ─► relay: takes a slot for it, itself
    """
    opening = _registered(message.org_id, hold.until, ports)
    now = ports.now()
    looked = opening is not None and opening.cursor is None and opening.due_at > max(opening.begins, now)
    if looked and hold.until >= now - LOOK_AHEAD:
        settings = resolve(find_organization(message.org_id, ports).settings)
        _take_slot(message, settings, max(hold.until, now), ports)


def _registered(org_id: str, opens_at: datetime, ports: Ports) -> Opening | None:
    """The opening as it is known; None when it is registered only now, so that `release` will look at it.

    Most are known, and a read costs a tenth of a write.

    `release` removes an opening that is over and whose bucket is empty. One that soon may be is due anew, so that its
    version changes:

        release  reads v4, sees an empty bucket ─────────────────────────► remove if v4 ✗ Conflict: it stays
        relay                     message held for it ─► due now, v5 ✓
    """
    known = ports.store.opening(org_id, opens_at, consistent=False)
    if known is not None and ports.now() < known.begins + SETTLED / 2:
        return known

    def attempt() -> None:
        opening = ports.store.opening(org_id, opens_at)
        if opening is None:
            ports.store.commit(Create(Opening(org_id=org_id, opens_at=opens_at, due_at=opens_at)))
        else:
            ports.store.commit(Replace(replace(opening, due_at=min(opening.due_at, ports.now()), cursor=None)))

    decide_again(attempt)
    return None


def _held_by_pause(message: Message, hold: Hold, ports: Ports) -> None:
    """The pause may be over by now."""
    standing = standstill(find_organization(message.org_id, ports, consistent=True), ports.now())
    if standing is None or standing.until != hold.until:
        open_pause(message.org_id, hold.until, ports)


def _expire_in_time(message: Message, ports: Ports) -> None:
    if message.expires_at is not None:
        timer = Timer(ref=message.ref, kind=TimerKind.EXPIRE, due_at=message.expires_at)
        ports.store.commit(Overwrite(timer))


def _deferrals(message: Message) -> int:
    return sum(entry.event == "deferred" for entry in message.trace)


def _await(message: Message, ports: Ports) -> None:
    """Sets the end of its patience, and closes a race with the YES it waits for, or with a STOP:

    journey  reads "no consent" ─────────────► message awaits ─► relay: reads consent again ─► starts it, or cancels it
    YES                  opts in ─► relay: nothing awaits yet
    """
    _expire_in_time(message, ports)
    consent = ports.store.consent(message.org_id, message.phone, consistent=True)
    if consent.allows(message.user_id):
        start_waiting(message.ref, consent, ports)
    elif consent.of(message.user_id).state is ConsentState.OPTED_OUT:
        ports.store.move(message.ref, _opted_out(ports))


def _consent(old: Consent | None, new: Consent, ports: Ports) -> None:
    before = old or Consent(org_id=new.org_id, phone=new.phone)
    changed = [user for user in new.users if before.of(user).state is not new.of(user).state]
    contacts = [contact.id for contact in ports.store.contacts_with_phone(new.org_id, new.phone)] if changed else []
    for user_id in changed:
        detail = {"org_id": new.org_id, "user_id": user_id, "contact_ids": contacts, "consent": new.of(user_id).state}
        ports.events.publish("sms.consent.changed", detail)
    for user_id in changed:
        if new.allows(user_id):
            _start_those_of(user_id, new, contacts, ports)
    everybody = new.opted_out_at is not None and new.opted_out_at != before.opted_out_at
    out = {user for user in changed if new.of(user).state is ConsentState.OPTED_OUT}
    if everybody or out:
        _cancel_waiting(new, None if everybody else out, ports)


def _start_those_of(user_id: str, consent: Consent, contacts: Sequence[str], ports: Ports) -> None:
    """The YES starts what awaits it. The index finds it, except what it does not show yet, which is among the newest:

    journey  message awaits ─► relay: no YES yet ...... the index shows it
    YES             opts in ─► relay: the index does not show it; the conversation, strongly consistent, does
    """
    newest = (
        message
        for contact_id in contacts
        for message in ports.store.messages(consent.org_id, user_id, contact_id, limit=NEWEST, consistent=True).items
    )
    waiting = {ref for ref in ports.store.awaiting(consent.org_id, consent.phone) if ref.user_id == user_id}
    waiting |= {
        message.ref for message in newest if message.status is Status.AWAITING_OPT_IN and message.phone == consent.phone
    }
    for ref in sorted(waiting):
        start_waiting(ref, consent, ports)


def _cancel_waiting(consent: Consent, users: set[str] | None, ports: Ports) -> None:
    """A STOP cancels what waits for the phone, at once; what is on its way meets the consent read of dispatch.

    The stream may tell of a STOP again after it was taken back, so consent counts as it stands now.
    """
    now_stands = ports.store.consent(consent.org_id, consent.phone, consistent=True)
    waiting = [
        *ports.store.awaiting(consent.org_id, consent.phone),
        *ports.store.held_for_phone(consent.org_id, consent.phone),
    ]
    for ref in waiting:
        stopped = now_stands.of(ref.user_id).state is ConsentState.OPTED_OUT
        if (users is None or ref.user_id in users) and stopped:
            ports.store.move(ref, _opted_out(ports))


def _opted_out(ports: Ports) -> Transition:
    detail = "The contact opted out."
    return ended(now=ports.now(), to=Status.CANCELLED, code="opted-out", detail=detail, leaves=WAITING)


def _job(job: Job, ports: Ports) -> None:
    bodies = [{"org_id": job.org_id, "job_id": job.id, "subject_id": subject} for subject in job.subjects]
    ports.jobs_queue.send([QueueEntry(body, group=job.org_id) for body in bodies])


def _tell(message: Message, ports: Ports) -> None:
    """Tells the outside, with ids and states and never the text."""
    detail_type = EVENT_OF.get(message.status)
    if detail_type is None:
        return
    detail = {
        "org_id": message.org_id,
        "message_id": message.id,
        "contact_id": message.contact_id,
        "user_id": message.user_id,
        "kind": message.kind,
        "status": message.status,
        "reason": message.error.code if message.error else message.hold.reason if message.hold else None,
        **message.source,
    }
    ports.events.publish(detail_type, {key: value for key, value in detail.items() if value is not None})
