"""Organizations, settings, the sending window and numbers over HTTP."""

from __future__ import annotations

import pytest

from tests.functions.gateway import Gateway
from tests.world import ORG, World


def test_the_platform_creates_an_organization(world: World, platform: Gateway) -> None:
    """200 with every setting's default; repeating it answers the same."""
    first = platform.put("/v1/organizations/acme", {"name": "Acme Lending"})
    again = platform.put("/v1/organizations/acme", {"name": "Acme Lending"})

    assert first.status == 200
    assert first.json["id"] == "acme"
    assert first.json["settings"]["sms.send_window.start_time"] == "08:00"
    assert first.json["twilio"] == {"status": "none", "account_sid": None, "messaging_service_sid": None}
    assert again.json == first.json


def test_a_platform_token_needs_no_organization(world: World) -> None:
    """The platform acts for none."""
    platform = Gateway(world.ports, org_id="", roles=["platform"])

    assert platform.put("/v1/organizations/acme", {"name": "Acme"}).status == 200


def test_an_administrator_provisions_the_twilio_account_once(world: World, platform: Gateway, admin: Gateway) -> None:
    """201 when it is made, 200 when it is there, with the same sids; the token never shows."""
    platform.put("/v1/organizations/acme", {"name": "Acme Lending"})

    made = admin.post("/v1/organization/twilio-account")
    there = admin.post("/v1/organization/twilio-account")

    assert (made.status, there.status) == (201, 200)
    assert made.json["twilio"]["status"] == "active"
    assert made.json["twilio"]["account_sid"].startswith("AC")
    assert there.json == made.json
    assert "token" not in made.text


def test_settings_change_all_or_none(ready: World, admin: Gateway, api: Gateway) -> None:
    """One wrong setting refuses the whole change and is named."""
    wrong = admin.patch(
        "/v1/organization/settings",
        {"sms.send_window.start_time": "09:00", "sms.send_window.time_zone": "Mars/Olympus"},
    )
    right = admin.patch("/v1/organization/settings", {"sms.send_window.start_time": "09:30"})

    assert wrong.status == 422
    assert [error["field"] for error in wrong.json["errors"]] == ["sms.send_window.time_zone"]
    assert right.json["settings"]["sms.send_window.start_time"] == "09:30"
    assert api.get("/v1/organization").json | {"advice": right.json["advice"]} == right.json


def test_a_setting_is_put_back_by_null(ready: World, admin: Gateway) -> None:
    """null restores the default."""
    admin.patch("/v1/organization/settings", {"sms.send_window.start_time": "09:30"})

    reply = admin.patch("/v1/organization/settings", {"sms.send_window.start_time": None})

    assert reply.json["settings"]["sms.send_window.start_time"] == "08:00"


def test_a_changed_window_is_answered_with_advice(ready: World, admin: Gateway) -> None:
    """What it means for the contacts: figures, and a sentence each. Other settings have none."""
    put = put_contacts(ready, admin, {"c-2": "+13105550101", "c-3": "+18085550101", "c-4": "+16715550101"})
    advice = admin.patch("/v1/organization/settings", {"sms.send_window.start_time": "08:30"}).json["advice"]
    other = admin.patch("/v1/organization/settings", {"sms.hold.expires_after_hours": 24})

    assert put == [200, 200, 200]
    assert (advice["contacts"], advice["suited"], advice["recipient_hours"]) == (4, 1, "federal")
    assert (advice["from"], advice["to"]) == ("2026-07-15", "2027-07-14")
    assert advice["sentence"] == (
        "The window suits 1 of 4 contacts; messages to the others wait for their legal hours."
    )
    assert advice["opens_too_early"] == {
        "contacts": 2,
        "minutes": 270,
        "sentence": "It opens too early for 2 of 4 contacts, by up to 4 hours 30 minutes.",
    }
    assert advice["closes_too_late"]["sentence"] == "It closes too late for nobody."
    assert advice["never_meets"] == {
        "contacts": 1,
        "sentence": "It never meets the legal hours of 1 of 4 contacts: messages to them are skipped.",
    }
    assert advice["widest_for_all"] == {
        "start_time": "17:00",
        "end_time": "21:00",
        "contacts": 4,
        "sentence": "17:00-21:00 (America/Chicago) is the widest daily window that suits all 4 contacts all year.",
    }
    assert [group["time_zones"] for group in advice["groups"]] == [
        ["America/Los_Angeles"],
        ["Pacific/Guam"],
        ["Pacific/Honolulu"],
    ]
    assert other.json["advice"] is None


