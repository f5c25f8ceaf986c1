"""The real Twilio, through its Python SDK: `TwilioApi` implements the port `Twilio`.

Whose credentials: the parent's create and find subaccounts; everything else is called with the subaccount's own. On
messaging.twilio.com the URL names no account, so the parent's credentials would silently act on the parent.

No call repeats itself: no retries in the SDK, none in requests. `twilio_errors` says what a failed call means.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engage_sms.adapters.twilio_errors import answers
from engage_sms.adapters.twilio_places import place
from engage_sms.domain import phone as phones
from engage_sms.errors import Refused
from engage_sms.ports import Account, OfferedNumber, Outgoing, OwnedNumber, ReportedDay, TwilioMessage

if TYPE_CHECKING:
    from twilio.http import HttpClient
    from twilio.rest import Client

TIMEOUT = 10.0
"""Seconds to connect, and to wait for an answer; the SDK's default is to wait for ever."""
NEAR_MILES = 100
"""How far from the number asked for a near one may be (Twilio allows 500)."""
INBOUND_OVERRIDES = "#rc=2&rp=5xx,ct,rt&rt=6000"
STATUS_OVERRIDES = "#rc=3&rp=5xx,ct,rt&rt=4000"
"""Fragments that make Twilio repeat a webhook we failed to take: by default it repeats only failed connections, once
(twilio.com/docs/usage/webhooks/webhooks-connection-overrides). All tries stay inside its 15 s."""

_ALREADY_IN_SERVICE = 21710
_NOT_THERE = 20404
_LARGEST_PAGE = 1000


