"""The API's description, attacked: requests made from it, right and wrong, over the gateway, functions and all.

No 5xx, and every answer has a status, a content type, headers and a body that the description allows. Seeded and
bounded: the same requests in every run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from engage_sms.edge.openapi import document
from engage_sms.topology import ROUTES, Auth, Route
from infra.local.functions import Functions
from infra.local.gateway import Gateway
from infra.local.server import Application, make_application
from infra.local.tokens import Tokens
from tests.attack.test_isolation import slots_of
from tests.attack.two_organizations import TwoOrganizations
from tests.world import ORG, PHONE

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NEVER_DONE = [
    route
    for _, route in ROUTES
    if route.auth is Auth.TWILIO or route.method == "DELETE" or route.path.endswith("/opt-in-requests")
]
"""What drawn requests cannot succeed at: unsigned webhooks, a message that waits no longer, a contact who opted in."""
EXAMPLES = 20
"""For each operation."""


@pytest.fixture(scope="module")
def world() -> TwoOrganizations:
    return TwoOrganizations()


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens("http://localhost/local")


@pytest.fixture(scope="module")
def token(tokens: Tokens) -> str:
    return tokens.issue({"sub": "u-1", "org_id": ORG, "roles": ["user", "admin", "platform"]})


@pytest.fixture(scope="module")
def application(world: TwoOrganizations, tokens: Tokens) -> Application:
    """The front door as it is on this machine, over ports in memory."""
    gateway = Gateway(Functions(world.ports, prefix="attacked-"), tokens, SimpleNamespace(now=world.clock))  # type: ignore[arg-type]
    return make_application(gateway, SimpleNamespace(handle=None))  # type: ignore[arg-type]


SCHEMA = schemathesis.openapi.from_dict(document())
ATTACKS = [
    pytest.param(route, mode, id=f"{route.method} {route.path}, {mode.value}")
    for _, route in ROUTES
    for mode in GenerationMode
    # What takes nothing can be asked nothing wrong.
    if mode is GenerationMode.POSITIVE or route.auth is not Auth.NONE
]


@pytest.mark.parametrize(("route", "mode"), ATTACKS)
def test_every_answer_is_as_described(
    route: Route, mode: GenerationMode, world: TwoOrganizations, application: Application, token: str
) -> None:
    """With the token of somebody who may do everything, about real things and others, in requests right and wrong."""
    SCHEMA.app = application

    @given(case=SCHEMA[route.path][route.method].as_strategy(generation_mode=mode), real=st.booleans())
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    def attack(case: Any, real: bool) -> None:
        if real:
            case.path_parameters |= {name: id_ for name, id_ in ids.items() if name in case.path_parameters}
            if isinstance(case.body, dict) and "owner_id" in case.body:
                case.body |= {"owner_id": world.own.user, "cell_phone": PHONE}
        met.add(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

    ids = {slot.name.strip("{}"): getattr(world.own, slot.kind) for slot in slots_of(route) if slot.where == "path"}
    headers = {"Authorization": f"Bearer {token}"}
    met: set[int] = set()
    attack()

    assert mode is GenerationMode.NEGATIVE or any(status < 300 for status in met) or route in NEVER_DONE
