"""Who is calling: the claims of the token that API Gateway has verified, and the one place that checks roles.

Which role a route needs is written once, in `topology`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from engage_sms.edge.kinds import rejected
from engage_sms.errors import Rejected
from engage_sms.ports import ClaimNames
from engage_sms.topology import ROUTES, Auth, Role, Route


class Principal(NamedTuple):
    """A caller: the user's id, the organization it acts for (empty for a platform token without one), and its roles."""

    user_id: str
    org_id: str
    roles: frozenset[Role]

    def may(self, role: Role | None) -> bool:
        """An administrator may do what a user may; the platform is no part of any organization."""
        if role is Role.USER and Role.ADMIN in self.roles:
            return True
        return role is None or role in self.roles


def authorize(event: Mapping[str, Any], names: ClaimNames) -> Principal | None:
    """The caller of an API Gateway HTTP API event (payload format 2.0), if it may call the route it asks for.

    None for routes that need no token. Raises Rejected `unauthorized` (401) when the token does not say who is calling,
    `forbidden` (403) when the route needs another role, `unknown-route` (404) for what is no route of the topology: the
    resolver's patterns are a little wider, and nobody would have been asked for a token.
    """
    http = event["requestContext"]["http"]
    route = route_of(http["method"], event["rawPath"])
    if route is None:
        raise rejected("unknown-route")
    if route.auth is not Auth.JWT:
        return None
    principal = _principal(event, names, organization_needed=route.role is not Role.PLATFORM)
    if not principal.may(route.role):
        raise Rejected("forbidden", f"This needs the role {route.role}; sign in as somebody who has it.", status=403)
    return principal


def route_of(method: str, path: str) -> Route | None:
    """The topology's route that answers this request; fixed paths come before those with parameters."""
    for route, pattern in _patterns():
        if route.method == method and pattern.fullmatch(path):
            return route
    return None


@cache
def _patterns() -> tuple[tuple[Route, re.Pattern[str]], ...]:
    routes = sorted((route for _, route in ROUTES), key=lambda route: route.path.count("{"))
    return tuple((route, re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path))) for route in routes)


def _principal(event: Mapping[str, Any], names: ClaimNames, *, organization_needed: bool) -> Principal:
    authorizer = event["requestContext"].get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    user_id = _id(claims.get(names.user), _USER)
    org_id = _id(claims.get(names.organization), _ORGANIZATION)
    missing = [] if user_id else [names.user]
    if organization_needed and not org_id:
        missing.append(names.organization)
    if missing:
        detail = f"Send a bearer token that has the claim {' and '.join(missing)}."
        raise Rejected("unauthorized", detail, status=401)
    return Principal(user_id=user_id, org_id=org_id, roles=roles_in(claims.get(names.roles)))


def _id(claim: object, pattern: re.Pattern[str]) -> str:
    """The id, or nothing where the claim is none that this system could have been given."""
    text = str(claim or "")
    return text if pattern.fullmatch(text) else ""


_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USER = re.compile(r"(?!<nil>$)[!\"$-~]{1,128}")
"""Issuers name users in many ways (`auth0|5f7c`), but never with `#`, which separates the parts of our keys. `<nil>` is
how API Gateway writes a claim that is null."""


def roles_in(claim: object) -> frozenset[Role]:
    """The roles we know among those of a claim: a list, words with blanks or commas, or `[admin user]`.

    The last is how API Gateway writes a list claim; roles of other products are ignored.
    """
    words = claim if isinstance(claim, list) else re.split(r"[\s,]+", str(claim or "").strip("[] "))
    known = {str(role): role for role in Role}
    return frozenset(known[word] for word in (str(w).strip("\"'") for w in words) if word in known)
