"""Who is calling, read from the token's claims."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.edge.principal import authorize, roles_in, route_of
from engage_sms.errors import Rejected
from engage_sms.ports import ClaimNames
from engage_sms.topology import ROUTES, Role


def event(claims: dict[str, Any] | None, path: str = "/v1/contacts", method: str = "GET") -> dict[str, Any]:
    context: dict[str, Any] = {"http": {"method": method, "path": path}}
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    return {"rawPath": path, "requestContext": context}


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["admin", "user"], {Role.ADMIN, Role.USER}),
        ("[admin user]", {Role.ADMIN, Role.USER}),
        ("admin user", {Role.ADMIN, Role.USER}),
        ("admin,user", {Role.ADMIN, Role.USER}),
        ("admin, user", {Role.ADMIN, Role.USER}),
        ('["admin","user"]', {Role.ADMIN, Role.USER}),
        ("platform", {Role.PLATFORM}),
        ("[]", set()),
        ("", set()),
        (None, set()),
        ("administrator superuser", set()),
        (5, set()),
        ("<nil>", set()),
    ],
)
def test_roles_are_read_in_every_spelling(claim: object, roles: set[Role]) -> None:
    """A list, words, and the way API Gateway writes a list; roles of other products are ignored."""
    assert roles_in(claim) == roles


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_no_claim_breaks_the_reading_of_roles(claim: object) -> None:
    """Whatever stands in the claim, the answer is a set of known roles."""
    assert roles_in(claim) <= set(Role)


def test_claim_names_are_configuration() -> None:
    """Another issuer's claims are read by their own names."""
    names = ClaimNames(user="uid", organization="tenant", roles="groups")

    principal = authorize(event({"uid": "u-1", "tenant": "acme", "groups": "user"}), names)

    assert principal is not None
    assert (principal.user_id, principal.org_id, principal.roles) == ("u-1", "acme", frozenset({Role.USER}))


@pytest.mark.parametrize("claims", [None, {}, {"sub": "u-1"}, {"org_id": "acme"}, {"sub": "", "org_id": "acme"}])
def test_a_token_that_names_nobody_is_refused(claims: dict[str, Any] | None) -> None:
    """401, and it says which claim is missing."""
    with pytest.raises(Rejected) as refusal:
        authorize(event(claims), ClaimNames())

    assert (refusal.value.slug, refusal.value.status) == ("unauthorized", 401)


@pytest.mark.parametrize("path", ["/nothing", "/v1/contacts\n", "/v1/contacts/", "//v1/contacts"])
def test_a_path_that_is_no_route_is_refused(path: str) -> None:
    """404 before the resolver sees it, whose pattern ends before a line feed: nobody was asked for a token."""
    with pytest.raises(Rejected) as refusal:
        authorize(event(None, path), ClaimNames())

    assert refusal.value.slug == "unknown-route"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "u-1", "org_id": "acme#CONTACTS"},
        {"sub": "u-1", "org_id": "<nil>"},
        {"sub": "<nil>", "org_id": "acme"},
        {"sub": "u#1", "org_id": "acme"},
        {"sub": "u" * 129, "org_id": "acme"},
    ],
)
def test_claims_that_name_nobody_of_ours_are_refused(claims: dict[str, Any]) -> None:
    """401: with the keys' separator, or as API Gateway writes null, a claim could mean somebody else, or everybody."""
    with pytest.raises(Rejected) as refusal:
        authorize(event({**claims, "roles": "[user]"}), ClaimNames())

    assert refusal.value.slug == "unauthorized"


def test_a_user_may_be_named_as_issuers_do() -> None:
    """`auth0|5f7c` is a user like any other."""
    principal = authorize(event({"sub": "auth0|5f7c", "org_id": "acme", "roles": "[user]"}), ClaimNames())

    assert principal is not None
    assert principal.user_id == "auth0|5f7c"


def test_fixed_paths_come_before_those_with_parameters() -> None:
    """Every route of the topology finds itself, not a wider one."""
    for _, route in ROUTES:
        path = route.path.replace("{", "").replace("}", "")

        assert route_of(route.method, path) == route
