"""Accounts.json: the parent and its subaccounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from infra.local.twilio.requests import Answer, Call, Problem, page, rfc_2822
from infra.local.twilio.state import Account, World

_PARTS = {
    "available_phone_numbers": "AvailablePhoneNumbers",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "messages": "Messages",
    "usage": "Usage",
}


def open_account(world: World, friendly_name: str, now: datetime, owner_sid: str | None = None) -> Account:
    """A new subaccount of `owner_sid`, or a parent account when there is none."""
    sid = f"AC{world.hexadecimal()}"
    account = Account(
        sid=sid,
        auth_token=world.hexadecimal(),
        friendly_name=friendly_name,
        owner_sid=owner_sid or sid,
        created_at=now,
    )
    world.accounts[sid] = account
    return account


def create(world: World, call: Call) -> Answer:
    name = call.form.get("FriendlyName") or f"SubAccount Created at {call.now:%Y-%m-%d %I:%M %p}"
    if call.account.owner_sid != call.account.sid:
        raise Problem(20006, "A subaccount cannot have subaccounts.", 403)
    return Answer.of(201, _shown(open_account(world, name, call.now, call.account.sid)))


def find(world: World, call: Call) -> Answer:
    name, status = call.query.get("FriendlyName"), call.query.get("Status")
    rows = [
        _shown(account)
        for account in world.accounts.values()
        if call.account.sid in (account.owner_sid, account.sid)
        and name in (None, account.friendly_name)
        and status in (None, account.status)
    ]
    return Answer.of(200, page(call, "accounts", rows[::-1]))


def fetch(world: World, call: Call) -> Answer:
    return Answer.of(200, _shown(call.account))


def update(world: World, call: Call) -> Answer:
    """Rename, suspend, reactivate or close. Closing is final and gives the numbers back."""
    account = call.account
    status = call.form.get("Status")
    if status not in (None, "active", "suspended", "closed"):
        raise Problem(20001, "Status is active, suspended or closed.")
    if status and account.status == "closed":
        raise Problem(21479, "A closed account cannot be opened again.")
    account.status = status or account.status
    account.friendly_name = call.form.get("FriendlyName") or account.friendly_name
    if account.status == "closed":
        for number in [number for number in world.numbers.values() if number.account_sid == account.sid]:
            del world.numbers[number.sid]
    return Answer.of(200, _shown(account))


def _shown(account: Account) -> dict[str, Any]:
    uri = f"/2010-04-01/Accounts/{account.sid}"
    return {
        "auth_token": account.auth_token,
        "date_created": rfc_2822(account.created_at),
        "date_updated": rfc_2822(account.created_at),
        "friendly_name": account.friendly_name,
        "owner_account_sid": account.owner_sid,
        "sid": account.sid,
        "status": account.status,
        "subresource_uris": {name: f"{uri}/{part}.json" for name, part in _PARTS.items()},
        "type": "Full",
        "uri": f"{uri}.json",
    }
