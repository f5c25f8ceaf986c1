"""One organization never reads, changes or learns of another's things, whatever ids, roles and tokens it comes with.

Every operation of the API is called with another organization's ids in every place where an id can stand, and once more
with ids of nothing: the two answers are equal, the other organization is untouched, and no key outside the caller's own
was even asked for. A new route is covered by itself; one whose ids nobody planned for fails.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import Any
from urllib.parse import urlencode

import pytest

from engage_sms.edge.openapi import document
from engage_sms.topology import ROUTES, Auth, Role, Route
from tests.attack.two_organizations import ABSENT, RIVAL, RIVAL_WORDS, Ids, TwoOrganizations
from tests.attack.webhook_requests import answer, signed_event, text_form
from tests.functions.gateway import Gateway, Reply
from tests.world import ORG

KIND_OF_SEGMENT = {
    "contacts": "contact",
    "conversations": "contact",
    "users": "user",
    "jobs": "job",
    "messages": "message",
    "organizations": "organization",
    "twilio": "organization",
}
"""What the id after this part of a path names."""
KIND_OF_FIELD = {
    "owner_id": "user",
    "user_id": "user",
    "user_ids": "user",
    "contact_id": "contact",
    "contact_ids": "contact",
    "message_id": "message",
    "message_ids": "message",
    "job_id": "job",
    "organization_id": "organization",
}
"""What an id in a body or a query names."""
CALLERS: Mapping[str, Mapping[str, Any]] = {
    "nobody in particular": {"roles": []},
    "user": {"roles": ["user"]},
    "admin": {"roles": ["admin"]},
    "all roles": {"roles": ["user", "admin", "platform"]},
    "platform": {"roles": ["platform"], "user_id": "root"},
    "namesake of a foreign user": {"roles": ["user", "admin"], "user_id": "u-r"},
}
OPERATIONS = [pytest.param(route, id=f"{route.method} {route.path}") for _, route in ROUTES]
ATTEMPTS = [
    pytest.param(route, caller, id=f"{route.method} {route.path}, {caller}")
    for _, route in ROUTES
    for caller in CALLERS
    # Naming other organizations is what the platform is for; Twilio's webhooks have no caller (below).
    if route.auth is not Auth.TWILIO and not (route.role is Role.PLATFORM and "platform" in CALLERS[caller]["roles"])
]


@dataclass(frozen=True)
class Slot:
    """A place of a request where an id stands: in the path, the query or the body."""

    where: str
    name: str
    kind: str


def slots_of(route: Route) -> list[Slot]:
    """Every place for an id that the route has. Raises KeyError for one that nobody planned for."""
    segments = route.path.split("/")
    slots = [
        Slot("path", segment, KIND_OF_SEGMENT[before])
        for before, segment in pairwise(segments)
        if segment.startswith("{")
    ]
    described = document()["paths"][route.path][route.method.lower()]
    fields = [("query", p["name"]) for p in described.get("parameters", []) if p["in"] == "query"]
    fields += [("body", name) for name in example_of(route)]
    return slots + [Slot(where, name, KIND_OF_FIELD[name]) for where, name in fields if re.search(r"(^|_)ids?$", name)]


def example_of(route: Route) -> Any:
    """The body that the description shows."""
    described = document()["paths"][route.path][route.method.lower()]
    content = described.get("requestBody", {}).get("content", {}).get("application/json")
    return copy.deepcopy(content["examples"]["example"]["value"]) if content else {}


def mixtures(route: Route) -> Iterator[tuple[bool, ...]]:
    """For each slot whether the id is somebody else's: all ways but the one with only own ids, unless there is none."""
    slots = slots_of(route)
    yield from (mixture for mixture in product((True, False), repeat=len(slots)) if any(mixture) or not slots)


