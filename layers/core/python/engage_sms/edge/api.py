"""One function's part of the HTTP API: from API Gateway's event to its answer, the same way for all of them.

event ─► who calls, may they? ─► answered before? ─► validate ─► route ─► answer
              401, 403           same key: same answer    400, 422       or a problem
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Depends, Request, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.edge.headers import header
from engage_sms.edge.idempotency import once
from engage_sms.edge.json_body import check_object
from engage_sms.edge.kinds import CONTENT_TYPE, Problem, rejected
from engage_sms.edge.principal import Principal, authorize
from engage_sms.edge.problems import problem_of
from engage_sms.ports import ClaimNames, Ports

_ONE_AT_A_TIME = threading.Lock()
"""Powertools keeps the current event on a class, so two requests in one process would read each other's. In Lambda
there is one request at a time; the local system and tests may have more."""


def make_app() -> APIGatewayHttpResolver:
    """A resolver that validates bodies, parameters and answers, and turns every exception into a problem."""
    app = APIGatewayHttpResolver(
        enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
    )

    @app.exception_handler(Exception)  # type: ignore[untyped-decorator]  # Powertools gives it no type
    def answer_problem(error: Exception) -> Response[str]:
        problem = problem_of(error)
        return Response(
            status_code=problem.status, content_type=CONTENT_TYPE, body=problem.body, headers=dict(problem.headers)
        )

    return app


def serve(
    app: APIGatewayHttpResolver, event: Mapping[str, Any], context: LambdaContext, ports: Ports | None
) -> dict[str, Any]:
    """The answer to an HTTP API event (payload format 2.0); never raises.

    `ports` may be left out where no route needs any.
    """
    try:
        principal = authorize(event, ports.claims if ports else ClaimNames())
        readable = _with_text_body(event)
        return once(readable, principal, ports, context, lambda: _resolve(app, readable, context, ports, principal))
    except Exception as error:  # noqa: BLE001  the last line of defence: a problem, never a bare 500
        return _answer(problem_of(error))


def _resolve(
    app: APIGatewayHttpResolver,
    event: Mapping[str, Any],
    context: LambdaContext,
    ports: Ports | None,
    principal: Principal | None,
) -> dict[str, Any]:
    with _ONE_AT_A_TIME:
        app.context.update(ports=ports, principal=principal)
        return app.resolve(dict(event), context)


def _with_text_body(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event with its body as text. Raises Rejected for a body that is not JSON, or not one clear object.

    Powertools would take a form for JSON, and the first entry of a list for the object it asks for.
    """
    if not event.get("body"):
        return event
    kind = header(event, "content-type").partition(";")[0].strip().lower()
    if kind not in {"", "application/json"}:
        raise rejected("unsupported-media-type")
    text = event["body"]
    if event.get("isBase64Encoded"):
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as wrong:
            raise rejected("malformed-body") from wrong
    check_object(text)
    return {**event, "body": text, "isBase64Encoded": False}


def _answer(problem: Problem) -> dict[str, Any]:
    headers = {"Content-Type": CONTENT_TYPE, **problem.headers}
    return {"statusCode": problem.status, "headers": headers, "body": problem.body, "isBase64Encoded": False}


def _ports(request: Request) -> Ports:
    ports: Ports = request.context["ports"]
    return ports


def _caller(request: Request) -> Principal:
    principal: Principal = request.context["principal"]
    return principal


def _accept(request: Request) -> str:
    return header(request.resolved_event.raw_event, "accept")


WithPorts = Annotated[Ports, Depends(_ports)]
Caller = Annotated[Principal, Depends(_caller)]
Accept = Annotated[str, Depends(_accept)]
