"""Which operation a request is, and whether its credentials may: the fake Twilio's table of operations."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass

from infra.local.twilio import accounts, messages, numbers, services, usage
from infra.local.twilio.requests import API, MESSAGING, Answer, Call, Problem
from infra.local.twilio.state import Account, World

_ACCOUNTS = "/2010-04-01/Accounts"
_ACCOUNT = _ACCOUNTS + "/{AccountSid}"


@dataclass(frozen=True)
class Operation:
    """One call of the API. `name` is what faults are injected by."""

    name: str
    method: str
    host: str
    path: str
    carry_out: Callable[[World, Call], Answer]

    def match(self, method: str, host: str, path: str) -> dict[str, str] | None:
        """The names in the path, or None when this is another operation."""
        if (method, host) != (self.method, self.host):
            return None
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


OPERATIONS = (
    Operation("accounts.create", "POST", API, f"{_ACCOUNTS}.json", accounts.create),
    Operation("accounts.list", "GET", API, f"{_ACCOUNTS}.json", accounts.find),
    Operation("accounts.fetch", "GET", API, f"{_ACCOUNT}.json", accounts.fetch),
    Operation("accounts.update", "POST", API, f"{_ACCOUNT}.json", accounts.update),
    Operation(
        "available_phone_numbers.list",
        "GET",
        API,
        f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Local.json",
        numbers.offer,
    ),
    Operation("incoming_phone_numbers.create", "POST", API, f"{_ACCOUNT}/IncomingPhoneNumbers.json", numbers.buy),
    Operation("incoming_phone_numbers.list", "GET", API, f"{_ACCOUNT}/IncomingPhoneNumbers.json", numbers.find),
    Operation(
        "incoming_phone_numbers.fetch", "GET", API, f"{_ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json", numbers.fetch
    ),
    Operation(
        "incoming_phone_numbers.delete", "DELETE", API, f"{_ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json", numbers.release
    ),
    Operation("messages.create", "POST", API, f"{_ACCOUNT}/Messages.json", messages.create),
    Operation("messages.list", "GET", API, f"{_ACCOUNT}/Messages.json", messages.find),
    Operation("messages.fetch", "GET", API, f"{_ACCOUNT}/Messages/{{Sid}}.json", messages.fetch),
    Operation("usage.records.list", "GET", API, f"{_ACCOUNT}/Usage/Records/Daily.json", usage.find),
    Operation("services.create", "POST", MESSAGING, "/v1/Services", services.create),
    Operation("services.list", "GET", MESSAGING, "/v1/Services", services.find),
    Operation("services.fetch", "GET", MESSAGING, "/v1/Services/{Sid}", services.fetch),
    Operation(
        "services.phone_numbers.create",
        "POST",
        MESSAGING,
        "/v1/Services/{ServiceSid}/PhoneNumbers",
        services.add_number,
    ),
    Operation("services.phone_numbers.list", "GET", MESSAGING, "/v1/Services/{ServiceSid}/PhoneNumbers", services.pool),
)


def find(method: str, host: str, path: str) -> tuple[Operation, dict[str, str]]:
    """The operation and the names in its path. Raises Problem 20404 when there is none."""
    for operation in OPERATIONS:
        names = operation.match(method, host, path)
        if names is not None:
            return operation, names
    raise Problem(20404, f"The requested resource {path} was not found", 404)


def admit(world: World, auth: tuple[str, str] | None, account_sid: str | None) -> tuple[Account, Account]:
    """Who calls, and the account acted on: the one in the path, else the caller's own.

    A parent's credentials open its subaccounts, on the one host that has the account in its paths.
    """
    caller = world.accounts.get(auth[0]) if auth else None
    if caller is None or auth is None or not hmac.compare_digest(auth[1].encode(), caller.auth_token.encode()):
        raise Problem(20003, "Authenticate", 401)
    account = caller if account_sid is None else world.accounts.get(account_sid)
    if account is None or caller.sid not in (account.sid, account.owner_sid):
        raise Problem(20003, "Authenticate", 401)
    if caller.status != "active":
        raise Problem(20003, "Authenticate", 401)
    return caller, account
