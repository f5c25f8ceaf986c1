"""The fake Twilio over HTTP: for a client that knows nothing of this system."""

from __future__ import annotations

import base64
import http.client
from dataclasses import replace

import pytest

from infra.local.system import System
from tests.local.caller import Caller

ACCOUNTS = "/local/twilio/api/api.twilio.com/2010-04-01/Accounts.json"


@pytest.fixture
def client(http: Caller, system: System) -> Caller:
    """Somebody with the parent account's credentials."""
    return replace(http, token="")


def credentials(system: System) -> dict[str, str]:
    """The headers of a form sent with the parent account's credentials."""
    parent = f"{system.twilio.parent.sid}:{system.twilio.parent.auth_token}"
    return {
        "authorization": f"Basic {base64.b64encode(parent.encode()).decode()}",
        "content-type": "application/x-www-form-urlencoded",
    }


def test_a_create_is_answered_in_twilios_shape(client: Caller, system: System) -> None:
    """A subaccount made over HTTP is there, and the list has it."""
    made = client.call("POST", ACCOUNTS, b"FriendlyName=Blue+Harbor", headers=credentials(system))
    listed = client.call("GET", f"{ACCOUNTS}?FriendlyName=Blue+Harbor", headers=credentials(system))

    assert (made.status, made.json["friendly_name"]) == (201, "Blue Harbor")
    assert [account["sid"] for account in listed.json["accounts"]] == [made.json["sid"]]


@pytest.mark.parametrize("authorization", ["", "Bearer x", "Basic %", "Basic QUM6eA=="])
def test_wrong_credentials_are_refused(client: Caller, authorization: str) -> None:
    """With Twilio's code for it."""
    reply = client.get(ACCOUNTS, authorization=authorization)

    assert (reply.status, reply.json["code"]) == (401, 20003)


def test_a_lost_answer_is_a_closed_connection(client: Caller, system: System) -> None:
    """The request was carried out; the client cannot know."""
    system.twilio.inject("accounts.create", "timeout_after", 1)
    with pytest.raises(http.client.RemoteDisconnected):
        client.call("POST", ACCOUNTS, b"FriendlyName=Blue", headers=credentials(system))

    assert [account["friendly_name"] for account in system.twilio.accounts()][1:] == ["Blue"]
