"""A text from a phone arrived: keep it, let it change consent, answer what asks for an answer."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from engage_sms.domain.consent import Reply, heard
from engage_sms.domain.directory import Contact, Number, Organization, User
from engage_sms.domain.message import Direction, Kind, Message, Status, TraceEntry
from engage_sms.domain.settings import Settings, resolve
from engage_sms.errors import Conflict, NotFound
from engage_sms.ports import Change, Create, Once, Ports, Replace
from engage_sms.usecases.compose import outbound, rendered
from engage_sms.usecases.lookup import decide_again, find_organization, find_user

OPTED_OUT_TEXT = (
    "You are unsubscribed and will get no more messages from {user.name} at {organization.name}. "
    "Reply START to come back."
)
"""The one answer to a STOP where Twilio does not give it (47 CFR 64.1200(a)(12): once, within five minutes)."""


class ReceiveMessage(NamedTuple):
    """`phone` texted `number` (both E.164); `sid` is Twilio's id of the text, `segments` what Twilio counted."""

    org_id: str
    sid: str
    phone: str
    number: str
    body: str
    media_urls: tuple[str, ...] = ()
    segments: int = 1


def receive_message(command: ReceiveMessage, ports: Ports) -> None:
    """Keeps the text, its effect on consent and its answer in one transaction, once for each sid.

    Twilio may deliver a text twice, and two texts may race over one consent:

        delivery 1  read v4 ─► mark sid, message, consent v5, answer ✓
        delivery 2  read v4 ───────► Conflict ─► the mark is set: done, nothing changes
        other text  read v4 ───────► Conflict ─► no mark of its own: read v5, decide anew

    Raises NotFound when the number is not the organization's.
    """
    organization = find_organization(command.org_id, ports)
    number = ports.store.number(command.number)
    if number is None or number.org_id != command.org_id:
        raise NotFound("number")
    user = find_user(command.org_id, number.user_id, ports)
    mark = Once("inbound", f"{command.org_id}#{command.sid}")

    def attempt() -> None:
        try:
            ports.store.commit(mark, *_changes(command, organization, number, user, ports))
        except Conflict:
            if not ports.store.done(mark):
                raise

    decide_again(attempt)


def _changes(
    command: ReceiveMessage, organization: Organization, number: Number, user: User, ports: Ports
) -> list[Change]:
    now = ports.now()
    settings = resolve(organization.settings)
    contact, unknown = _sender(command, user, now, ports)
    message = _received(command, user, contact, now, ports)
    changes: list[Change] = [Create(message)]
    if unknown:
        changes.append(Replace(contact))
    consent = ports.store.consent(command.org_id, command.phone, consistent=True)
    after, reply = heard(
        consent,
        user.id,
        at=now,
        words=command.body,
        message_id=message.id,
        scope=settings.opt_out_scope,
    )
    if after != consent:
        changes.append(Replace(after))
    silent = number.released_at is not None or (reply is Reply.HELP and consent.of(user.id).state == "opted_out")
    if reply is not None and not silent:
        changes += [Create(answer) for answer in _answers(reply, settings, organization, user, contact, now, ports)]
    return changes


def _sender(command: ReceiveMessage, user: User, now: datetime, ports: Ports) -> tuple[Contact, bool]:
    """The contact who texted; a stranger becomes a contact of the user.

    Of several who share the phone it is the one the user wrote with last, else the user's own before a colleague's. A
    stranger's id follows from the phone (hashed, since ids appear in logs), so two first texts make one contact.
    """
    known = ports.store.contacts_with_phone(command.org_id, command.phone)
    if known:
        ranked = sorted(known, key=lambda contact: (contact.owner_id != user.id, contact.id))
        return (ranked[0] if len(ranked) == 1 else max(ranked, key=partial(_last_written, user, ports))), False
    stranger = "unknown-" + sha256(f"{command.org_id} {command.phone}".encode()).hexdigest()[:24]
    stored = ports.store.contact(command.org_id, stranger, consistent=True)
    if stored is not None:
        return stored, False
    contact = Contact(
        id=stranger,
        org_id=command.org_id,
        owner_id=user.id,
        first_name="",
        last_name="",
        cell_phone=command.phone,
        created_at=now,
    )
    return contact, True


def _last_written(user: User, ports: Ports, contact: Contact) -> str:
    """The newest message's id, which sorts by time; nothing before the first."""
    conversation = ports.store.conversation(contact.org_id, user.id, contact.id)
    return "" if conversation is None else conversation.last_message_id


def _received(command: ReceiveMessage, user: User, contact: Contact, now: datetime, ports: Ports) -> Message:
    return Message(
        id=ports.new_id(),
        org_id=command.org_id,
        user_id=user.id,
        contact_id=contact.id,
        direction=Direction.INBOUND,
        kind=Kind.ONE_TO_ONE,
        phone=command.phone,
        number=command.number,
        body=command.body,
        media_urls=command.media_urls,
        status=Status.RECEIVED,
        segments=command.segments,
        created_at=now,
        sid=command.sid,
        trace=(TraceEntry(at=now, event="received"),),
    )


def _answers(
    reply: Reply,
    settings: Settings,
    organization: Organization,
    user: User,
    contact: Contact,
    now: datetime,
    ports: Ports,
) -> list[Message]:
    """The automatic answer, on its way at once. Twilio itself confirms a STOP unless `sms.opt_out.replies` says so."""
    if reply is Reply.OPTED_OUT and settings.opt_out_replies == "twilio":
        return []
    kind, template = {
        Reply.CONFIRMATION: (Kind.OPT_IN_CONFIRMATION, settings.texts_opt_in_confirmation),
        Reply.HELP: (Kind.HELP, settings.texts_help),
        Reply.OPTED_OUT: (Kind.HELP, OPTED_OUT_TEXT),
    }[reply]
    return [
        outbound(
            message_id=ports.new_id(),
            now=now,
            user=user,
            contact=contact,
            kind=kind,
            body=rendered(template, organization, user, contact),
            source={"answers": "opt_out"} if reply is Reply.OPTED_OUT else {},
        )
    ]
