"""Messaging Services and their sender pools. They belong to the account whose credentials call."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from infra.local.twilio.requests import MESSAGING, Answer, Call, Problem, iso, page_with_meta
from infra.local.twilio.state import Number, Service, World

POOL_SIZE = 400
_PARTS = {"phone_numbers": "PhoneNumbers", "short_codes": "ShortCodes", "alpha_senders": "AlphaSenders"}


def create(world: World, call: Call) -> Answer:
    name = call.form.get("FriendlyName")
    if not name:
        raise Problem(20001, "FriendlyName is required.")
    service = Service(
        sid=f"MG{world.hexadecimal()}",
        account_sid=call.account.sid,
        friendly_name=name,
        inbound_url=_url(call, "InboundRequestUrl"),
        status_url=_url(call, "StatusCallback"),
        inbound_on_number=call.form.flag("UseInboundWebhookOnNumber", default=False),
        created_at=call.now,
    )
    world.services[service.sid] = service
    return Answer.of(201, _shown(service))


def find(world: World, call: Call) -> Answer:
    rows = [_shown(service) for service in world.services.values() if service.account_sid == call.account.sid]
    return Answer.of(200, page_with_meta(call, "services", rows[::-1]))


def fetch(world: World, call: Call) -> Answer:
    return Answer.of(200, _shown(_named(world, call, "Sid")))


def add_number(world: World, call: Call) -> Answer:
    service = _named(world, call, "ServiceSid")
    number = world.numbers.get(call.form.get("PhoneNumberSid") or "")
    if number is None or number.account_sid != call.account.sid:
        raise Problem(21421, "There is no phone number of this SID in your account.")
    other = world.service_of(number)
    if other is service:
        raise Problem(21710, "Phone Number or Short Code is already in the Messaging Service.", 409)
    if other:
        raise Problem(21712, "Phone Number or Short Code is in another Messaging Service.", 409)
    if len(service.pool) >= POOL_SIZE:
        raise Problem(21714, "The Messaging Service cannot take more senders.")
    service.pool.append(number.sid)
    return Answer.of(201, _pooled(service, number))


def pool(world: World, call: Call) -> Answer:
    service = _named(world, call, "ServiceSid")
    rows = [_pooled(service, world.numbers[sid]) for sid in service.pool]
    return Answer.of(200, page_with_meta(call, "phone_numbers", rows))


def _named(world: World, call: Call, name: str) -> Service:
    service = world.services.get(call.names[name])
    if service is None or service.account_sid != call.account.sid:
        raise Problem(20404, f"The requested resource {call.path} was not found", 404)
    return service


def _url(call: Call, name: str) -> str | None:
    url = call.form.get(name)
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise Problem(20001, f"{name} is not a URL.")
    return url or None


def _shown(service: Service) -> dict[str, Any]:
    url = f"https://{MESSAGING}/v1/Services/{service.sid}"
    return {
        "account_sid": service.account_sid,
        "area_code_geomatch": True,
        "date_created": iso(service.created_at),
        "date_updated": iso(service.created_at),
        "fallback_method": "POST",
        "fallback_to_long_code": True,
        "fallback_url": None,
        "friendly_name": service.friendly_name,
        "inbound_method": "POST",
        "inbound_request_url": service.inbound_url,
        "links": {name: f"{url}/{part}" for name, part in _PARTS.items()},
        "mms_converter": True,
        "scan_message_content": "inherit",
        "sid": service.sid,
        "smart_encoding": False,
        "status_callback": service.status_url,
        "sticky_sender": True,
        "synchronous_validation": False,
        "url": url,
        "us_app_to_person_registered": False,
        "use_inbound_webhook_on_number": service.inbound_on_number,
        "usecase": "undeclared",
        "validity_period": 36000,
    }


def _pooled(service: Service, number: Number) -> dict[str, Any]:
    return {
        "account_sid": service.account_sid,
        "capabilities": ["MMS", "SMS", "Voice"],
        "country_code": "US",
        "date_created": iso(number.created_at),
        "date_updated": iso(number.created_at),
        "phone_number": number.phone,
        "service_sid": service.sid,
        "sid": number.sid,
        "url": f"https://{MESSAGING}/v1/Services/{service.sid}/PhoneNumbers/{number.sid}",
    }
