"""Users and contacts over HTTP."""

from __future__ import annotations

import pytest

from tests.functions.gateway import Gateway
from tests.world import World

ANN = {"name": "Ann Lee", "email": "ann@acme.example", "cell_phone": "(415) 555-0101", "license": "NMLS 1234"}
BO = {"owner_id": "u-1", "first_name": "Bo", "last_name": "Diaz", "cell_phone": "312-555-0199"}


def test_a_user_is_put(world: World, admin: Gateway) -> None:
    """200 with the phone in E.164; repeating it changes nothing."""
    world.organization()

    first = admin.put("/v1/users/u-1", ANN)
    again = admin.put("/v1/users/u-1", ANN)

    assert first.status == 200
    assert first.json == {
        "id": "u-1",
        "name": "Ann Lee",
        "email": "ann@acme.example",
        "cell_phone": "+14155550101",
        "license": "NMLS 1234",
        "number": None,
        "provisioned_at": None,
    }
    assert again.json == first.json


@pytest.mark.parametrize("cell_phone", ["12345", "+442071838750", "nonsense", ""])
def test_a_cell_phone_that_is_none_is_refused(world: World, admin: Gateway, cell_phone: str) -> None:
    """422 names the field and says what a phone looks like."""
    world.organization()

    reply = admin.put("/v1/users/u-1", {**ANN, "cell_phone": cell_phone})

    assert reply.status == 422
    assert [error["field"] for error in reply.json["errors"]] == ["cell_phone"]


def test_users_are_listed_in_pages(world: World, admin: Gateway) -> None:
    """25 a page unless told otherwise, with the totals a pager needs."""
    world.organization()
    for count in range(30):
        world.user(f"u-{count:02d}")

    first = admin.get("/v1/users").json
    last = admin.get("/v1/users?page=4&per_page=8").json

    assert (len(first["items"]), first["page"], first["per_page"], first["total"], first["pages"]) == (25, 1, 25, 30, 2)
    assert (len(last["items"]), last["total"], last["pages"]) == (6, 30, 4)


def test_users_are_searched_and_filtered(ready: World, admin: Gateway) -> None:
    """By name, and by whether they have a number."""
    admin.put("/v1/users/u-2", {**ANN, "name": "Zoe Kim", "email": "zoe@acme.example"})

    def ids(query: str) -> list[str]:
        return [user["id"] for user in admin.get(f"/v1/users?{query}").json["items"]]

    assert ids("search=zoe") == ["u-2"]
    assert ids("provisioned=true") == ["u-1"]
    assert ids("provisioned=false") == ["u-2"]
    assert ids("search=nobody") == []


@pytest.mark.parametrize("query", ["page=0", "per_page=0", "per_page=101", "provisioned=perhaps", "page=x"])
def test_a_page_out_of_bounds_is_refused(ready: World, admin: Gateway, query: str) -> None:
    """422, never a surprise."""
    assert admin.get(f"/v1/users?{query}").status == 422


def test_a_contact_is_put_and_shown_with_its_standing(ready: World, api: Gateway) -> None:
    """The contact as stored; when it is read, what the caller may do with it."""
    stored = api.put("/v1/contacts/c-9", BO)
    shown = api.get("/v1/contacts/c-9").json

    assert stored.status == 200
    assert stored.json == {
        "id": "c-9",
        "owner_id": "u-1",
        "first_name": "Bo",
        "last_name": "Diaz",
        "cell_phone": "+13125550199",
        "email": None,
        "time_zone": None,
        "state": None,
        "postal_code": None,
    }
    assert shown.pop("sms") == {
        "consent": "none",
        "can_message": False,
        "can_request_opt_in": True,
        "reason": "opt-in-required",
        "requests_sent": 0,
        "next_request_at": None,
    }
    assert shown == stored.json


@pytest.mark.parametrize(
    "place",
    [
        {"time_zone": "America/Denver", "state": "Colorado", "postal_code": "80202-1234"},
        {"state": "on", "postal_code": "K1A 0B1"},
        {"state": "AE", "postal_code": "09012"},
    ],
)
def test_a_contact_says_where_it_is(ready: World, api: Gateway, place: dict[str, str]) -> None:
    """Kept as given, and shown: US, Canada, and the armed forces abroad."""
    stored = api.put("/v1/contacts/c-9", {**BO, **place})
    shown = api.get("/v1/contacts/c-9").json

    assert stored.status == 200
    assert {name: shown[name] for name in place} == place


def test_a_blank_place_is_none(ready: World, api: Gateway) -> None:
    """An empty field of a form says nothing."""
    stored = api.put("/v1/contacts/c-9", {**BO, "time_zone": "", "state": " ", "postal_code": ""})

    assert [stored.json[name] for name in ("time_zone", "state", "postal_code")] == [None, None, None]


def test_a_place_that_is_none_is_refused(ready: World, api: Gateway) -> None:
    """Each one is named, with what to give: a typo here would text somebody at the wrong hour."""
    reply = api.put(
        "/v1/contacts/c-9", {**BO, "time_zone": "Mars/Olympus", "state": "Bavaria", "postal_code": "SW1A 1AA"}
    )

    assert reply.slug == "invalid"
    assert [error["field"] for error in reply.json["errors"]] == ["time_zone", "state", "postal_code"]
    assert all(error["message"].startswith("Give ") for error in reply.json["errors"])
    assert api.get("/v1/contacts/c-9").status == 404


def test_a_contact_of_nobody_is_refused(ready: World, api: Gateway) -> None:
    """422: the owner has to be a user of the organization."""
    reply = api.put("/v1/contacts/c-9", {**BO, "owner_id": "ghost"})

    assert reply.status == 422
    assert reply.json["errors"][0]["field"] == "owner_id"


def test_contacts_are_listed_in_pages(ready: World, api: Gateway) -> None:
    """Every contact once, until `next_cursor` is null."""
    for count in range(5):
        api.put(f"/v1/contacts/x-{count}", BO)

    seen, cursor = [], ""
    while True:
        page = api.get(f"/v1/contacts?limit=2{cursor}").json
        seen += [contact["id"] for contact in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert sorted(seen) == ["c-1", *(f"x-{count}" for count in range(5))]


def test_another_organizations_contact_is_absent(ready: World, api: Gateway) -> None:
    """404, as for a contact that never was."""
    ready.organization("other")
    foreign = Gateway(ready.ports, org_id="other")

    assert foreign.get("/v1/contacts/c-1").json == {**api.get("/v1/contacts/nobody").json}