def call(
    world: TwoOrganizations, route: Route, caller: Mapping[str, Any], mixture: tuple[bool, ...], other: Ids
) -> Reply:
    path, query, body = route.path, {}, example_of(route)
    for slot, is_other in zip(slots_of(route), mixture, strict=True):
        id_ = getattr(other if is_other else world.own, slot.kind)
        if slot.where == "path":
            path = path.replace(slot.name, id_, 1)
        elif slot.where == "query":
            query[slot.name] = id_
        else:
            body[slot.name] = [id_] if slot.name.endswith("s") else id_
    url = path + (f"?{urlencode(query)}" if query else "")
    return Gateway(world.ports, **caller).call(route.method, url, body or None)


class Worlds:
    """Hands out a world in its first state: the last one again as long as nothing changed in it."""

    def __init__(self) -> None:
        self._world: TwoOrganizations | None = None
        self._items: Any = None

    def fresh(self) -> TwoOrganizations:
        if self._world is None or self._world.recording.items() != self._items:
            self._world = TwoOrganizations()
            self._items = self._world.recording.items()
        self._world.recording.touched.clear()
        self._world.secrets.touched.clear()
        return self._world


@cache
def worlds() -> Worlds:
    return Worlds()


def normalized(reply: Reply, ids: Ids) -> tuple[int, Mapping[str, str], str]:
    """The answer without the ids that it echoes."""
    text = reply.text
    for id_ in (ids.contact, ids.user, ids.job, ids.message, ids.organization):
        text = text.replace(f'"{id_}"', '"ID"')
    return reply.status, reply.headers, text


def touched_by_call(world: TwoOrganizations) -> set[str]:
    """The organizations whose keys were asked for, and every key that is of none."""
    partitions = [partition.split("#") for partition in world.recording.touched]
    secrets = {name.rpartition("/")[2] for name in world.secrets.touched} - {"parent"}
    return {parts[1] if parts[0] == "ORG" else "#".join(parts) for parts in partitions} | secrets


@pytest.mark.parametrize(("route", "caller"), ATTEMPTS)
def test_what_is_foreign_is_as_absent(route: Route, caller: str) -> None:
    """Equal answers for foreign and for absent ids; the other organization untouched, unread and unmentioned."""
    for mixture in mixtures(route):
        world = worlds().fresh()
        before = world.of_rival()
        world.recording.touched.clear()
        world.secrets.touched.clear()
        foreign = call(world, route, CALLERS[caller], mixture, world.foreign)
        touched = touched_by_call(world)
        world.settle()
        after = world.of_rival()

        absent = call(worlds().fresh(), route, CALLERS[caller], mixture, ABSENT)

        assert foreign.status < 500
        assert normalized(foreign, world.foreign) == normalized(absent, ABSENT)
        assert [word for word in RIVAL_WORDS if word in foreign.text] == []
        assert touched <= {ORG}
        assert after == before


@pytest.mark.parametrize("route", [p for p in OPERATIONS if p.values[0].role in {Role.USER, Role.ADMIN}])
def test_a_token_of_the_other_organization_finds_nothing_of_ours(route: Route) -> None:
    """Seen from the other side: its administrator with our ids is answered as with ids of nothing."""
    rival = {"org_id": RIVAL, "user_id": "u-r", "roles": ["user", "admin"]}
    for mixture in mixtures(route):
        if not all(mixture):
            continue
        world = worlds().fresh()
        ours = call(world, route, rival, mixture, world.own)
        touched = touched_by_call(world)
        nothing = call(worlds().fresh(), route, rival, mixture, ABSENT)

        assert normalized(ours, world.own) == normalized(nothing, ABSENT)
        assert touched <= {RIVAL}


@pytest.mark.parametrize("path", ["/v1/numbers/provision", "/v1/numbers/deprovision"])
def test_a_job_over_foreign_users_finds_nobody(path: str) -> None:
    """The results for a foreign and for an absent user are equal, and the foreign user's number stays."""
    admin = {"roles": ["admin"], "user_id": "u-admin"}
    results = []
    for other in ("foreign", "absent"):
        world = worlds().fresh()
        ids = world.foreign if other == "foreign" else ABSENT
        before = world.of_rival()
        body = {"user_ids": [ids.user], "area_code_source": "user_cell"}
        if path.endswith("deprovision"):
            body = {"user_ids": [ids.user], "irreversible_acknowledged": True}
        gateway = Gateway(world.ports, **admin)  # type: ignore[arg-type]
        job = gateway.post(path, body).json["id"]
        world.settle()
        results.append(normalized(gateway.get(f"/v1/jobs/{job}/results"), ids))

        assert world.of_rival() == before

    assert results[0] == results[1]
    assert '"outcome":"failed"' in results[0][2].replace(" ", "")


