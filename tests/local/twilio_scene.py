"""A fake Twilio with a clock of its own, for the tests of what it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from twilio.rest import Client

from infra.local.twilio import FakeTwilio, TwilioInProcess

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PHONE = "+14155550199"
INBOUND_URL = "https://sms.example.com/webhooks/twilio/acme/messages"
STATUS_URL = "https://sms.example.com/webhooks/twilio/acme/status?m=u.c.1"


@dataclass
class Delivered:
    """A webhook as it arrived."""

    url: str
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class Scene:
    """A fake Twilio with a clock of its own, one subaccount, one service, one number in it."""

    overrides: str = ""
    now: datetime = START
    arrived: list[Delivered] = field(default_factory=list)
    answers: list[int | type[OSError]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fake = FakeTwilio(lambda: self.now, post=self._receive)
        http = TwilioInProcess(self.fake)
        self.parent = Client(self.fake.parent.sid, self.fake.parent.auth_token, http_client=http)
        account = self.parent.api.accounts.create(friendly_name="acme")
        self.account_sid, self.auth_token = account.sid, account.auth_token
        self.sdk = Client(account.sid, account.auth_token, http_client=http)
        self.service = self.sdk.messaging.v1.services.create(
            friendly_name="acme", inbound_request_url=INBOUND_URL + self.overrides, status_callback=STATUS_URL
        )
        self.number = self.buy()
        self.sdk.messaging.v1.services(self.service.sid).phone_numbers.create(phone_number_sid=self.number.sid)

    def _receive(self, url: str, form: list[tuple[str, str]], headers: dict[str, str]) -> int:
        self.arrived.append(Delivered(url, dict(form), headers))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, int):
            return answer
        raise answer

    def buy(self, area_code: int = 415):  # type: ignore[no-untyped-def]
        phone = self.sdk.available_phone_numbers("US").local.list(area_code=area_code, limit=1)[0].phone_number
        return self.sdk.incoming_phone_numbers.create(phone_number=phone)

    def send(self, **changes: object):  # type: ignore[no-untyped-def]
        values = {
            "to": PHONE,
            "from_": self.number.phone_number,
            "body": "Hello",
            "messaging_service_sid": self.service.sid,
        }
        return self.sdk.messages.create(
            **{name: value for name, value in (values | changes).items() if value is not None}
        )

    def later(self, seconds: float = 10) -> None:
        self.now += timedelta(seconds=seconds)
        self.fake.run_due()

    def statuses(self) -> list[str]:
        return [one.form["MessageStatus"] for one in self.arrived if "MessageStatus" in one.form]

    def texts(self, phone: str = PHONE) -> list[tuple[str, bool]]:
        return [(text["body"], text["auto"]) for text in self.fake.phone_messages(phone)]
