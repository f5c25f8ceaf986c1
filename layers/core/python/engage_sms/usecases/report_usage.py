"""Twilio-reported segments: the month so far and the twelve before it, and how our own count compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from engage_sms.domain.usage import UsageDay
from engage_sms.errors import OutcomeUnknown, Refused, Retryable
from engage_sms.ports import Ports
from engage_sms.usecases.pull_usage import months_back


class ReportUsage(NamedTuple):
    """`user_id` narrows the report to one user; None is the whole organization."""

    org_id: str
    user_id: str | None = None


class Period(NamedTuple):
    """GMT days, both inclusive."""

    first: date
    last: date
    segments: int


class MonthTotal(NamedTuple):
    month: str
    segments: int


class Reconciliation(NamedTuple):
    """The current month by Twilio's count and by ours. `today_included` is false when Twilio could not be asked."""

    twilio_segments: int
    ledger_segments: int
    difference: int
    today_included: bool


class UsageReport(NamedTuple):
    current: Period
    months: tuple[MonthTotal, ...]
    reconciliation: Reconciliation


def report_usage(command: ReportUsage, ports: Ports) -> UsageReport:
    """Stored days plus today, which is asked of Twilio now (for one user: our own count of today)."""
    today = ports.now().date()
    start = months_back(today, 0)
    days = [day for day in ports.store.usage(command.org_id, months_back(today, 12), today) if day.day < today]
    ours_today = sum(
        line.segments for line in ports.store.ledger(command.org_id, today) if command.user_id in {None, line.user_id}
    )
    reported_today = ours_today if command.user_id else _reported_today(command.org_id, today, ports)
    twilio = _total(days, command.user_id, since=start) + (reported_today or 0)
    ledger = twilio if command.user_id else sum(day.ledger_segments for day in days if day.day >= start) + ours_today
    return UsageReport(
        current=Period(first=start, last=today, segments=twilio),
        months=_months(days, command.user_id, today),
        reconciliation=Reconciliation(
            twilio_segments=twilio,
            ledger_segments=ledger,
            difference=twilio - ledger,
            today_included=reported_today is not None,
        ),
    )


def _reported_today(org_id: str, today: date, ports: Ports) -> int | None:
    """Twilio's count of today; None while it cannot be asked, which the report then says."""
    account = ports.account(org_id)
    if account is None:
        return 0
    try:
        return sum(row.segments for row in ports.twilio.reported_usage(account, today, today))
    except (Retryable, Refused, OutcomeUnknown):
        return None


def _months(days: Sequence[UsageDay], user_id: str | None, today: date) -> tuple[MonthTotal, ...]:
    totals: Counter[str] = Counter()
    for day in days:
        totals[day.day.isoformat()[:7]] += _segments(day, user_id)
    past = [months_back(today, back).isoformat()[:7] for back in range(12, 0, -1)]
    return tuple(MonthTotal(month=month, segments=totals[month]) for month in past)


def _total(days: Sequence[UsageDay], user_id: str | None, *, since: date) -> int:
    return sum(_segments(day, user_id) for day in days if day.day >= since)


def _segments(day: UsageDay, user_id: str | None) -> int:
    return day.segments if user_id is None else day.by_user.get(user_id, 0)
