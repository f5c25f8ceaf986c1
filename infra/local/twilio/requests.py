"""One request to the fake Twilio and its answer, in Twilio's shapes: lists in pages, errors with codes, dates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from infra.local.twilio.state import Account

API = "api.twilio.com"
MESSAGING = "messaging.twilio.com"
JSON = "application/json"


class Unanswered(Exception):
    """The caller gets no answer; a front closes the connection. Whether the request was carried out stays open."""


class Problem(Exception):
    """A definite no, with Twilio's code (twilio.com/docs/api/errors) and HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Answer:
    """Status, headers and body as they go over the wire."""

    status: int
    headers: dict[str, str]
    body: str

    @classmethod
    def of(cls, status: int, body: dict[str, Any] | None) -> Answer:
        return cls(status, {"Content-Type": JSON}, "" if body is None else json.dumps(body))

    @classmethod
    def refusal(cls, problem: Problem) -> Answer:
        body = {
            "code": problem.code,
            "message": problem.message,
            "more_info": f"https://www.twilio.com/docs/errors/{problem.code}",
            "status": problem.status,
        }
        return cls.of(problem.status, body)


@dataclass(frozen=True)
class Fields:
    """Query or form: names may repeat."""

    pairs: Sequence[tuple[str, str]] = ()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def get(self, name: str) -> str | None:
        return next((value for field, value in self.pairs if field == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for field, value in self.pairs if field == name)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.get(name)
        return default if value is None else value.lower() == "true"

    def whole(self, name: str) -> int | None:
        """A whole number, or Problem when it is something else."""
        value = self.get(name)
        try:
            return None if value is None else int(value)
        except ValueError:
            raise Problem(20001, f"The parameter {name} has to be a whole number.") from None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request whose sender is known. `account` is acted on; `caller` holds the credentials (it, or its parent)."""

    host: str
    path: str
    account: Account
    caller: Account
    names: dict[str, str]
    query: Fields
    form: Fields
    now: datetime
    outcome: int | None = None
    """An error code that a message is to end with, later (a fault)."""


def page(call: Call, key: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One page of a v2010 list."""
    shown, number, size, following = _cut(call, rows)
    return {
        key: shown,
        "end": number * size + max(len(shown) - 1, 0),
        "first_page_uri": _uri(call, 0, size),
        "next_page_uri": _uri(call, number + 1, size) if following else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": _uri(call, number - 1, size) if number else None,
        "start": number * size,
        "uri": _uri(call, number, size),
    }


def page_with_meta(call: Call, key: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One page of a list of messaging.twilio.com."""
    shown, number, size, following = _cut(call, rows)
    base = f"https://{call.host}"
    meta = {
        "page": number,
        "page_size": size,
        "first_page_url": base + _uri(call, 0, size),
        "previous_page_url": base + _uri(call, number - 1, size) if number else None,
        "next_page_url": base + _uri(call, number + 1, size) if following else None,
        "key": key,
        "url": base + _uri(call, number, size),
    }
    return {"meta": meta, key: shown}


def _cut(call: Call, rows: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int, int, bool]:
    asked = call.query.whole("PageSize")
    size = 50 if asked is None else asked
    number = call.query.whole("Page") or 0
    if not (1 <= size <= 1000 and number >= 0):
        raise Problem(20001, "PageSize is 1 to 1000; Page counts from 0.")
    end = (number + 1) * size
    return list(rows[number * size : end]), number, size, len(rows) > end


def _uri(call: Call, number: int, size: int) -> str:
    kept = [(name, value) for name, value in call.query if name not in ("Page", "PageSize")]
    return f"{call.path}?{urlencode([*kept, ('PageSize', size), ('Page', number)])}"


def rfc_2822(at: datetime | None) -> str | None:
    """As in api.twilio.com: "Thu, 30 Jul 2015 20:00:00 +0000"."""
    return None if at is None else format_datetime(at.astimezone(UTC).replace(microsecond=0))


def iso(at: datetime) -> str:
    """As in messaging.twilio.com: "2015-07-30T20:12:31Z"."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
