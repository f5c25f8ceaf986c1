"""What the fake Twilio holds. `World` is guarded by the one lock of `FakeTwilio`; nothing here locks or posts."""

from __future__ import annotations

import heapq
import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count

from infra.local.twilio.faults import Faults
from infra.local.twilio.stock import Stock


@dataclass(kw_only=True)
class Account:
    """The parent (its own owner) or a subaccount. Status: active, suspended or closed."""

    sid: str
    auth_token: str
    friendly_name: str
    owner_sid: str
    created_at: datetime
    status: str = "active"


@dataclass(kw_only=True)
class Number:
    """A number that an account owns."""

    sid: str
    account_sid: str
    phone: str
    friendly_name: str
    sms_url: str
    created_at: datetime


@dataclass(kw_only=True)
class Service:
    """A Messaging Service; `pool` holds number SIDs in the order they came."""

    sid: str
    account_sid: str
    friendly_name: str
    inbound_url: str | None
    status_url: str | None
    inbound_on_number: bool
    created_at: datetime
    pool: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Message:
    """A message in either direction. `sender` stays None until a service has chosen one."""

    sid: str
    account_sid: str
    direction: str
    to: str
    sender: str | None
    body: str
    media_urls: tuple[str, ...] = ()
    service_sid: str | None = None
    status_callback: str | None = None
    validity_period: int | None = None
    status: str
    segments: int
    created_at: datetime
    sent_at: datetime | None = None
    updated_at: datetime
    error_code: int | None = None


@dataclass(frozen=True, kw_only=True)
class Received:
    """A text on a contact's phone. `auto`: Twilio's own reply to STOP, START or HELP."""

    sender: str
    body: str
    at: datetime
    media_urls: tuple[str, ...] = ()
    auto: bool = False


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A message reaches a status; its callback follows `callback_after` seconds later."""

    message_sid: str
    status: str
    error_code: int | None = None
    callback_after: float = 0


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A signed POST that is due. `url` still has its fragment; `token` stays the same over its retries."""

    account_sid: str
    url: str
    form: tuple[tuple[str, str], ...]
    token: str
    retries_done: int = 0


class World:
    """Everything, by SID, in the order it was made. Ids are drawn from `seed`: the same calls give the same ids."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - ids that repeat, not secrets
        self._order = count()
        self._agenda: list[tuple[datetime, int, Progress | Webhook]] = []
        self.accounts: dict[str, Account] = {}
        self.numbers: dict[str, Number] = {}
        self.services: dict[str, Service] = {}
        self.messages: dict[str, Message] = {}
        self.opted_out: set[tuple[str, str]] = set()
        self.phones: defaultdict[str, list[Received]] = defaultdict(list)
        self.seeded_usage: defaultdict[tuple[str, date], list[int]] = defaultdict(lambda: [0, 0])
        self.alerts: list[dict[str, object]] = []
        self.stock = Stock(seed)
        self.faults = Faults()

    def hexadecimal(self) -> str:
        """32 hexadecimal digits."""
        return f"{self._random.getrandbits(128):032x}"

    def number_of(self, phone: str) -> Number | None:
        return next((number for number in self.numbers.values() if number.phone == phone), None)

    def service_of(self, number: Number) -> Service | None:
        return next((service for service in self.services.values() if number.sid in service.pool), None)

    # --- what will happen ---

    def plan(self, at: datetime, event: Progress | Webhook) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), event))

    def next_due(self) -> datetime | None:
        return self._agenda[0][0] if self._agenda else None

    def pop_due(self, now: datetime) -> tuple[datetime, Progress | Webhook] | None:
        """The earliest event that is due, taken off the agenda."""
        if not self._agenda or self._agenda[0][0] > now:
            return None
        at, _, event = heapq.heappop(self._agenda)
        return at, event