@pytest.mark.parametrize("path", ["/v1/conversations", "/v1/conversations/{contact}/messages", "/v1/contacts"])
def test_a_foreign_cursor_begins_in_ones_own_list(path: str) -> None:
    """A cursor says how far, never where: one of another organization reads only the caller's partitions."""
    world = worlds().fresh()
    rival = Gateway(world.ports, org_id=RIVAL, user_id="u-r")
    cursor = rival.get(f"{path.format(contact='c-r')}?limit=1").json["next_cursor"]
    world.recording.touched.clear()

    reply = Gateway(world.ports).get(f"{path.format(contact='c-1')}?cursor={cursor}")

    assert cursor is not None
    assert reply.status == 200
    assert [word for word in RIVAL_WORDS if word in reply.text] == []
    assert touched_by_call(world) <= {ORG}


@pytest.mark.parametrize("what", ["messages", "status"])
def test_a_webhook_for_another_organization_is_as_one_for_none(what: str) -> None:
    """403 either way for what this organization's token signed, before anything of the state is read."""
    world = worlds().fresh()
    form = list(text_form(world, MessageStatus="failed").items())
    query = f"m=u-r.c-r.{world.foreign.message}" if what == "status" else ""
    before = world.of_rival()
    world.recording.touched.clear()

    foreign = answer(world, signed_event(world, what, form, query=query, org_id=RIVAL))
    absent = answer(world, signed_event(world, what, form, query=query, org_id=ABSENT.organization))

    assert foreign.slug == "bad-signature"
    assert foreign == absent
    assert world.recording.touched == set()
    assert world.of_rival() == before


def test_a_signed_text_to_a_foreign_number_is_as_one_to_none() -> None:
    """404 either way: the number alone says nothing of whose it is."""
    world = worlds().fresh()
    before = world.of_rival()
    number = world.number_of("u-r", org_id=RIVAL)

    foreign = answer(world, signed_event(world, "messages", list(text_form(world, To=number).items())))
    absent = answer(world, signed_event(world, "messages", list(text_form(world, To="+13125550000").items())))

    assert foreign.slug == "not-found"
    assert foreign == absent
    assert world.of_rival() == before


def test_a_signed_report_never_reaches_a_foreign_message() -> None:
    """204, and nothing changes: a reference is looked up in the organization whose token signed it."""
    world = worlds().fresh()
    form = list(text_form(world, MessageStatus="failed").items())
    before = world.recording.items()

    reply = answer(world, signed_event(world, "status", form, query=f"m=u-r.c-r.{world.foreign.message}"))

    assert reply.status == 204
    assert world.recording.items() == before


def test_equal_ids_in_two_organizations_are_two_things() -> None:
    """Each organization names its own users and contacts: what one changes under an id, the other never sees."""
    world = TwoOrganizations()
    mine, theirs = Gateway(world.ports, roles=["admin"]), Gateway(world.ports, org_id=RIVAL, roles=["admin"])
    before = mine.get("/v1/contacts/c-1")

    theirs.put("/v1/users/u-1", {"name": "Rita Two", "email": "two@rival.example", "cell_phone": "+13055550167"})
    theirs.put("/v1/contacts/c-1", {"owner_id": "u-1", "first_name": "Ravi", "last_name": "Two"})

    assert theirs.get("/v1/contacts/c-1").json["first_name"] == "Ravi"
    assert mine.get("/v1/contacts/c-1") == before


def test_a_route_with_an_unplanned_id_is_noticed() -> None:
    """The plan above has to grow with the API."""
    with pytest.raises(KeyError):
        slots_of(Route("GET", "/v1/secrets/{id}"))
