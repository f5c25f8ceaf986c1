"""Nothing personal in any log: a whole run, good luck and bad, and then every line of it searched."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
from collections.abc import Iterator
from urllib.parse import quote_plus

import pytest

from engage_sms.adapters.memory import MemoryEvents
from engage_sms.edge.telemetry import logger
from infra.local.tokens import Tokens
from tests.attack.through_handlers import HandledWorld, queue_event
from tests.attack.webhook_requests import answer, event_of, signed_event, text_form
from tests.world import CELL, CLOSED, NEXT_OPENING, ORG, PHONE

EMAIL = "ann.private@acme.example"
SAID = [
    "Hi Bo, your social security number is on file.",
    "Thanks Ann, my pin is forty-two.",
    "Rates fell to six point one today.",
    "please stop texting me you people",
    "This one meets a refusal from the carrier.",
    "A draft that nobody may send yet.",
]
FAULTS = ("429", "500", "timeout_before", "timeout_after", "21211", "21610", "30003", "30007")
STRANGER = "+13125550123"
INVALID_PHONE = "(312) 555-019"


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """All that is logged, by any logger at any level; the product's own keeps the stream it was born with."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    levels = {one: one.level for one in (root, logging.getLogger(logger.name))}
    root.addHandler(handler)
    for one in levels:
        one.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    for one, level in levels.items():
        one.setLevel(level)


def spellings(secret: str) -> list[str]:
    """A text as logs may carry it: plain, escaped, in a URL, in base64 at each of its three phases."""
    raw = secret.encode()
    phases = [base64.b64encode(b"x" * lead + raw).decode()[4 if lead else 0 : -4] for lead in range(3)]
    return [secret, json.dumps(secret)[1:-1], quote_plus(secret), raw.hex(), *(p for p in phases if len(p) > 7)]


def phones_pattern(phone: str) -> re.Pattern[str]:
    """The ten digits in whatever way they are set apart."""
    ten = re.sub(r"\D", "", phone).removeprefix("1")
    return re.compile(r"[\s().\-+/%A-F]{0,4}".join(ten))


def found_in(text: str, *, words: set[str], phones: set[str]) -> list[str]:
    """Which of these stand in the text."""
    spelled = [word for word in words if any(spelling in text for spelling in spellings(word))]
    return spelled + [phone for phone in phones if phones_pattern(phone).search(text)]


def live(world: HandledWorld, token: str) -> None:
    """A day in which everything happens that can: sent, refused, lost, forged, poisoned, broken."""
    world.call("PUT", f"/v1/organizations/{ORG}", {"name": "Acme"}, roles=["platform"], token=token)
    world.twilio.inject("accounts.create", "500")
    world.call("POST", "/v1/organization/twilio-account", token=token)
    world.clock.advance(seconds=90)
    world.call("POST", "/v1/organization/twilio-account", token=token)
    user = {"name": "Ann Lee", "email": EMAIL, "cell_phone": CELL, "license": "NMLS 1234"}
    world.call("PUT", "/v1/users/u-1", user, token=token)
    world.call("PUT", "/v1/users/u-1", {**user, "cell_phone": INVALID_PHONE}, token=token)
    for fault in ("429", "timeout_after"):
        world.twilio.inject("incoming_phone_numbers.create", fault)
    world.call("POST", "/v1/numbers/provision", {"user_ids": ["u-1", "u-x"], "area_code_source": "user_cell"})
    world.settle()
    contact = {"owner_id": "u-1", "first_name": "Bo", "last_name": "Diaz", "cell_phone": PHONE}
    world.call("PUT", "/v1/contacts/c-1", contact, token=token)
    world.call("POST", "/v1/contacts/c-1/opt-in-requests", token=token)
    world.arrive()
    world.text("YES")
    _text_under_faults(world)
    world.text(SAID[1])
    world.text(SAID[1], phone=STRANGER)
    _journeys(world)
    _forgeries(world)
    _poison(world)
    _bad_luck(world)
    world.twilio.inject("usage.records.list", "500", 3)
    world.run("usage_nightly", {})
    _numbers_gone_wrong(world)
    world.text(SAID[3])
    world.text("STOP")
    world.call("POST", "/v1/conversations/c-1/messages", {"body": SAID[0]}, token=token)
    world.call("GET", "/v1/contacts?search=" + quote_plus(PHONE), token=token)
    world.call("POST", "/v1/numbers/deprovision", {"user_ids": ["u-1"], "irreversible_acknowledged": True})
    world.arrive()


