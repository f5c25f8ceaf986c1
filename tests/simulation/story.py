"""A history told in lines, for whoever has to understand a finding."""

from __future__ import annotations

from collections.abc import Iterator

from engage_sms.domain.message import Message
from tests.simulation.checks import Finding
from tests.simulation.history import Changed, Handed, Heard, History, Owned, Reported, Said


def tell(history: History, found: list[Finding]) -> str:
    lines = [f"{number:>4} {line}" for number, line in enumerate(_lines(history), 1)]
    again = f"Replay: python -m tests.simulation --seed {history.seed}"
    return "\n".join([f"Seed {history.seed}", *lines, "", *map(str, found), "", again])


def _lines(history: History) -> Iterator[str]:
    for event in history.events:
        at = f"{event.at:%m-%d %H:%M:%S}.{event.at.microsecond // 1000:03}"
        match event:
            case Said(line=line):
                yield f"{at} {line}"
            case Handed():
                taken = f"taken as {event.sid[-6:]} at {event.taken_at:%H:%M:%S.%f}" if event.sid else "not taken"
                sent = event.outgoing
                told = f"{sent.body[:24]!r} to {sent.to}, validity {sent.validity}"
                yield f"{at}     > Twilio {event.ref.message_id[-3:]} {told}: {taken}"
            case Heard():
                yield f"{at}     < text {event.body!r} from {event.phone}: {event.status}"
            case Reported():
                yield f"{at}     < {event.sid[-6:]} is {event.word}: {event.status}"
            case Owned():
                yield f"{at}     {'bought' if event.bought else 'given back'}: {event.phone}"
            case Changed(new=Message() as new):
                last = new.trace[-1] if new.trace else None
                detail = f" ({new.hold.rule} until {new.hold.until:%m-%d %H:%M:%S})" if new.hold else ""
                detail += f" [{new.error.code}]" if new.error else ""
                who = f"{new.kind} {new.id[-3:]} {new.user_id}>{new.contact_id}"
                yield f"{at}     = {who} {new.status}{detail} {last.event if last else ''}"
            case Changed(kind="inbox" | "once" | "underway" | "msg"):
                continue
            case Changed():
                item = event.item or event.before
                assert item is not None
                yield f"{at}     = {item.kind} {item.pk} {item.sk}{'' if event.item else ' removed'}"
