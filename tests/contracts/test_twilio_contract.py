"""Every request we make to Twilio, and every answer of the fake one, is held against Twilio's own OpenAPI."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from engage_sms.adapters.twilio_api import TwilioApi
from engage_sms.errors import Refused
from engage_sms.ports import Account, Outgoing, OwnedNumber
from infra.local.twilio import FakeTwilio, TwilioInProcess
from tests.contracts.twilio_spec import SPECIFICATIONS, Breach, CheckingClient, Specification

FOLDER = Path(__file__).parents[2].parent / "shared" / "twilio-oai"
if not FOLDER.exists() and os.environ.get("CI") != "true":
    pytest.skip(
        "Not run: Twilio's OpenAPI (../shared/twilio-oai) is not beside this checkout.", allow_module_level=True
    )

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PHONE = "+14155550199"
STATUS_URL = "https://sms.example.com/webhooks/twilio/acme/status"
INBOUND_URL = "https://sms.example.com/webhooks/twilio/acme/messages"


@pytest.fixture(scope="session")
def specifications() -> dict[str, Specification]:
    return {host: Specification(FOLDER, host) for host in SPECIFICATIONS}


@dataclass
class Scene:
    """A subaccount with a service and a number in it, behind the checking client."""

    fake: FakeTwilio
    client: CheckingClient
    twilio: TwilioApi
    account: Account
    service_sid: str
    number: OwnedNumber
    now: datetime = START

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.fake.run_due()

    def outgoing(self, **changes: object) -> Outgoing:
        values: dict[str, object] = {
            "to": PHONE,
            "sender": self.number.phone,
            "body": "Hello",
            "messaging_service_sid": self.service_sid,
            "status_callback": f"{STATUS_URL}?m=u.c.1",
            "validity": 600,
        }
        return Outgoing(**(values | changes))  # type: ignore[arg-type]

    def sdk(self) -> Client:
        return Client(self.account.sid, self.account.auth_token, http_client=self.client)


@pytest.fixture
def scene(specifications: dict[str, Specification]) -> Scene:
    clock: list[Scene] = []
    fake = FakeTwilio(lambda: clock[0].now if clock else START, post=lambda url, form, headers: 204)
    client = CheckingClient(TwilioInProcess(fake), specifications)
    twilio = TwilioApi(lambda: fake.parent, client)
    account = twilio.create_account("engage-sms acme")
    service_sid = twilio.create_messaging_service(
        account, "engage-sms acme", inbound_url=INBOUND_URL, status_url=STATUS_URL
    )
    phone = twilio.offered_numbers(account, area_code="415", limit=1)[0].phone
    number = twilio.buy_number(account, phone, friendly_name="engage-sms acme u1")
    twilio.add_to_service(account, service_sid, number.sid)
    clock.append(Scene(fake, client, twilio, account, service_sid, number))
    return clock[0]


def test_an_account_its_service_and_its_number_are_made_and_found_again(scene: Scene) -> None:
    """What was created is found by its tag, which is how an ambiguous create is settled."""
    twilio, account = scene.twilio, scene.account

    assert twilio.find_account("engage-sms acme") == account
    assert twilio.find_account("engage-sms nobody") is None
    assert twilio.find_messaging_service(account, "engage-sms acme") == scene.service_sid
    assert twilio.find_messaging_service(account, "engage-sms nobody") is None
    assert twilio.owned_numbers(account, friendly_name="engage-sms acme u1") == (scene.number,)
    assert twilio.owned_numbers(account, friendly_name="engage-sms acme u2") == ()
    assert twilio.owned_numbers(account) == (scene.number,)
    assert scene.number.created_at == START


def test_of_two_accounts_with_one_tag_the_oldest_is_found(scene: Scene) -> None:
    """A repeated create leaves two; everybody adopts the same one, and never a closed one."""
    scene.later(60)
    second = scene.twilio.create_account("engage-sms acme")

    assert scene.twilio.find_account("engage-sms acme") == scene.account

    parent = Client(scene.fake.parent.sid, scene.fake.parent.auth_token, http_client=TwilioInProcess(scene.fake))
    parent.api.accounts(scene.account.sid).update(status="closed")

    assert scene.twilio.find_account("engage-sms acme") == second


@pytest.mark.parametrize(
    ("area_code", "near", "region"),
    [
        ("212", None, None),
        ("416", None, None),
        (None, "+14155550100", None),
        (None, None, "TX"),
        (None, None, "ONTARIO"),
    ],
)
def test_numbers_are_offered_by_area_code_nearby_and_by_state(
    scene: Scene, area_code: str | None, near: str | None, region: str | None
) -> None:
    """Each way of asking gives numbers, in the United States and in Canada."""
    offered = scene.twilio.offered_numbers(scene.account, area_code=area_code, near=near, region=region, limit=3)

    assert len(offered) == 3
    assert all(one.phone.startswith(f"+1{area_code or ''}") for one in offered)


def test_a_message_is_sent_looked_up_and_counted(scene: Scene) -> None:
    """From the send to the usage of the day: one message, its segments, its statuses."""
    sent = scene.twilio.send(scene.account, scene.outgoing(body="x" * 161))

    assert (sent.status, sent.segments, sent.phone, sent.number) == ("accepted", 0, PHONE, scene.number.phone)

    scene.later(2)
    scene.fake.text_from_phone(PHONE, scene.number.phone, "Hi")
    (found,) = scene.twilio.messages_to(scene.account, PHONE, since=START)
    both = list(scene.twilio.messages_on(scene.account, START.date()))
    usage = scene.twilio.reported_usage(scene.account, START.date() - timedelta(days=2), START.date())

    assert (found.sid, found.status, found.segments) == (sent.sid, "delivered", 2)
    assert sorted(one.direction for one in both) == ["inbound", "outbound-api"]
    assert [(day.day.day, day.segments) for day in usage] == [(28, 0), (1, 0), (2, 3)]
    assert list(scene.twilio.messages_on(scene.account, date(2026, 3, 1))) == []


def test_pictures_go_along(scene: Scene) -> None:
    """Several media addresses repeat one form field; a body is not needed with them."""
    media = ("https://example.com/1.jpg", "https://example.com/2.jpg")
    sent = scene.twilio.send(scene.account, scene.outgoing(body="", media_urls=media, validity=None))

    assert sent.sid.startswith("MM")
    assert scene.fake.messages()[0]["media_urls"] == list(media)


def test_a_send_is_looked_up_by_when_it_was_made(scene: Scene) -> None:
    """Twilio's times have whole seconds: a message made within the second of the attempt is the attempt's."""
    scene.now = START + timedelta(seconds=30, microseconds=700_000)
    scene.twilio.send(scene.account, scene.outgoing())

    assert len(scene.twilio.messages_to(scene.account, PHONE, since=scene.now)) == 1
    assert scene.twilio.messages_to(scene.account, PHONE, since=scene.now + timedelta(seconds=1)) == ()


def test_lists_go_over_all_their_pages(scene: Scene) -> None:
    """More messages than one page holds are all read, each once."""
    for index in range(7):
        scene.twilio.send(scene.account, scene.outgoing(body=str(index)))
    bodies = [row.body for row in scene.sdk().messages.stream(page_size=3)]
    services = scene.sdk().messaging.v1.services.list(page_size=1)
    pool = scene.sdk().messaging.v1.services(scene.service_sid).phone_numbers.list(page_size=1)

    assert bodies == ["6", "5", "4", "3", "2", "1", "0"]
    assert [row.sid for row in services] == [scene.service_sid]
    assert [row.sid for row in pool] == [scene.number.sid]


def test_single_things_are_fetched(scene: Scene) -> None:
    """What the fake shows of one account, number, service and message has Twilio's shape too."""
    sent = scene.twilio.send(scene.account, scene.outgoing())
    sdk = scene.sdk()

    assert sdk.api.accounts(scene.account.sid).fetch().status == "active"
    assert sdk.api.accounts(scene.account.sid).update(friendly_name="New").friendly_name == "New"
    assert sdk.incoming_phone_numbers(scene.number.sid).fetch().phone_number == scene.number.phone
    assert sdk.messaging.v1.services(scene.service_sid).fetch().inbound_request_url.startswith(INBOUND_URL)
    assert sdk.messages(sent.sid).fetch().body == "Hello"


