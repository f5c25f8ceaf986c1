"""Webhooks under attack: whatever comes in, nothing breaks, and only what Twilio signed is even looked up."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.adapters.memory import MemorySecrets
from engage_sms.errors import Retryable
from engage_sms.ports import Ports
from functions.webhooks.handler import handler
from tests.attack.webhook_requests import SID, account_of, answer, event_of, signed_event, text_form
from tests.functions.gateway import Context, reply_of
from tests.world import ORG, World

NAMES = ["MessageSid", "AccountSid", "From", "To", "Body", "NumMedia", "NumSegments", "MediaUrl0", "MessageStatus"]
NAMES += ["ErrorCode", "OptOutType", "", "#", "a" * 300]
ODD_NUMBERS = ["-1", "1e400", "٣", "9" * 5000, "11", "NaN", "1_0", " ", "0x1", "1.5"]
VALUES = st.one_of(st.text(max_size=40), st.sampled_from([*ODD_NUMBERS, "x" * 5000, "\0", "a#b", "delivered", "STOP"]))
FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=12)
QUERIES = st.one_of(
    st.just(""),
    st.text(max_size=30),
    st.sampled_from(["m=u-1.c-1.x", "m=a#.b.c", "m=", "m=a.b.c&m=d.e.f", "m=" + "x" * 9000, "m=%00.%00.%00", "m"]),
)
BODIES = st.one_of(
    st.none(),
    st.text(max_size=200),
    st.binary(max_size=200).map(lambda content: base64.b64encode(content).decode()),
    FIELDS.map(urlencode),
    st.sampled_from(["&" * 5000, "a=1&" * 600, "Body=" + "x" * 300_000, "%ED%A0%80=1", "{}", "Body=\ud800"]),
)
HEADERS = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from(["x-twilio-signature", "X-Twilio-Signature", "content-type", "Host", ""]),
        st.one_of(st.text(max_size=60), st.just("x" * 20_000), st.sampled_from(["application/json", "a,b", "\0"])),
        max_size=4,
    ),
)
PATHS = st.sampled_from(
    [
        f"/webhooks/twilio/{ORG}/messages",
        f"/webhooks/twilio/{ORG}/status",
        "/webhooks/twilio/nobody/messages",
        "/webhooks/twilio/../status",
        f"/webhooks/twilio/{ORG}#x/messages",
        f"/webhooks/twilio/{ORG}/messages\n",
        "/webhooks/twilio/" + "x" * 9000 + "/status",
        "/",
        "",
    ]
)


class Untouchable:
    """Stands in for every port that may not be used: any use of it is remembered, and fails."""

    def __init__(self) -> None:
        self.touched: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.touched.append(name)
        raise AssertionError(f"{name} was used before the signature was checked.")


def guarded(ports: Ports) -> tuple[Ports, Untouchable]:
    """The ports with secrets, the clock and nothing else."""
    untouchable: Any = Untouchable()
    names = ("store", "twilio", "people_queue", "automation_queue", "jobs_queue", "events", "answers")
    return replace(ports, **dict.fromkeys(names, untouchable)), untouchable


@pytest.fixture(scope="module")
def ready() -> World:
    """Nothing in the tests that share it may change it."""
    return World().ready()


@given(path=PATHS, query=QUERIES, headers=HEADERS, body=BODIES, is_base64=st.booleans())
def test_nothing_unsigned_is_taken_or_even_looked_up(
    ready: World, path: str, query: str, headers: Any, body: Any, is_base64: bool
) -> None:
    """400, 403 or 404, without one use of store, queues, bus or Twilio."""
    ports, untouchable = guarded(ready.ports)
    event = event_of(path, body, query=query, headers=headers, is_base64=is_base64)

    reply = reply_of(handler(event, Context(), ports))

    assert reply.status in {400, 403, 404}
    assert untouchable.touched == []


@given(form=FIELDS, query=QUERIES, what=st.sampled_from(["messages", "status"]))
def test_a_signature_of_somebody_else_is_none(ready: World, form: list[tuple[str, str]], query: str, what: str) -> None:
    """403 for a form signed with another account's token, whatever it says; nothing is looked up."""
    ports, untouchable = guarded(ready.ports)
    forged: World = Forger(ready)  # type: ignore[assignment]
    event = signed_event(forged, what, [*form, ("AccountSid", account_of(ready).sid)], query=query)

    reply = reply_of(handler(event, Context(), ports))

    assert reply.slug == "bad-signature"
    assert untouchable.touched == []