def test_a_window_is_tried_without_being_set(ready: World, admin: Gateway, api: Gateway) -> None:
    """Advice on what is only thought of; a wrong thought is named as the setting would be; only for administrators."""
    put_contacts(ready, admin, {"c-2": "+13105550101"})
    tried = admin.get("/v1/sending-window/advice?start_time=10:00&end_time=20:00&time_zone=America/Chicago")
    wrong = admin.get("/v1/sending-window/advice?time_zone=Mars/Olympus")
    late = admin.get("/v1/sending-window/advice?end_time=23:59&recipient_hours=off").json

    assert tried.json["sentence"] == "The window suits all 2 contacts."
    assert api.get("/v1/organization").json["settings"]["sms.send_window.start_time"] == "08:00"
    assert wrong.slug == "invalid"
    assert wrong.json["errors"][0]["field"] == "sms.send_window.time_zone"
    assert late["closes_too_late"]["minutes"] == 179
    assert late["sentence"] == (
        "The window suits 0 of 2 contacts; recipient hours are off, so messages to the others may leave at an "
        "illegal hour."
    )
    assert api.get("/v1/sending-window/advice").slug == "forbidden"


def test_days_without_legal_hours_are_told_apart(ready: World, admin: Gateway) -> None:
    """South Dakota's weekends: no window is to blame for them, and the proposal says that it leaves them aside."""
    put_contacts(ready, admin, {"c-2": "+16055550101"})
    advice = admin.get("/v1/sending-window/advice?recipient_hours=state").json

    assert advice["days_without_legal_hours"]["sentence"] == (
        "For 1 of 2 contacts the law allows nothing on up to 104 days, whatever the window."
    )
    assert advice["widest_for_all"]["sentence"] == (
        "10:00-21:00 (America/Chicago) is the widest daily window that suits all 2 contacts on every day on which the "
        "law allows them anything."
    )


def test_without_contacts_the_advice_says_so(world: World, platform: Gateway, admin: Gateway) -> None:
    """Nobody is there whom the window could be wrong for."""
    platform.put("/v1/organizations/acme", {"name": "Acme Lending"})
    advice = admin.get("/v1/sending-window/advice").json

    assert (advice["contacts"], advice["widest_for_all"]["start_time"]) == (0, None)
    assert advice["widest_for_all"]["sentence"] == "There are no contacts yet."


def put_contacts(ready: World, admin: Gateway, phones: dict[str, str]) -> list[int]:
    """Adds contacts and lets the change stream tell of them; the statuses."""
    bodies = {
        id_: {"owner_id": "u-1", "first_name": "Bo", "last_name": "", "cell_phone": phones[id_]} for id_ in phones
    }
    statuses = [admin.put(f"/v1/contacts/{id_}", body).status for id_, body in bodies.items()]
    ready.settle()
    return statuses


def test_the_window_explains_itself(ready: World, api: Gateway) -> None:
    """Open now until four in Chicago; at night closed until eight, by the organization's rule."""
    now = api.get("/v1/sending-window").json
    night = api.get("/v1/sending-window?at=2026-07-16T04:00:00Z").json

    assert now["open"] is True
    assert now["closes_at"] == "2026-07-15T21:00:00Z"
    assert night["open"] is False
    assert night["opens_at"] == "2026-07-16T13:00:00Z"
    assert night["decided_by"] == night["rules"][0]["rule"]
    assert night["rules"][0]["time_zone"] == "America/Chicago"