class TwilioApi:
    """See the port. `parent` gives the parent account's credentials, and is asked only when they are needed.

    `http_client` carries the requests; without one, real HTTP with `TIMEOUT`.
    """

    def __init__(self, parent: Callable[[], Account], http_client: HttpClient | None = None) -> None:
        self._parent = parent
        self._http_client = http_client
        # At INFO the SDK logs URLs, and a list's URL holds phone numbers.
        logging.getLogger("twilio.http_client").setLevel(logging.WARNING)

    # --- accounts and services ---

    def create_account(self, friendly_name: str) -> Account:
        client = self._client(self._parent())
        with answers(repeatable=False):
            created = client.api.accounts.create(friendly_name=friendly_name)
            return Account(sid=_sid("AC", created.sid), auth_token=_text(created.auth_token))

    def find_account(self, friendly_name: str) -> Account | None:
        """The oldest that is not closed, so that every finder adopts the same one."""
        client = self._client(self._parent())
        with answers(repeatable=True):
            found = client.api.accounts.list(friendly_name=friendly_name, page_size=50, limit=50)
            oldest = _oldest([row for row in found if row.status != "closed"], friendly_name)
            return oldest and Account(sid=_sid("AC", oldest.sid), auth_token=_text(oldest.auth_token))

    def create_messaging_service(
        self, account: Account, friendly_name: str, *, inbound_url: str, status_url: str
    ) -> str:
        client = self._client(account)
        with answers(repeatable=False):
            created = client.messaging.v1.services.create(
                friendly_name=friendly_name,
                inbound_request_url=inbound_url + INBOUND_OVERRIDES,
                inbound_method="POST",
                status_callback=status_url + STATUS_OVERRIDES,
                use_inbound_webhook_on_number=False,
            )
            return _sid("MG", created.sid)

    def find_messaging_service(self, account: Account, friendly_name: str) -> str | None:
        client = self._client(account)
        with answers(repeatable=True):
            oldest = _oldest(client.messaging.v1.services.list(page_size=100, limit=1000), friendly_name)
            return oldest and _sid("MG", oldest.sid)

    # --- numbers ---

    def offered_numbers(
        self,
        account: Account,
        *,
        area_code: str | None = None,
        near: str | None = None,
        region: str | None = None,
        limit: int = 10,
    ) -> tuple[OfferedNumber, ...]:
        """Numbers that can text and need no address. `region` is a location as `phone.location` gives it."""
        query: dict[str, Any] = {}
        location = region
        if area_code:
            query["area_code"] = int(area_code)
            location = location or phones.location(f"+1{area_code}")
        if near:
            query |= {"near_number": near, "distance": NEAR_MILES}
            location = location or phones.location(near)
        country, short_region = place(location or "")
        if region:
            query["in_region"] = short_region
        client = self._client(account)
        with answers(repeatable=True):
            rows = client.available_phone_numbers(country).local.list(
                sms_enabled=True, exclude_all_address_required=True, page_size=limit, limit=limit, **query
            )
            return tuple(OfferedNumber(_text(row.phone_number), row.locality, row.region) for row in rows)

    def buy_number(self, account: Account, phone: str, *, friendly_name: str) -> OwnedNumber:
        client = self._client(account)
        with answers(repeatable=False):
            return _owned(client.incoming_phone_numbers.create(phone_number=phone, friendly_name=friendly_name))

    def owned_numbers(self, account: Account, *, friendly_name: str | None = None) -> tuple[OwnedNumber, ...]:
        client = self._client(account)
        query = {} if friendly_name is None else {"friendly_name": friendly_name}
        with answers(repeatable=True):
            rows = client.incoming_phone_numbers.list(page_size=_LARGEST_PAGE, limit=100 * _LARGEST_PAGE, **query)
            return tuple(_owned(row) for row in rows if friendly_name in (None, row.friendly_name))

    def add_to_service(self, account: Account, service_sid: str, number_sid: str) -> None:
        client = self._client(account)
        try:
            with answers(repeatable=True):
                client.messaging.v1.services(service_sid).phone_numbers.create(phone_number_sid=number_sid)
        except Refused as refusal:
            if refusal.code != _ALREADY_IN_SERVICE:
                raise

    def release_number(self, account: Account, number_sid: str) -> None:
        client = self._client(account)
        try:
            with answers(repeatable=True):
                client.incoming_phone_numbers(number_sid).delete()
        except Refused as refusal:
            if refusal.code != _NOT_THERE:
                raise

    # --- messages and usage ---

    def send(self, account: Account, outgoing: Outgoing) -> TwilioMessage:
        """The message as Twilio took it. Its status callbacks are repeated when we fail to take them."""
        client = self._client(account)
        content: dict[str, Any] = {}
        if outgoing.body:
            content["body"] = outgoing.body
        if outgoing.media_urls:
            content["media_url"] = list(outgoing.media_urls)
        if outgoing.validity is not None:
            content["validity_period"] = outgoing.validity
        with answers(repeatable=False):
            return _message(
                client.messages.create(
                    to=outgoing.to,
                    from_=outgoing.sender,
                    messaging_service_sid=outgoing.messaging_service_sid,
                    status_callback=outgoing.status_callback + STATUS_OVERRIDES,
                    **content,
                )
            )

    def messages_to(self, account: Account, phone: str, *, since: datetime) -> tuple[TwilioMessage, ...]:
        """Messages to the phone that were created at or after `since`, in Twilio's order (newest first).

        Not filtered by date at Twilio: its filter is on the date of sending, which a queued message does not have.
        """
        first = since.astimezone(UTC).replace(microsecond=0)  # Twilio's dates have whole seconds
        client = self._client(account)
        with answers(repeatable=True):
            rows = client.messages.list(to=phone, page_size=_LARGEST_PAGE, limit=_LARGEST_PAGE)
            found = [_message(row) for row in rows]
        return tuple(message for message in found if message.created_at is None or message.created_at >= first)

    def messages_on(self, account: Account, day: date) -> Iterator[TwilioMessage]:
        client = self._client(account)
        with answers(repeatable=True):
            # As text: the SDK would send a date as an instant, and Twilio's filter takes a GMT day.
            for row in client.messages.stream(
                date_sent=day.isoformat(), page_size=_LARGEST_PAGE, limit=1000 * _LARGEST_PAGE
            ):
                yield _message(row)

    def reported_usage(self, account: Account, first: date, last: date) -> tuple[ReportedDay, ...]:
        """Days from `first` to `last` (both inclusive, GMT), oldest first; a day that Twilio leaves out had none."""
        client = self._client(account)
        with answers(repeatable=True):
            rows = client.usage.records.daily.list(
                category="sms",
                start_date=first,
                end_date=last,
                include_subaccounts=False,  # Twilio's default is true, and would count twice
                page_size=_LARGEST_PAGE,
                limit=(last - first).days + 1,
            )
            days = [ReportedDay(_day(row.start_date), int(Decimal(row.usage or "0"))) for row in rows]
        return tuple(sorted(days, key=lambda reported: reported.day))

    def _client(self, account: Account) -> Client:
        from twilio.rest import Client  # here: functions that never call Twilio start without it

        if self._http_client is None:
            from twilio.http.http_client import TwilioHttpClient

            self._http_client = TwilioHttpClient(timeout=TIMEOUT)
        # An environment of our own: TWILIO_REGION or TWILIO_EDGE outside would send the calls elsewhere.
        return Client(account.sid, account.auth_token, http_client=self._http_client, environment={"TWILIO_EDGE": ""})


def _oldest(rows: list[Any], friendly_name: str) -> Any | None:
    named = [row for row in rows if row.friendly_name == friendly_name]
    return min(named, key=lambda row: (row.date_created, row.sid), default=None)


def _owned(row: Any) -> OwnedNumber:
    return OwnedNumber(
        _text(row.phone_number), _sid("PN", row.sid), row.friendly_name or "", _instant(row.date_created)
    )


def _message(row: Any) -> TwilioMessage:
    """Ours is `number` and the contact's is `phone`, whichever way the message went."""
    error_code = None if row.error_code is None else str(row.error_code)
    inbound = row.direction == "inbound"
    return TwilioMessage(
        sid=_sid(("SM", "MM"), row.sid),
        status=_text(row.status),
        phone=_text(row.from_ if inbound else row.to),
        number=row.to if inbound else row.from_,
        body=row.body or "",
        direction=_text(row.direction),
        segments=int(row.num_segments or 0),
        created_at=row.date_created,
        error_code=error_code,
    )


def _sid(prefix: str | tuple[str, ...], value: object) -> str:
    text = _text(value)
    if not text.startswith(prefix):
        raise ValueError("not the kind of SID that was asked for")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a field that Twilio promises is missing")
    return value


def _instant(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError("not an instant")  # noqa: TRY004 - what the answer holds, not how it was called
    return value


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise ValueError("not a date")  # noqa: TRY004 - what the answer holds, not how it was called
    return value