def _numbers_gone_wrong(world: HandledWorld) -> None:
    """One that was bought by hand, named after somebody, and a list that Twilio does not give."""
    account = world.ports.account(ORG)
    assert account is not None
    offer = world.ports.twilio.offered_numbers(account, area_code="206")[0]
    world.ports.twilio.buy_number(account, offer.phone, friendly_name=f"{PHONE} {SAID[3]}")
    world.twilio.inject("incoming_phone_numbers.list", "500")
    world.run("sweep", {})
    world.run("sweep", {})
    world.run("retention", {})


def _text_under_faults(world: HandledWorld) -> None:
    for fault in (None, *FAULTS):
        if fault is not None:
            world.twilio.inject("messages.create", fault)
        world.call("POST", "/v1/conversations/c-1/messages", {"body": SAID[4] if fault else SAID[0]})
        world.settle()
    world.pass_time(world.clock.instant.replace(minute=30))


def _journeys(world: HandledWorld) -> None:
    good = {
        "event_id": "e-1",
        "org_id": ORG,
        "journey_id": "j-1",
        "step_id": "s-1",
        "execution_id": "x-1",
        "contact_id": "c-1",
        "sender": "owner",
        "body": SAID[2],
    }
    world.clock.instant = CLOSED
    wrong = [{"event_id": PHONE, "org_id": SAID[2]}, {"body": SAID[2] + " {" + "secret_field}"}, {"contact_id": PHONE}]
    wrong += [{"expires_at": PHONE}, {"merge": {"x": 5}}, {"execution_id": PHONE + "#" + SAID[2]}]
    for number, change in enumerate([{}, {}, *wrong]):
        world.run("journeys", {"detail": {**good, "step_id": f"s-{number}", **change}})
    world.run("journeys", {"detail": SAID[2]})
    world.run("journeys", {"detail": good}, world.unlucky(f"{PHONE} {SAID[2]}"))
    world.pass_time(NEXT_OPENING)


def _forgeries(world: HandledWorld) -> None:
    form = list(text_form(world, Body=SAID[3], MessageSid="SM" + "2" * 32).items())
    signed = signed_event(world, "messages", form)
    world.signatures.append(signed["headers"]["x-twilio-signature"])
    broken = [{"body": signed["body"] + "&Body=more"}, {"isBase64Encoded": True}, {"headers": None}]
    for change in ({}, *broken):
        answer(world, {**signed, **change})
    answer(world, signed_event(world, "messages", [*form, ("From", f"{PHONE}#"), ("NumMedia", PHONE)]))
    answer(world, signed_event(world, "status", form, query=f"m={PHONE}"))
    world.run("webhooks", signed, world.unlucky(f"{PHONE} {SAID[3]}"))
    world.run("webhooks", event_of(f"/webhooks/twilio/{PHONE}/messages", SAID[3]))


def _poison(world: HandledWorld) -> None:
    for function in ("dispatch", "jobs"):
        for body in (SAID[5], json.dumps({"phone": PHONE}), json.dumps([SAID[5]]), json.dumps({"org_id": f"{PHONE}#"})):
            world.run(function, queue_event(body))
    image = {"pk": {"S": f"ORG#{ORG}#PHONE#{PHONE}"}, "sk": {"S": "CONSENT"}, "kind": {"S": "consent"}}
    record = {"SequenceNumber": "1", "Keys": {}, "NewImage": {**image, "doc": {"M": {"users": {"S": SAID[5]}}}}}
    event = {"eventID": "e-1", "eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": record}
    world.run("relay", {"Records": [event]})


