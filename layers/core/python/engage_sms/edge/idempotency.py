"""The `Idempotency-Key` header: the same key and request get the same answer, however often they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.edge.headers import has_header, header
from engage_sms.edge.principal import Principal, route_of
from engage_sms.errors import Invalid
from engage_sms.ports import Ports

LONGEST_KEY = 255
"""Characters."""


def once(
    event: Mapping[str, Any],
    principal: Principal | None,
    ports: Ports | None,
    context: LambdaContext,
    answer: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """The answer to a POST; remembered when the request carries a key and succeeds.

    Keys of different organizations, users and routes never meet. A refusal is not remembered: it changed nothing, and
    the same request may succeed later.
    """
    http = event["requestContext"]["http"]
    if principal is None or ports is None or http["method"] != "POST":
        return answer()
    key = _key(event)
    if key is None:
        return answer()
    if ports.answers is None:
        raise RuntimeError("The API's ports need a memory of answers.")
    route = route_of(http["method"], event["rawPath"])
    scope = [principal.org_id, principal.user_id, route.path if route else "", key]
    request = [event["rawPath"], event.get("rawQueryString", ""), event.get("body") or ""]

    def kept() -> dict[str, Any]:
        given = answer()
        if given["statusCode"] >= 400:
            raise NotKept(given)
        return given

    try:
        return ports.answers.once(
            json.dumps(scope), json.dumps(request), kept, time_left=context.get_remaining_time_in_millis()
        )
    except NotKept as refusal:
        return refusal.answer


class NotKept(Exception):
    """Carries an answer past the memory of answers."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("not kept")
        self.answer = answer


def _key(event: Mapping[str, Any]) -> str | None:
    """The header's value. Raises Invalid for one that is empty or too long."""
    if not has_header(event, "idempotency-key"):
        return None
    key = header(event, "idempotency-key").strip()
    if not 1 <= len(key) <= LONGEST_KEY:
        raise Invalid([{"field": "Idempotency-Key", "message": f"Give 1 to {LONGEST_KEY} characters."}])
    return key