def test_the_window_counts_the_recipients_legal_hours(ready: World, api: Gateway) -> None:
    """At eight in Chicago it is too early for a phone of Honolulu; each zone it may be in is named."""
    at = "at=2026-07-16T13:00:00Z"
    own = api.get(f"/v1/sending-window?{at}&contact_id=c-1").json
    far = api.get(f"/v1/sending-window?{at}&phone=%2B18085550100").json

    assert own["open"] is True
    assert own["recipient_zones"] == ["America/Chicago"]
    assert far["open"] is False
    assert far["decided_by"] == "federal"
    assert far["recipient_zones"] == ["Pacific/Honolulu"]
    assert far["opens_at"] == "2026-07-16T18:00:00Z"


@pytest.mark.parametrize(("query", "status"), [("contact_id=nobody", 404), ("contact_id=c-2", 409), ("phone=12", 422)])
def test_a_recipient_nobody_could_reach_has_no_window(ready: World, api: Gateway, query: str, status: int) -> None:
    """An unknown contact, one without a cell phone, or a phone that is none: said, not guessed."""
    ready.contact("c-2", cell_phone=None)

    assert api.get(f"/v1/sending-window?{query}").status == status


@pytest.mark.parametrize("at", ["yesterday", "2026-07-16T04:00:00", "2026-13-01T00:00:00Z"])
def test_an_instant_needs_its_zone(ready: World, api: Gateway, at: str) -> None:
    """422 for a time that could be several instants."""
    reply = api.get(f"/v1/sending-window?at={at}")

    assert reply.status == 422
    assert reply.json["errors"] == [
        {"field": "at", "message": "Give a time with its zone, such as 2024-08-01T14:00:00Z."}
    ]


def test_numbers_are_provisioned_as_a_job(world: World, admin: Gateway) -> None:
    """202 with the job; its results say for each user which number, or why there is none."""
    world.organization()
    world.user("u-1")

    started = admin.post("/v1/numbers/provision", {"user_ids": ["u-1", "ghost"], "area_code_source": "user_cell"})
    world.settle()
    job = admin.get(f"/v1/jobs/{started.json['id']}").json
    results = {result["subject_id"]: result for result in admin.get(f"/v1/jobs/{job['id']}/results").json["items"]}

    assert started.status == 202
    assert started.json["status"] == "running"
    assert started.json["finished_at"] is None
    assert job["status"] == "done"
    assert (job["total"], job["succeeded"]) == (2, 1)
    assert results["u-1"]["outcome"] == "succeeded"
    assert results["u-1"]["number"].startswith("+1415")
    assert results["ghost"]["outcome"] != "succeeded"
    assert results["ghost"]["reason"]


def test_results_come_in_pages(world: World, admin: Gateway) -> None:
    """Every subject once, over as many pages as it takes."""
    world.organization()
    for count in range(5):
        world.user(f"u-{count}")
    started = admin.post(
        "/v1/numbers/provision", {"user_ids": [f"u-{count}" for count in range(5)], "area_code_source": "user_cell"}
    )
    world.settle()

    seen, cursor = [], ""
    while True:
        page = admin.get(f"/v1/jobs/{started.json['id']}/results?limit=2{cursor}").json
        seen += [result["subject_id"] for result in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert sorted(seen) == [f"u-{count}" for count in range(5)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user_ids": [], "area_code_source": "user_cell"}, "user_ids"),
        ({"user_ids": ["u-1"], "area_code_source": "moon"}, "area_code_source"),
        ({"user_ids": ["u-1"], "area_code_source": "company", "area_code": "12"}, "area_code"),
        ({"user_ids": ["u-1"], "area_code_source": "company", "area_code": "999"}, "area_code"),
        ({"user_ids": ["u 1"], "area_code_source": "user_cell"}, "user_ids.0"),
        ({"user_ids": ["u-1"], "area_code_source": "user_cell", "fallback": "far"}, "fallback"),
    ],
)
def test_a_wrong_provisioning_starts_nothing(world: World, admin: Gateway, body: object, field: str) -> None:
    """422 names the field; no job begins."""
    world.organization()

    reply = admin.post("/v1/numbers/provision", body)

    assert reply.status == 422
    assert field in [error["field"] for error in reply.json["errors"]]