def test_a_number_is_released(scene: Scene) -> None:
    """The number leaves its account and the service's pool; releasing it again is no error."""
    scene.twilio.release_number(scene.account, scene.number.sid)
    scene.twilio.release_number(scene.account, scene.number.sid)

    assert scene.twilio.owned_numbers(scene.account) == ()
    assert scene.sdk().messaging.v1.services(scene.service_sid).phone_numbers.list(limit=5) == []


REFUSED: dict[str, tuple[int, Callable[[Scene], object]]] = {
    "a number that is no number": (21211, lambda s: s.twilio.send(s.account, s.outgoing(to="banana"))),
    "a number to itself": (21211, lambda s: s.twilio.send(s.account, s.outgoing(to=s.number.phone))),
    "1601 characters": (21617, lambda s: s.twilio.send(s.account, s.outgoing(body="x" * 1601))),
    "eleven pictures": (21623, lambda s: s.twilio.send(s.account, s.outgoing(media_urls=["https://e.com/1"] * 11))),
    "no validity": (90007, lambda s: s.twilio.send(s.account, s.outgoing(validity=0))),
    "a validity of more than ten hours": (90007, lambda s: s.twilio.send(s.account, s.outgoing(validity=36_001))),
    "a sender nobody owns": (21659, lambda s: s.twilio.send(s.account, s.outgoing(sender="+14155550000"))),
    "a service nobody has": (
        21705,
        lambda s: s.twilio.send(s.account, s.outgoing(messaging_service_sid="MG" + "0" * 32)),
    ),
    "a number that is owned": (21422, lambda s: s.twilio.buy_number(s.account, s.number.phone, friendly_name="x")),
    "a number that is not for sale": (
        21422,
        lambda s: s.twilio.buy_number(s.account, "+14155550100", friendly_name="x"),
    ),
    "a number that cannot be": (21421, lambda s: s.twilio.buy_number(s.account, "+14150", friendly_name="x")),
    "a foreign number in the pool": (
        21421,
        lambda s: s.twilio.add_to_service(s.account, s.service_sid, "PN" + "0" * 32),
    ),
    "a wrong token": (20003, lambda s: s.twilio.owned_numbers(Account(s.account.sid, "wrong"))),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_twilio_refuses_is_refused_with_its_code(scene: Scene, what: str) -> None:
    """The fake refuses as Twilio does, with Twilio's code in Twilio's error body."""
    code, attempt = REFUSED[what]

    with pytest.raises(Refused) as refusal:
        attempt(scene)

    assert refusal.value.code == code


def test_every_operation_we_use_was_checked(scene: Scene, specifications: dict[str, Specification]) -> None:
    """One walk through the port touches each operation of the specification that it stands on."""
    scene.twilio.find_account("x")
    scene.twilio.find_messaging_service(scene.account, "x")
    scene.twilio.owned_numbers(scene.account)
    scene.twilio.send(scene.account, scene.outgoing())
    scene.twilio.messages_to(scene.account, PHONE, since=START)
    scene.twilio.reported_usage(scene.account, START.date(), START.date())
    scene.twilio.release_number(scene.account, scene.number.sid)

    seen = set.union(*(specification.operations for specification in specifications.values()))
    assert seen >= {
        "CreateAccount",
        "ListAccount",
        "CreateService",
        "ListService",
        "CreatePhoneNumber",
        "ListAvailablePhoneNumberLocal",
        "CreateIncomingPhoneNumber",
        "ListIncomingPhoneNumber",
        "DeleteIncomingPhoneNumber",
        "CreateMessage",
        "ListMessage",
        "ListUsageRecordDaily",
    }


# --- the checker bites ---

ACCOUNT = "https://api.twilio.com/2010-04-01/Accounts/AC" + "0" * 32
WRONG_REQUESTS: dict[str, tuple[str, str, dict[str, str], dict[str, str]]] = {
    "a misspelt field": (
        "POST",
        f"{ACCOUNT}/Messages.json",
        {},
        {"To": PHONE, "From": PHONE, "Body": "x", "Bodyy": "x"},
    ),
    "a bad SID": ("POST", f"{ACCOUNT}/Messages.json", {}, {"To": PHONE, "MessagingServiceSid": "MG1", "Body": "x"}),
    "a bad account": ("GET", "https://api.twilio.com/2010-04-01/Accounts/XX1/Messages.json", {}, {}),
    "a wrong enum": (
        "POST",
        f"{ACCOUNT}/Messages.json",
        {},
        {"To": PHONE, "From": PHONE, "Body": "x", "ScheduleType": "soon"},
    ),
    "a number that is none": (
        "POST",
        f"{ACCOUNT}/Messages.json",
        {},
        {"To": PHONE, "From": PHONE, "Body": "x", "ValidityPeriod": "ten"},
    ),
    "no recipient": ("POST", f"{ACCOUNT}/Messages.json", {}, {"From": PHONE, "Body": "x"}),
    "no sender": ("POST", f"{ACCOUNT}/Messages.json", {}, {"To": PHONE, "Body": "x"}),
    "no content": ("POST", f"{ACCOUNT}/Messages.json", {}, {"To": PHONE, "From": PHONE}),
    "a misspelt filter": ("GET", f"{ACCOUNT}/Messages.json", {"Tto": PHONE}, {}),
    "a filter that is no date": ("GET", f"{ACCOUNT}/Messages.json", {"DateSent": "yesterday"}, {}),
    "a page that is too large": ("GET", f"{ACCOUNT}/Messages.json", {"PageSize": "1001"}, {}),
    "a path that does not exist": ("GET", f"{ACCOUNT}/Mesages.json", {}, {}),
    "a wrong method": (
        "POST",
        "https://messaging.twilio.com/v1/Services",
        {},
        {"FriendlyName": "x", "InboundMethod": "PUT"},
    ),
}


class Says(HttpClient):  # type: ignore[misc]
    """Answers everything with one body."""

    def __init__(self, status: int, body: str) -> None:
        self.response = Response(status, body, {})

    def request(self, *arguments: object, **named: object) -> Response:
        return self.response


@pytest.mark.parametrize("what", WRONG_REQUESTS)
def test_a_wrong_request_turns_the_contract_red(specifications: dict[str, Specification], what: str) -> None:
    """The checker is not blind: each mistake by itself is a breach."""
    method, url, params, data = WRONG_REQUESTS[what]
    checking = CheckingClient(Says(204, ""), specifications)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if method == "POST" else {}

    with pytest.raises(Breach) as breach:
        checking.request(method, url, params=params, data=data, headers=headers, auth=("AC1", "t"))

    assert "204" not in str(breach.value), "the request is to be refused, not the answer"


WRONG_ANSWERS = {
    "a status that is none": '{"status": "posted"}',
    "a SID of the wrong kind": '{"sid": "PN00000000000000000000000000000000"}',
    "a number where text is": '{"num_segments": 1}',
    "a list": "[]",
    "a name that is unknown": '{"segments": "1"}',
}


@pytest.mark.parametrize("what", WRONG_ANSWERS)
def test_a_wrong_answer_turns_the_contract_red(specifications: dict[str, Specification], what: str) -> None:
    """The fake cannot drift from Twilio's shapes unseen."""
    checking = CheckingClient(Says(201, WRONG_ANSWERS[what]), specifications)
    form = {"To": PHONE, "From": PHONE, "Body": "x"}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    with pytest.raises(Breach, match="answer to CreateMessage"):
        checking.request("POST", f"{ACCOUNT}/Messages.json", data=form, headers=headers, auth=("AC1", "t"))


def test_a_refusal_without_a_code_turns_the_contract_red(specifications: dict[str, Specification]) -> None:
    """Errors have Twilio's body, with a code."""
    checking = CheckingClient(Says(400, '{"message": "no"}'), specifications)

    with pytest.raises(Breach, match="error body"):
        checking.request("GET", f"{ACCOUNT}/Messages.json", auth=("AC1", "t"))


def test_missing_credentials_turn_the_contract_red(specifications: dict[str, Specification]) -> None:
    """Each request carries an account's credentials."""
    checking = CheckingClient(Says(200, '{"messages": []}'), specifications)

    with pytest.raises(Breach):
        checking.request("GET", f"{ACCOUNT}/Messages.json")
