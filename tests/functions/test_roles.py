"""Who may call what: every route of the topology, with every role."""

from __future__ import annotations

import re

import pytest

from engage_sms.topology import ROUTES, Auth, Role, Route
from tests.functions.gateway import Gateway
from tests.world import World

WITH_TOKEN = [route for _, route in ROUTES if route.auth is Auth.JWT]
NAMES = [f"{route.method} {route.path}" for route in WITH_TOKEN]
MAY = {
    Role.USER: {"user", "admin"},
    Role.ADMIN: {"admin"},
    Role.PLATFORM: {"platform"},
}


def called(api: Gateway, route: Route) -> int:
    path = re.sub(r"\{\w+\}", "x-1", route.path)
    return api.call(route.method, path, {} if route.method in {"POST", "PUT", "PATCH"} else None).status


@pytest.mark.parametrize("roles", [[], ["user"], ["admin"], ["platform"], ["user", "stranger"]], ids=str)
@pytest.mark.parametrize("route", WITH_TOKEN, ids=NAMES)
def test_a_route_answers_its_role_only(world: World, route: Route, roles: list[str]) -> None:
    """403 for any other role, before the body is even looked at; an administrator may do what a user may."""
    assert route.role is not None
    world.organization()
    allowed = bool(MAY[route.role] & set(roles))

    status = called(Gateway(world.ports, roles=roles), route)

    assert (status != 403) is allowed
    assert status < 500


@pytest.mark.parametrize("route", WITH_TOKEN, ids=NAMES)
def test_a_token_that_names_nobody_is_refused(world: World, route: Route) -> None:
    """401 on every route when the token lacks the user's claim."""
    path = re.sub(r"\{\w+\}", "x-1", route.path)

    reply = Gateway(world.ports).call(route.method, path, claims={"org_id": "acme", "roles": ["admin", "platform"]})

    assert reply.status == 401
    assert reply.slug == "unauthorized"


@pytest.mark.parametrize("route", [route for route in WITH_TOKEN if route.role is not Role.PLATFORM])
def test_a_token_without_an_organization_is_refused(world: World, route: Route) -> None:
    """401 on every route but the platform's."""
    path = re.sub(r"\{\w+\}", "x-1", route.path)

    reply = Gateway(world.ports).call(route.method, path, claims={"sub": "u-1", "roles": ["admin", "platform"]})

    assert reply.status == 401


@pytest.mark.parametrize(("function", "route"), ROUTES, ids=[f"{r.method} {r.path}" for _, r in ROUTES])
def test_every_route_is_answered_by_its_function(world: World, function: object, route: Route) -> None:
    """The topology's function knows the path: whatever it answers, it is not `unknown-route`."""
    path = re.sub(r"\{\w+\}", "x-1", route.path)

    reply = Gateway(world.ports, roles=["user", "admin", "platform"]).call(route.method, path)

    assert reply.status != 404 or reply.slug != "unknown-route"
