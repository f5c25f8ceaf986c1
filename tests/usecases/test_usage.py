"""Segments: what Twilio reports, by month, beside our own count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.ports import Account, Twilio, TwilioMessage
from engage_sms.usecases.pull_usage import PullUsage, months_back, pull_usage
from engage_sms.usecases.report_usage import ReportUsage, report_usage
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.world import OPEN, ORG, World


def test_the_month_so_far_counts_what_twilio_reports_today_included(opted_in: World) -> None:
    """Sent and received segments of today are in the current month, and our ledger agrees."""
    send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="x" * 161), opted_in.ports)
    opted_in.pass_time(opted_in.clock.instant + timedelta(seconds=5))
    report = report_usage(ReportUsage(org_id=ORG), opted_in.ports)

    assert report.current.segments == report.reconciliation.ledger_segments
    assert report.reconciliation.difference == 0
    assert report.current.segments >= 6


def test_twelve_past_months_come_oldest_first(ready: World) -> None:
    """The nightly run fetches the year before; repeating it changes nothing."""
    organization = ready.store.organization(ORG)
    assert organization is not None
    assert organization.twilio.account_sid is not None
    ready.twilio.seed_usage(organization.twilio.account_sid, date(2025, 8, 3), 40, 30)
    ready.twilio.seed_usage(organization.twilio.account_sid, date(2026, 6, 30), 7, 7)
    pull_usage(PullUsage(org_id=ORG), ready.ports)
    pull_usage(PullUsage(org_id=ORG), ready.ports)
    report = report_usage(ReportUsage(org_id=ORG), ready.ports)
    months = {month.month: month.segments for month in report.months}

    assert report.months[0].month == "2025-07"
    assert len(months) == 12
    assert months["2025-08"] == 40
    assert months["2026-06"] == 7


def test_a_users_share_is_reported(opted_in: World) -> None:
    """Segments are attributed by the number that sent or received them."""
    opted_in.pass_time(OPEN + timedelta(days=1))
    pull_usage(PullUsage(org_id=ORG), opted_in.ports)
    whole = report_usage(ReportUsage(org_id=ORG), opted_in.ports)
    share = report_usage(ReportUsage(org_id=ORG, user_id="u-1"), opted_in.ports)

    assert share.current.segments == whole.current.segments > 0


def test_missed_nights_are_caught_up_with(opted_in: World) -> None:
    """However long the nightly run failed, no day stays uncounted."""
    pull_usage(PullUsage(org_id=ORG), opted_in.ports)
    opted_in.pass_time(OPEN + timedelta(days=1))
    opted_in.clock.advance(days=29)

    assert pull_usage(PullUsage(org_id=ORG), opted_in.ports) == 30
    assert opted_in.store.usage(ORG, OPEN.date(), OPEN.date())[0].by_user["u-1"] > 0


def test_a_days_messages_are_listed_until_none_changes_any_more(opted_in: World) -> None:
    """Ten days' figures each night, but long lists for the last days only; shares stay as they were found."""
    listed: list[date] = []

    class Listing:
        def __getattr__(self, name: str) -> object:
            return getattr(opted_in.ports.twilio, name)

        def messages_on(self, account: Account, day: date) -> Iterator[TwilioMessage]:
            listed.append(day)
            return opted_in.ports.twilio.messages_on(account, day)

    ports = replace(opted_in.ports, twilio=cast("Twilio", Listing()))
    for night in range(1, 8):
        opted_in.pass_time(OPEN + timedelta(days=night))
        pull_usage(PullUsage(org_id=ORG), ports)

    assert listed.count(OPEN.date()) == 3
    assert opted_in.store.usage(ORG, OPEN.date(), OPEN.date())[0].by_user["u-1"] > 0


def test_a_silent_twilio_is_said_not_hidden(ready: World) -> None:
    """When today cannot be asked, the report stands and says that today is missing."""
    ready.twilio.inject("usage.records.list", "500", 1)
    report = report_usage(ReportUsage(org_id=ORG), ready.ports)

    assert not report.reconciliation.today_included


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 36))
def test_months_back_counts_calendar_months(today: date, months: int) -> None:
    """So many months before is the first of that month."""
    first = months_back(today, months)

    assert first.day == 1
    assert (today.year - first.year) * 12 + today.month - first.month == months
