"""AvailablePhoneNumbers and IncomingPhoneNumbers: numbers for sale and numbers owned."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from engage_sms.domain import phone as phones
from engage_sms.domain.area_codes import AREAS
from infra.local.twilio import stock
from infra.local.twilio.requests import Answer, Call, Fields, Problem, page, rfc_2822
from infra.local.twilio.state import Number, World

_E164 = re.compile(r"\+1[2-9]\d{9}").fullmatch
_CAPABILITIES = {"voice": True, "sms": True, "mms": True, "fax": False}


def offer(world: World, call: Call) -> Answer:
    """What may be bought: not reserved; an empty list when there is nothing."""
    country = call.names["CountryCode"]
    size = call.query.whole("PageSize") or 50
    rows = [_offered(number) for number in islice(_for_sale(world, country, call.query), size)]
    return Answer.of(200, {"available_phone_numbers": rows, "uri": call.path})


def _for_sale(world: World, country: str, query: Fields) -> Iterator[str]:
    region = query.get("InRegion")
    for area_code in _area_codes(country, region, query):
        for number in world.stock.left(area_code):
            its_country, its_region, _ = stock.where(number)
            if its_country == country and region in (None, its_region):
                yield number


def _area_codes(country: str, region: str | None, query: Fields) -> list[str]:
    if area_code := query.whole("AreaCode"):
        return [str(area_code)]
    if near := query.get("NearNumber"):
        return stock.near(phones.area_code(near))
    return stock.area_codes_of(country, region) if region else sorted(AREAS)


def buy(world: World, call: Call) -> Answer:
    phone = call.form.get("PhoneNumber") or _any_in(world, call.form.get("AreaCode"))
    if not _E164(phone) or phones.area_code(phone) not in AREAS:
        raise Problem(21421, f"{phone} is not a valid number.")
    if world.number_of(phone) or not world.stock.has(phone):
        raise Problem(21422, f"{phone} is not available.")
    world.stock.sell(phone)
    number = Number(
        sid=f"PN{world.hexadecimal()}",
        account_sid=call.account.sid,
        phone=phone,
        friendly_name=call.form.get("FriendlyName") or _spelled(phone),
        sms_url=call.form.get("SmsUrl") or "",
        created_at=call.now,
    )
    world.numbers[number.sid] = number
    return Answer.of(201, _owned(number))


def _any_in(world: World, area_code: str | None) -> str:
    if area_code is None:
        raise Problem(21421, "PhoneNumber or AreaCode is required.")
    if area_code not in AREAS:
        raise Problem(21451, f"{area_code} is not an area code.")
    phone = next(world.stock.left(area_code), None)
    if phone is None:
        raise Problem(21452, f"There is no number in area code {area_code}.")
    return phone


def find(world: World, call: Call) -> Answer:
    name, phone = call.query.get("FriendlyName"), call.query.get("PhoneNumber")
    rows = [
        _owned(number)
        for number in world.numbers.values()
        if number.account_sid == call.account.sid
        and name in (None, number.friendly_name)
        and phone in (None, number.phone)
    ]
    return Answer.of(200, page(call, "incoming_phone_numbers", rows[::-1]))


def fetch(world: World, call: Call) -> Answer:
    return Answer.of(200, _owned(_named(world, call)))


def release(world: World, call: Call) -> Answer:
    number = _named(world, call)
    service = world.service_of(number)
    if service:
        service.pool.remove(number.sid)
    del world.numbers[number.sid]
    return Answer.of(204, None)


def _named(world: World, call: Call) -> Number:
    number = world.numbers.get(call.names["Sid"])
    if number is None or number.account_sid != call.account.sid:
        raise Problem(20404, f"The requested resource {call.path} was not found", 404)
    return number


def _spelled(phone: str) -> str:
    return f"({phone[2:5]}) {phone[5:8]}-{phone[8:]}"


def _offered(phone: str) -> dict[str, Any]:
    country, region, locality = stock.where(phone)
    return {
        "address_requirements": "none",
        "beta": False,
        "capabilities": {name: able for name, able in _CAPABILITIES.items() if name != "fax"},
        "friendly_name": _spelled(phone),
        "iso_country": country,
        "lata": None,
        "latitude": None,
        "locality": locality,
        "longitude": None,
        "phone_number": phone,
        "postal_code": None,
        "rate_center": None,
        "region": region,
    }


def _owned(number: Number) -> dict[str, Any]:
    return {
        "account_sid": number.account_sid,
        "address_requirements": "none",
        "address_sid": None,
        "api_version": "2010-04-01",
        "beta": False,
        "bundle_sid": None,
        "capabilities": _CAPABILITIES,
        "date_created": rfc_2822(number.created_at),
        "date_updated": rfc_2822(number.created_at),
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Active",
        "friendly_name": number.friendly_name,
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": number.phone,
        "sid": number.sid,
        "sms_application_sid": "",
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": number.sms_url,
        "status": "in-use",
        "status_callback": "",
        "status_callback_method": "POST",
        "trunk_sid": None,
        "type": "local",
        "uri": f"/2010-04-01/Accounts/{number.account_sid}/IncomingPhoneNumbers/{number.sid}.json",
        "voice_application_sid": "",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": None,
        "voice_method": "POST",
        "voice_receive_mode": "voice",
        "voice_url": None,
    }
