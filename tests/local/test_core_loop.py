"""The loop of the product over real HTTP: from an organization to a number given back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.caller import Caller

PHONE = "+13125550199"
OTHER_PHONE = "+17085550142"


@pytest.fixture
def platform(http: Caller) -> Caller:
    """Who makes organizations."""
    return http.signed_in("root", "acme", "platform")


@pytest.fixture
def admin(http: Caller, platform: Caller) -> Caller:
    """The administrator of an organization whose Twilio account is there."""
    assert platform.put("/v1/organizations/acme", {"name": "Acme Lending"}).status in {200, 201}
    admin = http.signed_in("boss", "acme", "admin")
    assert admin.post("/v1/organization/twilio-account").status == 201
    return admin


@pytest.fixture
def ann(http: Caller, admin: Caller) -> Caller:
    """A user with a number of her own area code."""
    put_user(admin, "ann", "Ann Lee", "+14155550101")
    job = provision(admin, ["ann"], area_code_source="user_cell")
    assert job["succeeded"] == 1
    return http.signed_in("ann", "acme", "user")


@pytest.fixture
def bo(ann: Caller) -> str:
    """A contact of Ann's who has opted in; the path of the conversation."""
    put_contact(ann, "bo", PHONE)
    assert ann.post("/v1/contacts/bo/opt-in-requests").status == 201
    ann.settle()
    ann.text(PHONE, number_of(ann), "YES")
    return "/v1/conversations/bo/messages"


def put_user(admin: Caller, user_id: str, name: str, cell_phone: str) -> None:
    body = {"name": name, "email": f"{user_id}@acme.example", "cell_phone": cell_phone, "license": "NMLS 1234"}
    assert admin.put(f"/v1/users/{user_id}", body).status in {200, 201}


def put_contact(user: Caller, contact_id: str, phone: str, owner_id: str = "ann") -> None:
    body = {"owner_id": owner_id, "first_name": "Bo", "last_name": "Diaz", "cell_phone": phone}
    assert user.put(f"/v1/contacts/{contact_id}", body).status in {200, 201}


def provision(admin: Caller, user_ids: list[str], **options: str) -> dict[str, Any]:
    """The job, once it is done."""
    reply = admin.post("/v1/numbers/provision", {"user_ids": user_ids, **options})
    assert reply.status == 202, reply.text
    return finished(admin, reply.json["id"])


def finished(admin: Caller, job_id: str) -> dict[str, Any]:
    admin.settle()
    job: dict[str, Any] = admin.get(f"/v1/jobs/{job_id}").json
    assert job["status"] == "done"
    return job


def number_of(caller: Caller) -> str:
    """The only number at Twilio."""
    (number,) = caller.get("/local/twilio/numbers").json["items"]
    return str(number["phone_number"])


def newest(user: Caller, path: str) -> dict[str, Any]:
    """The newest message of a conversation."""
    message: dict[str, Any] = user.get(f"{path}?limit=1").json["items"][0]
    return message


def journey_step(caller: Caller, contact_id: str, step_id: str = "s1") -> None:
    """A journey asks for an SMS, and everything that follows at once happens."""
    detail = {
        "event_id": f"event-{step_id}",
        "org_id": "acme",
        "journey_id": "j1",
        "step_id": step_id,
        "execution_id": "x1",
        "contact_id": contact_id,
        "sender": "owner",
        "body": "Hi {contact.first_name}, rates fell today.",
    }
    event = {"source": "engage.journeys", "detail-type": "journey.sms.requested", "detail": detail}
    assert caller.post("/local/events", event).status == 201
    caller.settle()


def events_out(caller: Caller) -> list[str]:
    return [event["detail-type"] for event in caller.get("/local/events").json["items"]]