def test_provisioning_needs_the_twilio_account(world: World, platform: Gateway, admin: Gateway) -> None:
    """409 `twilio-account-required` before there is one."""
    platform.put("/v1/organizations/acme", {"name": "Acme"})

    reply = admin.post("/v1/numbers/provision", {"user_ids": ["u-1"], "area_code_source": "user_cell"})

    assert reply.slug == "twilio-account-required"


@pytest.mark.parametrize("acknowledged", [{}, {"irreversible_acknowledged": False}])
def test_deprovisioning_needs_the_acknowledgement(ready: World, admin: Gateway, acknowledged: dict[str, bool]) -> None:
    """422 `acknowledgement-required`; the number stays."""
    reply = admin.post("/v1/numbers/deprovision", {"user_ids": ["u-1"], **acknowledged})
    ready.settle()

    assert reply.status == 422
    assert reply.slug == "acknowledgement-required"
    assert ready.number_of("u-1")


def test_deprovisioning_gives_the_number_back(ready: World, admin: Gateway) -> None:
    """Acknowledged, the job releases the number and frees the user."""
    started = admin.post("/v1/numbers/deprovision", {"user_ids": ["u-1"], "irreversible_acknowledged": True})
    ready.settle()

    job = admin.get(f"/v1/jobs/{started.json['id']}").json
    assert started.status == 202
    assert (job["kind"], job["status"], job["succeeded"]) == ("deprovision", "done", 1)
    assert ready.store.user(ORG, "u-1", consistent=True).number is None  # type: ignore[union-attr]


def test_a_job_is_shown_to_who_started_it(ready: World, admin: Gateway) -> None:
    """To anybody else it is as absent as no job, administrators too."""
    started = admin.post("/v1/numbers/provision", {"user_ids": ["u-1"], "area_code_source": "user_cell"}).json
    other = Gateway(ready.ports, user_id="u-other", roles=["admin"])

    assert other.get(f"/v1/jobs/{started['id']}").slug == "not-found"
    assert other.get(f"/v1/jobs/{started['id']}/results").slug == "not-found"
    assert other.post(f"/v1/jobs/{started['id']}/cancel").slug == "not-found"


def test_a_cancelled_job_skips_what_was_not_begun(world: World, admin: Gateway) -> None:
    """Subjects without a result are skipped; none is lost from the count."""
    world.organization()
    world.user("u-1")
    started = admin.post("/v1/numbers/provision", {"user_ids": ["u-1"], "area_code_source": "user_cell"}).json

    admin.post(f"/v1/jobs/{started['id']}/cancel")
    world.settle()
    job = admin.get(f"/v1/jobs/{started['id']}").json

    assert job["status"] == "cancelled"
    assert (job["total"], job["skipped"]) == (1, 1)


def test_a_refusal_of_twilio_is_no_fault_of_the_caller(world: World, platform: Gateway, admin: Gateway) -> None:
    """502 when Twilio says no, 503 with Retry-After when it cannot be reached; both end in success once it works."""
    platform.put("/v1/organizations/acme", {"name": "Acme"})
    world.twilio.inject("accounts.create", "429")

    busy = admin.post("/v1/organization/twilio-account")
    world.clock.advance(minutes=2)
    made = admin.post("/v1/organization/twilio-account")

    assert busy.status == 503
    assert busy.slug == "try-again"
    assert busy.headers["retry-after"] == "2"
    assert made.status == 201