class Forger:
    """The world as somebody sees it who knows everything but the token."""

    def __init__(self, world: World) -> None:
        stolen = json.dumps({"account_sid": account_of(world).sid, "auth_token": "guessed"})
        self.ports = replace(world.ports, secrets=MemorySecrets({f"twilio/organizations/{ORG}": stolen}))


@given(changed=FIELDS, query=QUERIES, what=st.sampled_from(["messages", "status"]))
def test_a_signed_form_is_taken_whole_or_not_at_all(changed: list[tuple[str, str]], query: str, what: str) -> None:
    """200, 204, 400, 403 or 404, never a 5xx; what was not taken left nothing behind."""
    world = World().ready()
    before = world.store.table.items()  # type: ignore[attr-defined]
    form = [*text_form(world).items(), *changed]

    reply = answer(world, signed_event(world, what, form, query=query))

    assert reply.status in {200, 204, 400, 403, 404}
    if reply.status >= 400:
        assert world.store.table.items() == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("field", ["MessageSid", "From", "To"])
@pytest.mark.parametrize("value", ["a#b", "", " ", "x" * 65, "\0", "\ud7ffé"])
def test_a_field_that_becomes_a_key_is_checked(field: str, value: str) -> None:
    """400 for a separator, a blank, or more than any id has: it would name another item, or none."""
    world = World().ready()

    reply = answer(world, signed_event(world, "messages", list(text_form(world, **{field: value}).items())))

    assert reply.slug == "malformed-webhook"
    assert world.conversation() == []


@pytest.mark.parametrize("field", ["NumMedia", "NumSegments"])
@pytest.mark.parametrize("value", ["-1", "1e400", "9" * 5000, "1001", "x"])
def test_a_number_that_is_none_is_malformed(field: str, value: str) -> None:
    """400: neither a negative count nor one beyond anything that Twilio sends."""
    world = World().ready()

    reply = answer(world, signed_event(world, "messages", list(text_form(world, **{field: value}).items())))

    assert reply.slug == "malformed-webhook"


@pytest.mark.parametrize("body", ["Body=" + "x" * 10_000_000, "a=" + "&a=" * 3_000_000], ids=["one field", "many"])
def test_ten_megabytes_are_refused_at_once(ready: World, body: str) -> None:
    """400 by their length, before anything is parsed or hashed."""
    event = event_of(f"/webhooks/twilio/{ORG}/messages", body, headers={"x-twilio-signature": "x"})

    assert answer(ready, event).slug == "malformed-webhook"


def test_an_error_of_our_own_is_not_called_malformed() -> None:
    """500, not 400: Twilio tries a 5xx again, and what is broken here is not the form."""
    world = World().ready()
    broken = replace(world.ports, new_id=lambda: int("not a number"))  # type: ignore[arg-type,return-value]
    event = signed_event(world, "messages", list(text_form(world).items()))

    reply = reply_of(handler(event, Context(), broken))

    assert reply.slug == "internal-error"


def test_secrets_that_cannot_be_read_ask_for_another_try(ready: World) -> None:
    """503: whether the signature is right is not known, so Twilio should come again."""

    class Busy(MemorySecrets):
        def get(self, name: str) -> str | None:
            raise Retryable("throttled")

    event = signed_event(ready, "messages", list(text_form(ready).items()))

    reply = reply_of(handler(event, Context(), replace(ready.ports, secrets=Busy())))

    assert reply.slug == "try-again"


def test_a_repeated_name_counts_as_it_was_signed(ready: World) -> None:
    """A second Body that nobody signed does not slip in behind the first."""
    event = signed_event(ready, "messages", list(text_form(ready, MessageSid=SID[:-1] + "2").items()))
    event["body"] += "&Body=STOP"

    assert answer(ready, event).slug == "bad-signature"
