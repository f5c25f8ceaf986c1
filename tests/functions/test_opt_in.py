"""Opt-in requests and the evidence of consent over HTTP."""

from __future__ import annotations

import csv
import io

from tests.functions.gateway import Gateway
from tests.world import ORG, PHONE, World

REQUESTS = "/v1/contacts/c-1/opt-in-requests"


def test_an_opt_in_request_is_sent(ready: World, api: Gateway) -> None:
    """201 with the message, in the organization's words."""
    reply = api.post(REQUESTS)

    assert reply.status == 201
    assert reply.json["kind"] == "opt_in_request"
    assert "opt-in" in reply.json["body"]


def test_a_second_request_waits_twelve_hours(ready: World, api: Gateway) -> None:
    """409 `opt-in-too-soon` with the earliest instant, in RFC 3339."""
    api.post(REQUESTS)

    reply = api.post(REQUESTS)

    assert reply.slug == "opt-in-too-soon"
    assert reply.json["next_request_at"] == "2026-07-16T03:00:00Z"


def test_the_fourth_request_is_refused(ready: World, api: Gateway) -> None:
    """409 `opt-in-limit-reached` after three, however long one waits."""
    for _ in range(3):
        assert api.post(REQUESTS).status == 201
        ready.clock.advance(hours=13)

    assert api.post(REQUESTS).slug == "opt-in-limit-reached"


def test_the_reasons_against_a_request_have_their_slugs(ready: World, api: Gateway) -> None:
    """No phone, no number, opted in already, opted out: each says so."""
    ready.contact("c-2", cell_phone=None)
    ready.user("u-2")
    numberless = Gateway(ready.ports, user_id="u-2")
    api.post(REQUESTS)
    ready.settle()
    ready.text("YES")
    opted_in = api.post(REQUESTS).slug
    ready.text("STOP")

    assert api.post("/v1/contacts/c-2/opt-in-requests").slug == "no-valid-cell-phone"
    assert numberless.post(REQUESTS).slug == "user-has-no-number"
    assert opted_in == "already-opted-in"
    assert api.post(REQUESTS).slug == "opted-out"
    assert api.post("/v1/contacts/ghost/opt-in-requests").slug == "not-found"


def test_the_evidence_holds_the_exact_words(opted_in: World, api: Gateway) -> None:
    """Each step with its words, its time and its message."""
    reply = api.get("/v1/contacts/c-1/consent")

    assert reply.status == 200
    assert reply.json["state"] == "opted_in"
    assert [(step["event"], step["words"]) for step in reply.json["evidence"]][-1] == ("opted_in", "YES")
    assert reply.json["evidence"][0]["message_id"]
    assert reply.json["contact_id"] == "c-1"


def test_the_evidence_is_a_table_for_who_asks(opted_in: World, api: Gateway) -> None:
    """`Accept: text/csv` gives the same steps; no text of a contact can become a spreadsheet's formula."""
    opted_in.text("START")
    consent = opted_in.store.consent(ORG, PHONE)

    reply = api.get("/v1/contacts/c-1/consent", accept="text/csv")

    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert reply.headers["content-type"] == "text/csv"
    assert [row["words"] for row in rows] == [step.words for step in consent.evidence]
    assert [row["event"] for row in rows] == [step.event for step in consent.evidence]
