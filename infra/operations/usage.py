"""`engage-sms usage`: segments by organization and month as Twilio reports them, and how far our own count is off."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from engage_sms.ports import Ports
from engage_sms.usecases.lookup import find_organization
from engage_sms.usecases.report_usage import ReportUsage, report_usage
from infra.operations.answer import Answer, watched

COLUMNS = ("Organization", "Month", "Segments", "Difference")


def usage(options: argparse.Namespace, ports: Ports) -> Answer:
    """Months with segments, and the current one, whose difference (Twilio's less ours) is known day by day.

    Raises NotFound for an organization that is not there.
    """
    if options.organization:
        ids = [find_organization(options.organization, ports).id]
    else:
        ids = [organization.id for organization in ports.store.organizations()]
    rows = [row for org_id in watched(sorted(ids), "organizations") for row in _rows(org_id, ports)]
    total = sum(segments for _, month, segments, _ in rows if month == ports.now().date().isoformat()[:7])
    return Answer(sentence=f"{total} segments so far this month.", columns=COLUMNS, rows=rows)


def _rows(org_id: str, ports: Ports) -> Iterator[tuple[str, str, int, int | None]]:
    report = report_usage(ReportUsage(org_id=org_id), ports)
    for month in report.months:
        if month.segments:
            yield org_id, month.month, month.segments, None
    yield org_id, report.current.first.isoformat()[:7], report.current.segments, report.reconciliation.difference
