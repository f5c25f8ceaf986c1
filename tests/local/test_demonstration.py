"""The demonstration organization: what it holds, and that it lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from moto.dynamodb.models import dynamodb_backends

from engage_sms.domain.message import Status
from infra.local.aws import ACCOUNT, REGION
from infra.local.demonstration import ORGANIZATION, USERS, WITH_NUMBERS, populate
from infra.local.system import System
from tests.local.caller import Caller
from tests.local.conftest import started


@pytest.fixture(scope="module")
def system(signing_key: RSAPrivateKey) -> Iterator[System]:
    """A system with the demonstration, which the tests read."""
    with started(signing_key) as system:
        populate(system)
        system.begin()
        yield system


@pytest.fixture
def admin(caller: Caller) -> Caller:
    """The first user, who administers the organization."""
    return caller.signed_in("u-001", ORGANIZATION, "user", "admin")


def test_it_has_users_some_with_numbers_that_twilio_really_sold(admin: Caller) -> None:
    """234 users; 40 numbers, each at Twilio, in the Messaging Service, and its user's own."""
    users = admin.get("/v1/users?per_page=100").json
    provisioned = admin.get("/v1/users?provisioned=true&per_page=100").json["items"]
    at_twilio = admin.get("/local/twilio/numbers").json["items"]

    assert users["total"] == USERS
    assert len(provisioned) == WITH_NUMBERS
    assert {user["number"] for user in provisioned} == {number["phone_number"] for number in at_twilio}
    assert all(number["messaging_service_sid"] for number in at_twilio)


def test_its_phones_are_fictional_and_nobody_shares_one(system: System) -> None:
    """Only lines 555-0100 to 555-0199, which belong to nobody."""
    users = list(system.ports.store.users(ORGANIZATION))
    contacts = system.ports.store.contacts(ORGANIZATION, limit=100).items
    phones = [user.cell_phone for user in users] + [contact.cell_phone or "" for contact in contacts]

    assert len(set(phones)) == len(phones)
    assert all(phone[5:10] == "55501" for phone in phones)


def test_its_conversations_stand_in_every_state(admin: Caller, system: System) -> None:
    """Delivered, received, undelivered, held, and awaiting an opt-in; some unread; the first user has a few."""
    contacts = system.ports.store.contacts(ORGANIZATION, limit=100).items
    found = [system.ports.store.messages(ORGANIZATION, c.owner_id, c.id).items for c in contacts]
    statuses = Counter(message.status for messages in found for message in messages)
    inbox = admin.get("/v1/conversations").json["items"]

    assert set(statuses) == {
        Status.DELIVERED,
        Status.RECEIVED,
        Status.UNDELIVERED,
        Status.HELD,
        Status.AWAITING_OPT_IN,
    }
    assert len(inbox) >= 4
    assert any(line["unread"] for line in inbox)


def test_its_usage_covers_this_month_and_twelve_before(admin: Caller) -> None:
    """Twilio's figures and our own count agree."""
    usage = admin.get("/v1/usage").json

    assert len(usage["months"]) == 12
    assert all(month["segments"] > 1000 for month in usage["months"])
    assert usage["current"]["segments"] > 0
    assert usage["reconciliation"]["difference"] == 0


def test_it_is_small_enough_for_motos_scans(system: System) -> None:
    """Every query of moto's looks at every item."""
    table = dynamodb_backends[ACCOUNT][REGION].tables[system.config.state_table]

    assert sum(len(partition) for partition in table.items.values()) < 2000


def test_it_answers_advice_on_its_window(admin: Caller) -> None:
    """A third of its contacts live an hour west of the window's zone."""
    advice = admin.get("/v1/sending-window/advice").json

    assert (advice["contacts"], advice["suited"]) == (60, 40)
    assert advice["opens_too_early"]["sentence"] == "It opens too early for 20 of 60 contacts, by up to 1 hour."
    assert advice["widest_for_all"]["start_time"] == "09:00"
