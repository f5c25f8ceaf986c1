"""Messages.json: what may be sent, and what was."""

from __future__ import annotations

import re
from typing import Any

from infra.local.twilio import delivery
from infra.local.twilio.requests import Answer, Call, Fields, Problem, page, rfc_2822
from infra.local.twilio.state import Message, Number, Service, World

_PHONE = re.compile(r"\+[1-9]\d{7,14}").fullmatch
_MAX_CHARACTERS = 1600
_MAX_MEDIA = 10
_LONGEST_VALIDITY = 36_000
_PRICE_OF_A_SEGMENT = 0.0083


def create(world: World, call: Call) -> Answer:
    """Takes the message; what becomes of it follows on the agenda."""
    to, body, media_urls = _content(call.form)
    service, number = _sender(world, call, to)
    validity = call.form.whole("ValidityPeriod")
    if validity is not None and not 1 <= validity <= _LONGEST_VALIDITY:
        raise Problem(90007, f"The ValidityPeriod {validity} is not between 1 and {_LONGEST_VALIDITY} seconds.")
    opted_out = _has_opted_out(world, to, service, number)
    if opted_out and service is None:
        raise Problem(21610, f"Attempt to send to unsubscribed recipient {to}.")
    message = Message(
        sid=f"{'MM' if media_urls else 'SM'}{world.hexadecimal()}",
        account_sid=call.account.sid,
        direction="outbound-api",
        to=to,
        sender=number.phone if number else None,
        body=body,
        media_urls=media_urls,
        service_sid=service.sid if service else None,
        status_callback=call.form.get("StatusCallback") or (service.status_url if service else None),
        validity_period=validity,
        status="accepted" if service else "queued",
        # Through a service the sender, and with it the count, is settled later.
        segments=0 if service else delivery.segments(body, media_urls),
        created_at=call.now,
        updated_at=call.now,
    )
    world.messages[message.sid] = message
    delivery.plan(world, message, 21610 if opted_out else call.outcome)
    return Answer.of(201, _shown(message))


def _content(form: Fields) -> tuple[str, str, tuple[str, ...]]:
    to, body, media_urls = form.get("To"), form.get("Body") or "", form.all("MediaUrl")
    if not to:
        raise Problem(21604, "A 'To' phone number is required.")
    if not _PHONE(to):
        raise Problem(21211, f"The 'To' number {to} is not a valid phone number.")
    if not body and not media_urls:
        raise Problem(21602, "Message body is required.")
    if len(body) > _MAX_CHARACTERS:
        raise Problem(21617, "The concatenated message body exceeds the 1600 character limit.")
    if len(media_urls) > _MAX_MEDIA:
        raise Problem(21623, "Number of media files exceeds allowed limit.")
    return to, body, media_urls


def _sender(world: World, call: Call, to: str) -> tuple[Service | None, Number | None]:
    """The service, the number, or both. A service given alone chooses from its pool."""
    service_sid, sender = call.form.get("MessagingServiceSid"), call.form.get("From")
    if not service_sid and not sender:
        raise Problem(21603, "A 'From' phone number is required.")
    service = world.services.get(service_sid) if service_sid else None
    if service_sid and (service is None or service.account_sid != call.account.sid):
        raise Problem(21705, f"The Messaging Service Sid {service_sid} is invalid.")
    number = world.number_of(sender) if sender else None
    if sender == to:
        raise Problem(21211, "'To' and 'From' number cannot be the same.")
    if sender and number is None:
        raise Problem(21659, f"'{sender}' is not a Twilio phone number or Short Code country mismatch.")
    if number and (number.account_sid != call.account.sid or (service and number.sid not in service.pool)):
        raise Problem(21606, f"The 'From' phone number {sender} is not valid for this account and service.")
    if service and not service.pool:
        raise Problem(21704, "The Messaging Service contains no phone numbers.")
    return service, number


def _has_opted_out(world: World, to: str, service: Service | None, number: Number | None) -> bool:
    """An opt-out holds for the whole service; a number that is in none stands for itself."""
    scope = service or (world.service_of(number) if number else None)
    return (scope.sid if scope else number.phone if number else "", to) in world.opted_out


def find(world: World, call: Call) -> Answer:
    """Newest first. The filter on the date of sending hides what has not been sent yet."""
    to, sender = call.query.get("To"), call.query.get("From")
    rows = [
        _shown(message)
        for message in reversed(world.messages.values())
        if message.account_sid == call.account.sid
        and to in (None, message.to)
        and sender in (None, message.sender)
        and _sent_when_asked(message, call.query)
    ]
    return Answer.of(200, page(call, "messages", rows))


def _sent_when_asked(message: Message, query: Fields) -> bool:
    on, before, after = (query.get(f"DateSent{sign}") for sign in ("", "<", ">"))
    if not (on or before or after):
        return True
    if message.sent_at is None:
        return False
    day = message.sent_at.date().isoformat()
    return (not on or day == on[:10]) and (not before or day <= before[:10]) and (not after or day >= after[:10])


def fetch(world: World, call: Call) -> Answer:
    message = world.messages.get(call.names["Sid"])
    if message is None or message.account_sid != call.account.sid:
        raise Problem(20404, f"The requested resource {call.path} was not found", 404)
    return Answer.of(200, _shown(message))


def _shown(message: Message) -> dict[str, Any]:
    uri = f"/2010-04-01/Accounts/{message.account_sid}/Messages/{message.sid}"
    billed = message.status in ("sent", "delivered", "undelivered", "received")
    return {
        "account_sid": message.account_sid,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": rfc_2822(message.created_at),
        "date_sent": rfc_2822(message.sent_at),
        "date_updated": rfc_2822(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": f"Error {message.error_code}" if message.error_code else None,
        "from": message.sender,
        "messaging_service_sid": message.service_sid,
        "num_media": str(len(message.media_urls)),
        "num_segments": str(message.segments),
        "price": f"{-_PRICE_OF_A_SEGMENT * message.segments:.5f}" if billed else None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }
