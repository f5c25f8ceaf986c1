"""A user texts a contact, person to person: at once, from the user's own number, to a contact who opted in."""

from __future__ import annotations

import re
from typing import NamedTuple

from engage_sms.domain.consent import ConsentState
from engage_sms.domain.message import Kind, Message
from engage_sms.errors import Invalid, Rejected
from engage_sms.ports import Create, Ports
from engage_sms.usecases.compose import outbound
from engage_sms.usecases.lookup import find_contact, find_user
from engage_sms.usecases.request_opt_in import refused
from engage_sms.usecases.view_contact import OPT_IN_REQUIRED, no_route

LONGEST_BODY = 1600
"""Characters; Twilio's limit (error 21617)."""
MOST_MEDIA = 10
"""Twilio's limit of media in one message."""
LONGEST_URL = 2048
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")


class SendMessage(NamedTuple):
    org_id: str
    user_id: str
    contact_id: str
    body: str
    media_urls: tuple[str, ...] = ()


def send_message(command: SendMessage, ports: Ports) -> Message:
    """The message, queued. Consent is checked here for the caller's sake and again at dispatch for the contact's.

    Raises Invalid for an empty or overlong text; Rejected `opt-in-required`, `opted-out`, `user-has-no-number` or
    `no-valid-cell-phone`.
    """
    check_body(command.body, command.media_urls)
    contact = find_contact(command.org_id, command.contact_id, ports)
    user = find_user(command.org_id, command.user_id, ports)
    missing = no_route(contact, user)
    if missing is not None:
        raise refused(missing)
    state = ports.store.consent(command.org_id, contact.cell_phone or "").of(user.id).state
    if state is ConsentState.OPTED_OUT:
        raise Rejected("opted-out", "The contact has opted out; only they can come back, by texting START.")
    if state is not ConsentState.OPTED_IN:
        raise Rejected(OPT_IN_REQUIRED, "The contact has not opted in; send an opt-in request and wait for the YES.")
    message = outbound(
        message_id=ports.new_id(),
        now=ports.now(),
        user=user,
        contact=contact,
        kind=Kind.ONE_TO_ONE,
        body=command.body,
        media_urls=command.media_urls,
    )
    ports.store.commit(Create(message))
    return message


def check_body(body: str, media_urls: tuple[str, ...] = ()) -> None:
    """Raises Invalid when Twilio would not take the content."""
    errors = []
    if not body.strip() and not media_urls:
        errors.append({"field": "body", "message": "Write a text, or attach media."})
    if len(body) > LONGEST_BODY:
        errors.append({"field": "body", "message": f"At most {LONGEST_BODY} characters; this has {len(body)}."})
    if len(media_urls) > MOST_MEDIA:
        errors.append({"field": "media_urls", "message": f"At most {MOST_MEDIA} media in one message."})
    errors += [
        {
            "field": f"media_urls.{index}",
            "message": f"Give an http or https address of at most {LONGEST_URL} characters.",
        }
        for index, url in enumerate(media_urls[:MOST_MEDIA])
        if len(url) > LONGEST_URL or not _URL.fullmatch(url)
    ]
    if errors:
        raise Invalid(errors)
