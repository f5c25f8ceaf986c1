"""The demonstration's conversations: each is one of a few acts, told from its first message to where it stands now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from ulid import ULID

from engage_sms.domain.consent import Consent, OptOutScope, heard, requested
from engage_sms.domain.conversation import Conversation
from engage_sms.domain.directory import Contact, Organization, User
from engage_sms.domain.due import Opening, Timer, TimerKind
from engage_sms.domain.message import Direction, Failure, Kind, Message, Status, TraceEntry
from engage_sms.domain.planning import Plan, plan
from engage_sms.domain.recipient import recipient_of
from engage_sms.domain.segments import measure
from engage_sms.domain.settings import resolve
from engage_sms.ports import Entity
from engage_sms.usecases.compose import outbound, rendered

Act = Literal["chat", "new", "unread", "asked", "held", "stopped", "undelivered", "awaiting"]
ACTS: tuple[Act, ...] = ("chat", "unread", "held", "asked", "stopped", "undelivered", "new", "awaiting")
OUT = (
    "Hi {contact.first_name}, your pre-approval letter is ready. Shall I email it today?",
    "Quick update: the appraisal came in at value, so we are on track for closing.",
    "{contact.first_name}, could you send me your last two pay stubs when you have a moment?",
)
IN = (
    "Yes please, that would be great",
    "Good news, thank you! What is the next step?",
    "I can send them tonight, is a photo ok?",
)
STEP = "Hi {contact.first_name}, rates moved this week. Would you like an updated quote?"


@dataclass
class Talk:
    """One conversation as it builds up: messages, consent, and what waits."""

    organization: Organization
    user: User
    contact: Contact
    serial: int
    at: datetime
    consent: Consent
    messages: list[Message] = field(default_factory=list)
    opening: Opening | None = None
    """What its held message waits for; other conversations may wait for the same."""
    timer: Timer | None = None
    unread: int = 0

    def entities(self) -> Iterator[Entity]:
        """All that is to be stored of it, the opening aside."""
        yield from self.messages
        if self.consent.evidence:
            yield self.consent
        if self.messages:
            yield self._line()
        if self.timer:
            yield self.timer

    def _line(self) -> Conversation:
        last = self.messages[-1]
        return Conversation(
            org_id=last.org_id,
            user_id=last.user_id,
            contact_id=last.contact_id,
            last_message_id=last.id,
            last_message_at=last.created_at,
            last_direction=last.direction,
            last_body=last.body,
            unread=self.unread,
        )

    # --- what may happen, one after the other ---

    def ask(self) -> None:
        """An opt-in request goes out."""
        body = self._text(resolve(self.organization.settings).texts_opt_in_request)
        message = self._out(Kind.OPT_IN_REQUEST, body)
        self.consent = requested(self.consent, self.user.id, at=self.at, words=body, message_id=message.id)

    def hear(self, words: str, *, read: bool = True) -> None:
        """The contact answers; a YES is confirmed."""
        message = self._in(words)
        scope = OptOutScope(resolve(self.organization.settings).opt_out_scope)
        before = self.consent
        self.consent, _ = heard(self.consent, self.user.id, at=self.at, words=words, message_id=message.id, scope=scope)
        self.unread = 0 if read else self.unread + 1
        if self.consent.allows(self.user.id) and not before.allows(self.user.id):
            self._out(
                Kind.OPT_IN_CONFIRMATION, self._text(resolve(self.organization.settings).texts_opt_in_confirmation)
            )

    def say(self, template: str, *, fails: bool = False) -> None:
        """The user writes."""
        self._out(Kind.ONE_TO_ONE, self._text(template), fails=fails)

    def hold(self, now: datetime) -> None:
        """A journey step that came outside the window, or that waits for the next one."""
        begins = _closed(self.organization, self.contact, now)
        message = self._step(begins, expires_at=now + timedelta(days=3))
        if message.hold is not None:
            until = message.hold.until
            self.opening = Opening(org_id=message.org_id, opens_at=until, due_at=until)

    def wait_for_yes(self, now: datetime) -> None:
        """A journey step that waits for the opt-in it asked for."""
        expires_at = now + timedelta(days=6)
        message = self._step(Plan(Status.AWAITING_OPT_IN, now), expires_at=expires_at)
        self.timer = Timer(ref=message.ref, kind=TimerKind.EXPIRE, due_at=expires_at)

    # --- messages ---

    def _text(self, template: str) -> str:
        return rendered(template, self.organization, self.user, self.contact)

    def _next_id(self) -> str:
        """Time goes on from one message to the next, and ids with it."""
        self.at += timedelta(minutes=7)
        count = self.serial * 100 + len(self.messages)
        return str(ULID.from_bytes(int(self.at.timestamp() * 1000).to_bytes(6, "big") + count.to_bytes(10, "big")))

    def _out(self, kind: Kind, body: str, *, fails: bool = False) -> Message:
        message_id = self._next_id()
        queued = outbound(
            message_id=message_id, now=self.at, user=self.user, contact=self.contact, kind=kind, body=body
        )
        sent_at, ended_at = self.at + timedelta(seconds=1), self.at + timedelta(seconds=2)
        status = Status.UNDELIVERED if fails else Status.DELIVERED
        trace = (
            *queued.trace,
            TraceEntry(at=self.at, event="dispatching"),
            TraceEntry(at=sent_at, event="sent", detail="Twilio accepted the message."),
            TraceEntry(at=ended_at, event=status, detail="Twilio reported error 30003." if fails else ""),
        )
        message = replace(
            queued,
            status=status,
            sid=f"SM{self._digits()}",
            sent_at=sent_at,
            delivered_at=None if fails else ended_at,
            error=Failure(code="30003", message="Twilio reported error 30003.") if fails else None,
            trace=trace,
        )
        self.messages.append(message)
        return message

    def _in(self, words: str) -> Message:
        message_id = self._next_id()
        message = Message(
            id=message_id,
            org_id=self.user.org_id,
            user_id=self.user.id,
            contact_id=self.contact.id,
            direction=Direction.INBOUND,
            kind=Kind.ONE_TO_ONE,
            phone=self.contact.cell_phone or "",
            number=self.user.number or "",
            body=words,
            status=Status.RECEIVED,
            segments=measure(words).segments,
            created_at=self.at,
            sid=f"SM{self._digits()}",
            trace=(TraceEntry(at=self.at, event="received"),),
        )
        self.messages.append(message)
        return message

    def _step(self, begins: Plan, *, expires_at: datetime) -> Message:
        message_id = self._next_id()
        message = outbound(
            message_id=message_id,
            now=self.at,
            user=self.user,
            contact=self.contact,
            kind=Kind.JOURNEY,
            body=self._text(STEP),
            plan=begins,
            expires_at=expires_at,
            source={"journey_id": "rate-watch", "step_id": "quote", "execution_id": f"run-{self.serial}"},
        )
        self.messages.append(message)
        return message

    def _digits(self) -> str:
        return f"{self.serial:08x}{len(self.messages):024x}"


def talk(act: Act, serial: int, organization: Organization, user: User, contact: Contact, now: datetime) -> Talk:
    """The act, played over the days before `now`; each conversation a little further in the past."""
    started = now - timedelta(days=serial % 6 + 1, hours=serial % 5)
    told = Talk(
        organization=organization,
        user=user,
        contact=contact,
        serial=serial,
        at=started,
        consent=Consent(org_id=organization.id, phone=contact.cell_phone or ""),
    )
    if act == "new":
        return told
    told.ask()
    if act in {"asked", "awaiting"}:
        if act == "awaiting":
            told.wait_for_yes(now)
        return told
    told.hear("Yes")
    told.say(OUT[serial % len(OUT)])
    told.hear(IN[serial % len(IN)], read=act != "unread")
    match act:
        case "held":
            told.hold(now)
        case "stopped":
            told.hear("STOP")
        case "undelivered":
            told.say(OUT[(serial + 1) % len(OUT)], fails=True)
        case _:
            pass
    return told


def _closed(organization: Organization, contact: Contact, now: datetime) -> Plan:
    """The plan for a message that waits for an opening: the next one after the window has closed."""
    settings = resolve(organization.settings)
    recipient = recipient_of(contact, contact.cell_phone or "")
    begins = plan(settings, recipient=recipient, now=now)
    return plan(settings, recipient=recipient, now=begins.closes_at) if begins.closes_at else begins
