"""Each night: Twilio is asked about messages that are `sent` still, because their last report was lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from engage_sms.domain.message import Message, Status, Transition, reported
from engage_sms.ports import Account, Ports, TwilioMessage
from engage_sms.usecases.lookup import find_account, find_organization

PATIENCE = timedelta(hours=1)
"""So long after it was sent a message's report is late, not lost."""
ASKED_FOR = 3
"""Days (UTC) after the day it was sent on in which a message is asked about each night. Some carriers never report:
what Twilio itself calls sent by then stays so."""
_DAYS = range(ASKED_FOR, -1, -1)
_FOUND = "Its report never came; Twilio was asked."


class SettleSent(NamedTuple):
    org_id: str


def settle_sent(command: SettleSent, ports: Ports) -> int:
    """Moves on what Twilio has a last word for; returns how many messages. Repeating it is harmless.

    Each message of those days is read, for half a read unit; Twilio is asked only about days that leave one in doubt.
    An error of the account that is found so late says nothing about now: the breaker is left alone.
    """
    account = find_account(find_organization(command.org_id, ports), ports)
    today = ports.now().date()
    return sum(_settle_day(command.org_id, today - timedelta(days=back), account, ports) for back in _DAYS)


def _settle_day(org_id: str, day: date, account: Account, ports: Ports) -> int:
    silent = [
        message for message in ports.store.messages_of(ports.store.left_on(org_id, day)) if _silent(message, ports)
    ]
    if not silent:
        return 0
    at_twilio = _at_twilio(silent, day, account, ports)
    return sum(_settle(message, at_twilio.get(message.sid), ports) for message in silent)


def _silent(message: Message, ports: Ports) -> bool:
    sent_at = message.sent_at
    return message.status is Status.SENT and sent_at is not None and sent_at + PATIENCE <= ports.now()


def _at_twilio(silent: list[Message], day: date, account: Account, ports: Ports) -> dict[str | None, TwilioMessage]:
    """Twilio's word by SID: from its list of the day, where nearly all are, and else from that of the phone.

    The day's list goes by the date of sending, which is another one around midnight, and which a message does not have
    that failed before it was sent.
    """
    wanted = {message.sid for message in silent}
    found: dict[str | None, TwilioMessage] = {
        theirs.sid: theirs for theirs in ports.twilio.messages_on(account, day) if theirs.sid in wanted
    }
    for message in silent:
        if message.sid not in found:
            listed = ports.twilio.messages_to(account, message.phone, since=message.created_at)
            found |= {theirs.sid: theirs for theirs in listed if theirs.sid in wanted}
    return found


def _settle(message: Message, theirs: TwilioMessage | None, ports: Ports) -> bool:
    """One conditional write, if Twilio has more to say than that it was sent:

    nightly    reads m sent ─► Twilio: delivered ─────────────────► delivered if sent ✗
    callback   late, after all                    delivered if sent ✓
    """
    step = _last_word(theirs, ports)
    return step is not None and ports.store.move(message.ref, step) is not None


def _last_word(theirs: TwilioMessage | None, ports: Ports) -> Transition | None:
    if theirs is None:
        return None
    step = reported(now=ports.now(), twilio_status=theirs.status, sid=theirs.sid, error_code=theirs.error_code)
    if step is None or Status.SENT not in step.leaves:
        return None
    return replace(step, trace=replace(step.trace, detail=f"{_FOUND} {step.trace.detail}".strip()))