def _bad_luck(world: HandledWorld) -> None:
    """Every function meets an exception that nobody foresaw, whose words are the worst there could be."""
    words = f"{PHONE} {EMAIL} {SAID[5]} {world.twilio.parent.auth_token}"
    ports = world.unlucky(words)
    body = json.dumps({"org_id": ORG, "user_id": "u-1", "contact_id": "c-1", "message_id": "x"})
    world.run("dispatch", queue_event(body), ports)
    world.run("jobs", queue_event(json.dumps({"org_id": ORG, "job_id": "x", "subject_id": "u-1"})), ports)
    world.run("release", {}, ports)
    world.run("usage_nightly", {}, ports)
    world.run("sweep", {}, ports)
    world.run("retention", {}, ports)
    for method, path in (("GET", "/v1/contacts"), ("GET", "/v1/usage"), ("GET", "/v1/conversations")):
        assert world.call(method, path, ports=ports).slug == "internal-error"
    assert world.call("POST", "/v1/conversations/c-1/messages", {"body": SAID[5]}, ports=ports).slug == "internal-error"
    world.call("POST", "/v1/conversations/c-1/messages", {SAID[5]: SAID[5]})
    world.call("POST", "/v1/conversations/c-1/messages", f'{{"body": "{SAID[5]}"'.encode())
    world.call("PATCH", "/v1/organization/settings", {"sms.texts.help": SAID[5]})


def test_no_log_queue_or_event_of_a_whole_run_names_anybody(
    everything: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """No phone number in any spelling, text, token, signature or address that occurred in it.

    What lies on a queue may end among its dead letters, and what is told to others is out of our hands.
    """
    world = HandledWorld()
    token = Tokens("http://localhost/local").issue({"sub": "u-1", "org_id": ORG, "roles": ["admin"]})
    live(world, token)
    printed = capsys.readouterr()
    logged = everything.getvalue() + printed.out + printed.err

    accounts = [world.twilio.parent.auth_token]
    account = world.ports.account(ORG)
    assert account is not None
    words = {*SAID, EMAIL, token, *token.split("."), *world.signatures, *accounts, account.auth_token}
    words |= {text["body"] for phone in (PHONE, STRANGER) for text in world.twilio.phone_messages(phone)}
    phones = {PHONE, CELL, STRANGER, *(row["phone_number"] for row in world.twilio.numbers()), *_numbers(world)}

    assert isinstance(world.ports.events, MemoryEvents)
    sent_on = json.dumps([world.queued, [dict(event.detail) for event in world.ports.events.published]], default=str)
    words = {word for word in words if len(word) > 5}

    assert found_in(logged, words=words, phones=phones) == []
    assert found_in(sent_on, words=words, phones=phones) == []
    assert {"job_id", "message_id"} <= {name for body in world.queued for name in body}
    assert "sms.consent.changed" in world.events
    assert {"delivered", "failed", "undelivered", "received"} <= {message.status for message in world.conversation()}
    for told in (
        "A record failed",
        "A webhook",
        "A journey step",
        "The request ended",
        "WebhooksRefused",
        "release",
        "foreign",
    ):
        assert told in logged


def _numbers(world: HandledWorld) -> set[str]:
    """Every number that a message of the run went to or came from."""
    return {row[end] for row in world.twilio.messages() for end in ("to", "from") if row[end]}


@pytest.mark.parametrize(
    "line",
    [
        "to +13125550199",
        "(312) 555-0199",
        "312.555.0199",
        "%2B13125550199",
        "1 312 555 0199",
        json.dumps({"said": SAID[1]}),
        quote_plus(SAID[1]),
        base64.b64encode(f"Body={SAID[1]}".encode()).decode(),
        base64.b64encode(f"x=1&Body={SAID[1]}".encode()).decode(),
    ],
)
def test_the_search_finds_what_it_looks_for(line: str) -> None:
    """In every spelling that a log could have it in."""
    assert len(found_in(line, words={SAID[1]}, phones={PHONE})) == 1