def test_users_get_numbers_by_a_job_that_says_how_each_of_them_fared(admin: Caller) -> None:
    """One who gets no number spoils nothing for the others, and the list of users shows who has one."""
    put_user(admin, "ann", "Ann Lee", "+14155550101")
    put_user(admin, "cy", "Cy Roe", "+12145550102")
    job = provision(admin, ["ann", "nobody"], area_code_source="user_cell")
    company = provision(admin, ["cy"], area_code_source="company", area_code="312")
    results = admin.get(f"/v1/jobs/{job['id']}/results").json["items"]
    users = admin.get("/v1/users?provisioned=true&per_page=1&page=2").json

    assert (job["total"], job["succeeded"], job["failed"], company["succeeded"]) == (2, 1, 1, 1)
    assert {result["subject_id"]: result["outcome"] for result in results} == {"ann": "succeeded", "nobody": "failed"}
    assert (users["total"], users["pages"], users["items"][0]["number"][:5]) == (2, 2, "+1312")
    assert admin.get("/v1/users?search=lee").json["items"][0]["number"].startswith("+1415")


def test_a_yes_opens_the_conversation_and_is_confirmed(ann: Caller) -> None:
    """Nobody is messaged before the opt-in; the request, the YES and the confirmation stand in the conversation."""
    put_contact(ann, "bo", PHONE)
    refused = ann.post("/v1/conversations/bo/messages", {"body": "Hi"})
    ann.post("/v1/contacts/bo/opt-in-requests")
    again = ann.post("/v1/contacts/bo/opt-in-requests")
    ann.settle()
    ann.text(PHONE, number_of(ann), " yes! ")

    assert (refused.status, refused.json["type"]) == (409, "/problems/opt-in-required")
    assert (again.status, again.json["type"]) == (409, "/problems/opt-in-too-soon")
    assert ann.get("/v1/contacts/bo").json["sms"]["consent"] == "opted_in"
    assert [text[:24] for text in ann.received_by(PHONE)] == ["Bo, this is Ann Lee NMLS", "You're all set to receiv"]
    assert newest(ann, "/v1/conversations/bo/messages")["kind"] == "opt_in_confirmation"


def test_a_message_goes_from_the_users_own_number_and_its_trace_tells_how(ann: Caller, bo: str) -> None:
    """Twilio gets the number, the service and our reference; the callbacks bring it to delivered."""
    sent = ann.post(bo, {"body": "Your papers are ready."})
    ann.settle()
    message = ann.get(f"{bo}/{sent.json['id']}").json
    at_twilio = ann.get("/local/twilio/messages").json["items"][-1]

    assert (sent.status, message["status"], message["segments"]) == (201, "delivered", 1)
    assert [entry["event"] for entry in message["trace"]] == ["queued", "dispatching", "sent", "delivered"]
    assert (at_twilio["from"], at_twilio["to"]) == (number_of(ann), PHONE)
    assert at_twilio["messaging_service_sid"].startswith("MG")
    assert f"/webhooks/twilio/acme/status?m=ann.bo.{sent.json['id']}" in at_twilio["status_callback"]
    assert ann.received_by(PHONE)[-1] == "Your papers are ready."
    assert "sms.message.delivered" in events_out(ann)


def test_a_reply_stands_in_the_inbox_unread(ann: Caller, bo: str) -> None:
    """The contact's words arrive in the conversation of the user whose number was texted."""
    ann.post("/v1/conversations/bo/read")
    ann.text(PHONE, number_of(ann), "Thanks, I will sign today")
    (line,) = ann.get("/v1/conversations").json["items"]

    assert (line["contact_id"], line["unread"]) == ("bo", 1)
    assert line["last_message"]["body"] == "Thanks, I will sign today"
    assert newest(ann, bo)["direction"] == "inbound"


def test_a_journey_step_outside_the_window_is_held_until_the_opening(ann: Caller, bo: str) -> None:
    """Not a second early, within two seconds after, and Twilio may not deliver it after the window closes."""
    ann.go_to("2026-07-15T22:00:00Z")
    journey_step(ann, "bo")
    held = newest(ann, bo)
    ann.go_to("2026-07-16T12:59:59.500Z")
    before = newest(ann, bo)["status"]
    ann.go_to("2026-07-16T13:00:10Z")
    at_twilio = ann.get("/local/twilio/messages").json["items"][-1]

    assert (held["status"], held["hold"]["until"], held["hold"]["rule"]) == (
        "held",
        "2026-07-16T13:00:00Z",
        "organization",
    )
    assert (before, newest(ann, bo)["status"]) == ("held", "delivered")
    assert at_twilio["body"] == "Hi Bo, rates fell today."
    assert "2026-07-16T13:00:00" <= at_twilio["created_at"] < "2026-07-16T13:00:02"
    assert 0 < at_twilio["validity_period"] <= 8 * 3600


