"""Each night: texts that an organization has kept for as long as it wants to are removed, for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from typing import NamedTuple

from engage_sms.domain.directory import Organization
from engage_sms.domain.retention import Retention, days_over
from engage_sms.domain.settings import resolve
from engage_sms.ports import Overwrite, Ports
from engage_sms.usecases.attempts import Attempts, Failure


class RemoveBodies(NamedTuple):
    """`until`: the run ends then, wherever it is, and the next one goes on from there."""

    until: datetime


class RetentionReport(NamedTuple):
    """How many texts one run removed, whether time ran out before all were, and what failed."""

    removed: int = 0
    unfinished: bool = False
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, order=True)
class Day:
    """One UTC day of one organization: the oldest goes first, whoever's it is."""

    day: date
    org_id: str


def remove_bodies(command: RemoveBodies, ports: Ports) -> RetentionReport:
    """Works through the days that are over, those of a missed night included. Repeating it is harmless.

    A day that fails is reported and begun again by the next run; the other days and organizations get their turn. A day
    is written off only when it and all before it are done; two runs at once may write it back, which repeats it.
    """
    tried, removed = Attempts(), 0
    behind: set[str] = set()
    for due in _due(tried, ports):
        count = tried.attempt(due.org_id, partial(_clear, due, command.until, ports), None)
        removed += count or 0
        if count is None:
            behind.add(due.org_id)
        elif ports.now() >= command.until:
            return RetentionReport(removed, unfinished=True, failures=tuple(tried.failures))
        elif due.org_id not in behind:
            tried.attempt(due.org_id, partial(_write_off, due, ports), None)
    return RetentionReport(removed, failures=tuple(tried.failures))


def _due(tried: Attempts, ports: Ports) -> list[Day]:
    none: tuple[Day, ...] = ()
    organizations = ports.store.organizations()
    days = (tried.attempt(each.id, partial(_days_of, each, ports), none) for each in organizations)
    return sorted(chain.from_iterable(days))


def _days_of(organization: Organization, ports: Ports) -> tuple[Day, ...]:
    body_days = resolve(organization.settings).retention_body_days
    if body_days is None:
        return ()
    known = ports.store.retention(organization.id)
    since = known.bodies_since if known else organization.created_at.date()
    days = days_over(since=since, today=ports.now().date(), body_days=body_days)
    return tuple(Day(day, organization.id) for day in days)


def _clear(due: Day, until: datetime, ports: Ports) -> int:
    """How many texts it removed; what is left when time is up is found by the next run."""
    count = 0
    for message in ports.store.bodies(due.org_id, due.day):
        if ports.now() >= until:
            break
        count += ports.store.remove_body(message.ref, at=ports.now()) is not None
    return count


def _write_off(due: Day, ports: Ports) -> None:
    ports.store.commit(Overwrite(Retention(org_id=due.org_id, bodies_since=due.day + timedelta(days=1))))
