"""Usage/Records/Daily.json: segments by GMT day, from the messages and from seeded days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from infra.local.twilio.requests import Answer, Call, Problem, page
from infra.local.twilio.state import Message, World

_DIRECTIONS = {
    "sms": ("inbound", "outbound-api"),
    "sms-inbound": ("inbound",),
    "sms-inbound-longcode": ("inbound",),
    "sms-outbound": ("outbound-api",),
    "sms-outbound-longcode": ("outbound-api",),
}
_USUAL_DAYS = 30
_PRICE_OF_A_SEGMENT = 0.0083


def find(world: World, call: Call) -> Answer:
    """One row for each category and day, newest first; days without messages have zeros. Both ends are inclusive."""
    category = call.query.get("Category")
    if category is not None and category not in _DIRECTIONS:
        raise Problem(20001, f"Category {category} is not one this Twilio keeps: {', '.join(_DIRECTIONS)}.")
    last = _day(call, "EndDate", call.now.date())
    first = _day(call, "StartDate", last - timedelta(days=_USUAL_DAYS))
    accounts = {call.account.sid}
    if call.query.flag("IncludeSubaccounts", default=True):
        accounts |= {account.sid for account in world.accounts.values() if account.owner_sid == call.account.sid}
    counted = _counted(world, accounts)
    rows = []
    for ago in range((min(last, call.now.date()) - first).days + 1):
        day = min(last, call.now.date()) - timedelta(days=ago)
        for name in [category] if category else _DIRECTIONS:
            pairs = [counted.get((day, direction), (0, 0)) for direction in _DIRECTIONS[name]]
            rows.append(_shown(call, name, day, sum(p[0] for p in pairs), sum(p[1] for p in pairs)))
    return Answer.of(200, page(call, "usage_records", rows))


def _counted(world: World, accounts: set[str]) -> dict[tuple[date, str], tuple[int, int]]:
    """Messages and segments by day and direction. What was seeded counts as outbound."""
    counted: dict[tuple[date, str], tuple[int, int]] = {}
    found = [
        (message.sent_at.date(), message.direction, 1, message.segments)
        for message in world.messages.values()
        if message.account_sid in accounts and message.sent_at and _is_text(message)
    ]
    found += [
        (day, "outbound-api", messages, segments)
        for (sid, day), (messages, segments) in world.seeded_usage.items()
        if sid in accounts
    ]
    for day, direction, messages, segments in found:
        before = counted.get((day, direction), (0, 0))
        counted[day, direction] = (before[0] + messages, before[1] + segments)
    return counted


def _is_text(message: Message) -> bool:
    return not message.media_urls


def _day(call: Call, name: str, otherwise: date) -> date:
    value = call.query.get(name)
    try:
        return date.fromisoformat(value) if value else otherwise
    except ValueError:
        raise Problem(20001, f"{name} is a date such as 2024-08-31.") from None


def _shown(call: Call, category: str, day: date, messages: int, segments: int) -> dict[str, Any]:
    return {
        "account_sid": call.account.sid,
        "api_version": "2010-04-01",
        "as_of": _instant(call.now),
        "category": category,
        "count": str(messages),
        "count_unit": "messages",
        "description": category,
        "end_date": day.isoformat(),
        "price": round(segments * _PRICE_OF_A_SEGMENT, 5),
        "price_unit": "usd",
        "start_date": day.isoformat(),
        "subresource_uris": {"daily": f"{call.path}?Category={category}"},
        "uri": f"{call.path}?Category={category}&StartDate={day}&EndDate={day}",
        "usage": str(segments),
        "usage_unit": "segments",
    }


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
