"""Segments of the month so far and the twelve before."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from engage_sms.edge import table
from engage_sms.edge.api import Accept, Caller, WithPorts, make_app
from engage_sms.edge.describe import operation
from engage_sms.edge.schemas.base import Id
from engage_sms.edge.schemas.usage import UsageAnswer
from engage_sms.usecases.report_usage import ReportUsage, report_usage

app = make_app()
_COLUMNS = ("month", "segments")


@app.get(
    "/v1/usage",
    **operation(
        "Usage",
        "Segments that Twilio reports",
        "The month so far (GMT days) and the twelve before it, for the organization or one user, with the difference "
        "to our own ledger; as a table with `Accept: text/csv`, the current month last.",
        {200: UsageAnswer},
        "not-found",
        csv=table.to_csv(_COLUMNS, [("2024-07", 9787), ("2024-08", 4210)]),
    ),
)
def usage(
    caller: Caller,
    accept: Accept,
    ports: WithPorts,
    user_id: Annotated[Id | None, Query(description="One user's share; the whole organization when left out.")] = None,
) -> Response[UsageAnswer | str]:
    answer = UsageAnswer.of(report_usage(ReportUsage(org_id=caller.org_id, user_id=user_id), ports))
    if not table.wants_csv(accept):
        return Response(status_code=200, content_type="application/json", body=answer)
    rows = [(total.month, total.segments) for total in answer.months]
    rows.append((answer.current.first.isoformat()[:7], answer.current.segments))
    return Response(status_code=200, content_type=table.CONTENT_TYPE, body=table.to_csv(_COLUMNS, rows))
