"""Who takes part: organizations, users, contacts, and the numbers users text from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class TwilioStatus(StrEnum):
    """Where an organization's Twilio account stands."""

    NONE = "none"
    PROVISIONING = "provisioning"
    ACTIVE = "active"


@dataclass(frozen=True, kw_only=True)
class TwilioAccount:
    """An organization's subaccount at Twilio. Its token is a parameter of its own, never part of this."""

    status: TwilioStatus = TwilioStatus.NONE
    account_sid: str | None = None
    messaging_service_sid: str | None = None
    claimed_until: datetime | None = None
    """While PROVISIONING: when another attempt may take over from one that died."""


@dataclass(frozen=True, kw_only=True)
class AccountRefusal:
    """Twilio refuses the whole account with `code`, for the `count`th time in a row: automation rests until `until`.

    `probing`: one message was let through; unless Twilio refuses again, all is well from `until` on.
    """

    code: str
    count: int
    until: datetime
    probing: bool = False


@dataclass(frozen=True, kw_only=True)
class Organization:
    """A customer of the system. `settings` holds only what differs from the defaults, by dotted name.

    While `paused_at` is set an administrator stopped all automation; `refusal` is the breaker, see `domain.brake`.
    """

    id: str
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    twilio: TwilioAccount = field(default_factory=TwilioAccount)
    paused_at: datetime | None = None
    refusal: AccountRefusal | None = None
    created_at: datetime
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody of an organization, who sends from `number` (E.164) once one is provisioned."""

    id: str
    org_id: str
    name: str
    email: str
    cell_phone: str
    license: str | None = None
    number: str | None = None
    number_sid: str | None = None
    provisioned_at: datetime | None = None
    created_at: datetime
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Somebody an organization texts with. `cell_phone` is E.164, or None when there is no valid one."""

    id: str
    org_id: str
    owner_id: str
    first_name: str
    last_name: str
    cell_phone: str | None
    email: str | None = None
    time_zone: str | None = None
    state: str | None = None
    postal_code: str | None = None
    created_at: datetime
    version: int = 0


class Ownership(StrEnum):
    """What our records say of a number that Twilio has."""

    FREE = "free"
    """Bought, and never assigned to anybody: its provisioning goes on, or died."""
    OWNED = "owned"
    GIVEN_BACK = "given_back"
    """It is to go, or is gone: nobody may get it any more."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """A phone number bought at Twilio: the one place that says whose it is (invariant 6).

    A released number keeps its item with `released_at`, so that its conversations and segments stay attributable.
    One that was bought and never assigned gets an item with `released_at` before it goes.
    """

    phone: str
    org_id: str
    user_id: str
    sid: str
    provisioned_at: datetime
    released_at: datetime | None = None
    version: int = 0


def ownership(number: Number | None, sid: str) -> Ownership:
    """What the record of a phone says of the number that Twilio has under `sid`.

    A phone that was given back can be bought again, under another sid: the record is then about the earlier number.
    """
    if number is None or number.sid != sid:
        return Ownership.FREE
    return Ownership.OWNED if number.released_at is None else Ownership.GIVEN_BACK
