"""Twilio-reported segments by month, and how they compare with our own ledger."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from engage_sms.edge.schemas.base import Schema, example
from engage_sms.usecases.report_usage import UsageReport

_CURRENT = {"from": "2024-08-01", "to": "2024-08-14", "segments": 4210}
_RECONCILIATION = {"twilio_segments": 4210, "ledger_segments": 4208, "difference": 2, "today_included": True}
_MONTHS = [{"month": f"2023-{month:02d}", "segments": 9000 + 37 * month} for month in range(8, 13)] + [
    {"month": f"2024-{month:02d}", "segments": 9500 + 41 * month} for month in range(1, 8)
]


class PeriodAnswer(Schema):
    """The month so far: GMT days, both included."""

    model_config = example(**_CURRENT)

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    segments: int


class MonthAnswer(Schema):
    """One month's segments."""

    model_config = example(**_MONTHS[0])

    month: str
    segments: int


class ReconciliationAnswer(Schema):
    """The month so far by Twilio's count and by ours; `today_included` is false when Twilio could not be asked."""

    model_config = example(**_RECONCILIATION)

    twilio_segments: int
    ledger_segments: int
    difference: int
    today_included: bool


class UsageAnswer(Schema):
    """The month so far, the twelve before it, oldest first, and the difference to our own ledger."""

    model_config = example(current=_CURRENT, months=_MONTHS, reconciliation=_RECONCILIATION)

    current: PeriodAnswer
    months: list[MonthAnswer]
    reconciliation: ReconciliationAnswer

    @classmethod
    def of(cls, report: UsageReport) -> UsageAnswer:
        current, compared = report.current, report.reconciliation
        return cls(
            current=PeriodAnswer.model_validate(
                {"from": current.first, "to": current.last, "segments": current.segments}
            ),
            months=[MonthAnswer(month=total.month, segments=total.segments) for total in report.months],
            reconciliation=ReconciliationAnswer(
                twilio_segments=compared.twilio_segments,
                ledger_segments=compared.ledger_segments,
                difference=compared.difference,
                today_included=compared.today_included,
            ),
        )
