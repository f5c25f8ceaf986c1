"""`FakeTwilio`: the stateful Twilio, driven by a clock it is given and by `run_due`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urldefrag

from engage_sms import ports
from engage_sms.adapters.signature import sign
from infra.local.twilio import accounts, delivery, routes
from infra.local.twilio.faults import WEBHOOKS
from infra.local.twilio.requests import Answer, Call, Fields, Problem, Unanswered
from infra.local.twilio.state import Message, Progress, Webhook, World

Post = Callable[[str, list[tuple[str, str]], dict[str, str]], int]
"""Posts a form to a URL with headers and gives the HTTP status; ConnectionError or TimeoutError when there is none."""
_HTTP_STATUS = {20003: 401, 20404: 404, 20429: 429}


class FakeTwilio:
    """Thread-safe by one lock, which is never held while a webhook is posted.

    `now` gives aware UTC. `post` carries webhooks (it may be set later; without it they are lost). The same `seed` and
    the same calls give the same ids and numbers. Nothing happens by itself: `run_due` brings about what is due.
    """

    def __init__(self, now: Callable[[], datetime], post: Post | None = None, seed: int = 0) -> None:
        self.post = post
        self._now = now
        self._lock = threading.RLock()
        self._world = World(seed)
        parent = accounts.open_account(self._world, "Engage SMS", now())
        self.parent = ports.Account(parent.sid, parent.auth_token)
        """The parent account's credentials."""

    def copy(self, now: Callable[[], datetime], post: Post | None = None) -> FakeTwilio:
        """A second Twilio that begins where this one stands, with the same credentials; then each goes its own way."""
        other = FakeTwilio(now, post)
        with self._lock:
            other._world = deepcopy(self._world)
        other.parent = self.parent
        return other

    # --- the API ---

    def handle(
        self,
        method: str,
        host: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        form: Sequence[tuple[str, str]] = (),
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Answers one request to api.twilio.com or messaging.twilio.com. Raises Unanswered for an injected timeout."""
        with self._lock:
            try:
                return self._answer(method.upper(), host, path, Fields(query), Fields(form), auth)
            except Problem as problem:
                return Answer.refusal(problem)

    def _answer(
        self, method: str, host: str, path: str, query: Fields, form: Fields, auth: tuple[str, str] | None
    ) -> Answer:
        operation, names = routes.find(method, host, path)
        caller, account = routes.admit(self._world, auth, names.get("AccountSid"))
        fault = self._world.faults.take(operation.name)
        if fault == "timeout_before":
            raise Unanswered(f"{operation.name}: not carried out")
        if fault == "429":
            raise Problem(20429, "Too Many Requests", 429)
        if fault == "500":
            raise Problem(20500, "An internal server error has occurred", 500)
        outcome = int(fault) if fault and fault.isdigit() else None
        if outcome and not (operation.name == "messages.create" and _comes_later(outcome, form)):
            raise Problem(outcome, f"Error {outcome}", _HTTP_STATUS.get(outcome, 400))
        call = Call(
            host=host,
            path=path,
            account=account,
            caller=caller,
            names=names,
            query=query,
            form=form,
            now=self._now(),
            outcome=outcome,
        )
        try:
            return operation.carry_out(self._world, call)
        finally:
            if fault == "timeout_after":
                raise Unanswered(f"{operation.name}: carried out")

    # --- time ---

    def next_due(self) -> datetime | None:
        """When something happens next; None when nothing is on the agenda."""
        with self._lock:
            return self._world.next_due()

    def run_due(self) -> int:
        """Brings about everything due by now, in the order of its time. Gives how many things that were."""
        done = 0
        while True:
            with self._lock:
                due = self._world.pop_due(self._now())
                if due is not None and isinstance(due[1], Progress):
                    delivery.progress(self._world, due[1], due[0])
            if due is None:
                return done
            if isinstance(due[1], Webhook):
                self._post(due[1], due[0])
            done += 1

    def _post(self, webhook: Webhook, at: datetime) -> None:
        url = urldefrag(webhook.url).url
        form = list(webhook.form)
        with self._lock:
            token = self._world.accounts[webhook.account_sid].auth_token
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "I-Twilio-Idempotency-Token": webhook.token,
            "X-Twilio-Signature": sign(token, url=url, form=form),
        }
        try:
            status = self.post(url, form, headers) if self.post else 0
        except TimeoutError:
            failure = "rt"
        except ConnectionError:
            failure = "ct"
        else:
            failure = "ct" if status == 0 else f"{status // 100}xx"
        if failure == "2xx":
            return
        with self._lock:
            again = delivery.retry(webhook, failure)
            if again:
                self._world.plan(at + timedelta(seconds=delivery.RETRY_AFTER), again)
            else:
                self._world.alerts.append({"code": 11200, "url": url, "failure": failure})

    # --- phones ---

    def text_from_phone(self, frm: str, to: str, body: str, media_urls: Sequence[str] = ()) -> str | None:
        """A contact's phone texts a number; the webhook is due at once. Gives the SID, None when nobody listens there.

        Raises LookupError when no account has the number.
        """
        with self._lock:
            number = self._world.number_of(to)
            if number is None:
                raise LookupError("No account here has this number.")
            message = delivery.text_from_phone(self._world, number, frm, body, tuple(media_urls), self._now())
            return message.sid if message else None

    def phone_messages(self, number: str) -> list[dict[str, Any]]:
        """What a contact's phone received, oldest first; `auto` marks Twilio's own replies."""
        with self._lock:
            return [
                {
                    "from": text.sender,
                    "body": text.body,
                    "media_urls": list(text.media_urls),
                    "received_at": _instant(text.at),
                    "auto": text.auto,
                }
                for text in self._world.phones.get(number, ())
            ]

    # --- what it holds ---

    def accounts(self) -> list[dict[str, Any]]:
        """The parent and its subaccounts, without their tokens."""
        with self._lock:
            return [
                {
                    "sid": account.sid,
                    "friendly_name": account.friendly_name,
                    "status": account.status,
                    "owner_account_sid": account.owner_sid,
                    "created_at": _instant(account.created_at),
                    "messaging_services": [
                        {"sid": service.sid, "friendly_name": service.friendly_name}
                        for service in self._world.services.values()
                        if service.account_sid == account.sid
                    ],
                }
                for account in self._world.accounts.values()
            ]

    def numbers(self) -> list[dict[str, Any]]:
        """Every number that an account owns now."""
        with self._lock:
            found = [(number, self._world.service_of(number)) for number in self._world.numbers.values()]
        return [
            {
                "phone_number": number.phone,
                "sid": number.sid,
                "account_sid": number.account_sid,
                "friendly_name": number.friendly_name,
                "messaging_service_sid": service and service.sid,
                "created_at": _instant(number.created_at),
            }
            for number, service in found
        ]

    def messages(self) -> list[dict[str, Any]]:
        """Every message that the API was asked to send and took, oldest first."""
        with self._lock:
            return [_created(message) for message in self._world.messages.values() if message.direction != "inbound"]

    def alerts(self) -> list[dict[str, object]]:
        """Webhooks that were given up, as Twilio's debugger would list them."""
        with self._lock:
            return list(self._world.alerts)

    # --- arranging things ---

    def inject(self, operation: str, kind: str, count: int = 1) -> None:
        """The next `count` calls of the operation meet the fault. Raises ValueError for an unknown one.

        Operations are those of `routes.OPERATIONS`: `429`, `500`, `timeout_before` (not carried out), `timeout_after`
        (carried out, answer lost), or an error code. On `messages.create` a 3xxxx code, and 21610 through a service,
        comes later, by callback. `callbacks`: `dropped` and `duplicated` meet single callbacks, `reordered` turns round
        those of one message. `inbound`: `dropped`, `duplicated`.
        """
        known = {one.name for one in routes.OPERATIONS} | set(WEBHOOKS)
        if operation not in known:
            raise ValueError(f"There is no operation {operation}; there are {', '.join(sorted(known))}.")
        with self._lock:
            self._world.faults.inject(operation, kind, count)

    def set_stock(self, area_code: str, count: int) -> None:
        """From now on `count` numbers are left for sale in the area code."""
        with self._lock:
            self._world.stock.set(area_code, count)

    def seed_usage(self, account_sid: str, day: date, segments: int, count: int) -> None:
        """Adds `count` messages of `segments` segments in all to a GMT day of the account's usage."""
        with self._lock:
            day_so_far = self._world.seeded_usage[account_sid, day]
            day_so_far[0] += count
            day_so_far[1] += segments


def _comes_later(code: int, form: Fields) -> bool:
    return 30_000 <= code < 40_000 or (code == 21610 and form.get("MessagingServiceSid") is not None)


def _created(message: Message) -> dict[str, Any]:
    return {
        "sid": message.sid,
        "account_sid": message.account_sid,
        "to": message.to,
        "from": message.sender,
        "body": message.body,
        "media_urls": list(message.media_urls),
        "messaging_service_sid": message.service_sid,
        "validity_period": message.validity_period,
        "status_callback": message.status_callback,
        "created_at": _instant(message.created_at),
        "status": message.status,
        "segments": message.segments,
        "error_code": message.error_code,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
