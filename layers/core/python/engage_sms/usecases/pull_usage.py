"""Each night: what Twilio reports of the last days, kept by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from engage_sms.domain.usage import UsageDay
from engage_sms.ports import Account, Overwrite, Ports
from engage_sms.usecases.lookup import find_account, find_organization

AGAIN = 10
"""Days that are pulled again each night: Twilio's figures settle late."""
LISTED = timedelta(days=3)
"""Messages of a day are listed for its users' shares until so long after it: from then on none changes any more."""


class PullUsage(NamedTuple):
    org_id: str


def pull_usage(command: PullUsage, ports: Ports) -> int:
    """Overwrites the days up to yesterday (GMT) with Twilio's figures; returns how many days it wrote.

    The first run of an organization fetches the current month and the twelve before it, a run after missed nights all
    that they left out. Repeating it writes the same.
    """
    organization = find_organization(command.org_id, ports)
    account = find_account(organization, ports)
    today, first_month = ports.now().date(), months_back(ports.now().date(), 12)
    yesterday, recent = today - timedelta(days=1), today - timedelta(days=AGAIN)
    stored = {usage.day: usage for usage in ports.store.usage(command.org_id, first_month, yesterday)}
    again = min(recent, max(stored) + timedelta(days=1)) if stored else recent
    first = again if stored else first_month
    reported = {row.day: row.segments for row in ports.twilio.reported_usage(account, first, yesterday)}
    days = [first + timedelta(days=offset) for offset in range((today - first).days)]
    for day in days:
        # Our own count has nothing to look for in the days before the organization was here.
        ours = _ledger(command.org_id, day, ports) if day >= organization.created_at.date() else 0
        usage = UsageDay(
            org_id=command.org_id,
            day=day,
            segments=reported.get(day, 0),
            by_user=_shares(command.org_id, day, stored.get(day), account, ports) if day >= again else {},
            ledger_segments=ours,
            pulled_at=ports.now(),
        )
        ports.store.commit(Overwrite(usage))
    return len(days)


def _shares(org_id: str, day: date, known: UsageDay | None, account: Account, ports: Ports) -> Mapping[str, int]:
    """As they are known, once they are settled; else from Twilio."""
    if known is not None and known.pulled_at.date() >= day + LISTED:
        return known.by_user
    return _by_user(org_id, day, account, ports)


def _ledger(org_id: str, day: date, ports: Ports) -> int:
    return sum(line.segments for line in ports.store.ledger(org_id, day))


def _by_user(org_id: str, day: date, account: Account, ports: Ports) -> dict[str, int]:
    """Twilio's segments of the day by the user whose number sent or received them; costs a list of all its messages."""
    by_number: Counter[str] = Counter()
    for message in ports.twilio.messages_on(account, day):
        by_number[message.number or ""] += message.segments
    by_user: Counter[str] = Counter()
    for phone, segments in by_number.items():
        number = ports.store.number(phone) if phone else None
        if number is not None and number.org_id == org_id:
            by_user[number.user_id] += segments
    return dict(by_user)


def months_back(today: date, months: int) -> date:
    """The first day of the month so many months before today's."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, 1)
