"""Opt-in requests sent by hand, and the evidence of consent."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from engage_sms.adapters.xray import follow
from engage_sms.edge import table
from engage_sms.edge.api import Accept, Caller, WithPorts, make_app
from engage_sms.edge.describe import operation
from engage_sms.edge.schemas.base import Id
from engage_sms.edge.schemas.directory import ConsentAnswer
from engage_sms.edge.schemas.messages import MessageAnswer
from engage_sms.usecases.request_opt_in import RequestOptIn, request_opt_in
from engage_sms.usecases.view_consent import ViewConsent, view_consent

app = make_app()
_EVIDENCE = ("at", "event", "user_id", "words", "message_id")


@app.post(
    "/v1/contacts/<id>/opt-in-requests",
    **operation(
        "Contacts",
        "Ask a contact to opt in",
        "At most 3 requests from a user to a contact, at least 12 hours apart; sent at once from the user's number.",
        {201: MessageAnswer},
        "not-found",
        "opt-in-limit-reached",
        "opt-in-too-soon",
        "already-opted-in",
        "opted-out",
        "no-valid-cell-phone",
        "user-has-no-number",
        "idempotency-key-reused",
        "request-in-progress",
    ),
)
def request(id: Annotated[Id, Path()], caller: Caller, ports: WithPorts) -> MessageAnswer:  # noqa: A002
    command = RequestOptIn(org_id=caller.org_id, user_id=caller.user_id, contact_id=id)
    message = request_opt_in(command, ports)
    follow(org_id=message.org_id, message_id=message.id)
    return MessageAnswer.of(message)


@app.get(
    "/v1/contacts/<id>/consent",
    **operation(
        "Contacts",
        "The contact's consent and its evidence",
        "Every step in its exact words, with time and message; as a table with `Accept: text/csv`.",
        {200: ConsentAnswer},
        "not-found",
        csv=table.to_csv(
            _EVIDENCE, [("2024-08-01T15:10:00Z", "opted_in", "u-17", "Yes", "01J47Z3V9K8Q2W5E7R9T1Y3U5I")]
        ),
    ),
)
def consent(
    id: Annotated[Id, Path()],  # noqa: A002
    caller: Caller,
    accept: Accept,
    ports: WithPorts,
) -> Response[ConsentAnswer | str]:
    standing, evidence = view_consent(ViewConsent(org_id=caller.org_id, user_id=caller.user_id, contact_id=id), ports)
    answer = ConsentAnswer.of(id, standing, evidence)
    if not table.wants_csv(accept):
        return Response(status_code=200, content_type="application/json", body=answer)
    rows = [list(step.model_dump(mode="json").values()) for step in answer.evidence]
    return Response(status_code=200, content_type=table.CONTENT_TYPE, body=table.to_csv(_EVIDENCE, rows))