def test_a_step_that_comes_twice_is_sent_once(ann: Caller, bo: str) -> None:
    """EventBridge may deliver an event more than once."""
    journey_step(ann, "bo")
    journey_step(ann, "bo")

    assert ann.received_by(PHONE).count("Hi Bo, rates fell today.") == 1


def test_a_journey_step_without_consent_asks_for_it_and_waits_for_the_yes(ann: Caller) -> None:
    """The journey itself sends the request; the message follows the YES."""
    put_contact(ann, "eve", OTHER_PHONE)
    journey_step(ann, "eve")
    waiting = [m for m in ann.get("/v1/conversations/eve/messages").json["items"] if m["kind"] == "journey"]
    asked = ann.received_by(OTHER_PHONE)
    ann.text(OTHER_PHONE, number_of(ann), "YES")

    assert [message["status"] for message in waiting] == ["awaiting_opt_in"]
    assert len(asked) == 1
    assert "Hi Bo, rates fell today." in ann.received_by(OTHER_PHONE)


def test_a_stop_cancels_what_is_held_and_closes_the_conversation(ann: Caller, bo: str) -> None:
    """Nothing is dispatched to the phone after its STOP."""
    ann.go_to("2026-07-15T22:00:00Z")
    journey_step(ann, "bo")
    ann.text(PHONE, number_of(ann), "stop")
    dispatched = len(ann.get("/local/twilio/messages").json["items"])
    held = next(m for m in ann.get(bo).json["items"] if m["kind"] == "journey")
    refused = ann.post(bo, {"body": "One more thing"})
    ann.go_to("2026-07-16T14:00:00Z")

    assert held["status"] == "cancelled"
    assert (refused.status, refused.json["type"]) == (409, "/problems/opted-out")
    assert len(ann.get("/local/twilio/messages").json["items"]) == dispatched


def test_the_nightly_run_brings_twilios_figures_into_the_report(ann: Caller, bo: str, admin: Caller) -> None:
    """The current month and twelve before it, by Twilio's count, with the difference to our own."""
    ann.post(bo, {"body": "Your papers are ready."})
    ann.settle()
    admin.go_to("2026-07-16T06:00:00Z")
    usage = admin.get("/v1/usage").json
    table = admin.get("/v1/usage", accept="text/csv").text

    assert (usage["current"]["from"], usage["current"]["to"]) == ("2026-07-01", "2026-07-16")
    # request (2), YES (1), confirmation (2), message (1)
    assert (usage["current"]["segments"], usage["reconciliation"]["difference"]) == (6, 0)
    assert [month["month"] for month in usage["months"]][::11] == ["2025-07", "2026-06"]
    assert len(usage["months"]) == 12
    assert "2026-06" in table


def test_a_number_given_back_leaves_its_conversations_readable(ann: Caller, bo: str, admin: Caller) -> None:
    """It takes an acknowledgement; Twilio has the number no more, and its user may have another."""
    unacknowledged = admin.post("/v1/numbers/deprovision", {"user_ids": ["ann"]})
    reply = admin.post("/v1/numbers/deprovision", {"user_ids": ["ann"], "irreversible_acknowledged": True})
    job = finished(admin, reply.json["id"])

    assert unacknowledged.status == 422
    assert job["succeeded"] == 1
    assert admin.get("/local/twilio/numbers").json["items"] == []
    assert admin.get("/v1/users").json["items"][0]["number"] is None
    assert len(ann.get(bo).json["items"]) == 3
    assert ann.post(bo, {"body": "Hi"}).json["type"] == "/problems/user-has-no-number"
    assert provision(admin, ["ann"], area_code_source="user_cell")["succeeded"] == 1
