"""The checker bites: with one guard of the product taken out, some history of the first few breaks a promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engage_sms.domain import consent, planning, window
from engage_sms.domain.message import Status, Transition
from engage_sms.usecases import (
    accept_journey_step,
    dispatch_message,
    expire_overdue,
    reconcile_message,
    relay_change,
    settle_sent,
)
from tests.simulation.checks import check
from tests.simulation.play import play

SEEDS = 1500
"""A mutation that survives so many histories is not noticed."""


@dataclass(frozen=True)
class Mutation:
    """What is left out, how, and the number of the invariant that breaks without it."""

    name: str
    breaks: set[int]
    apply: Callable[[pytest.MonkeyPatch], None]


def without_the_claims_condition(patch: pytest.MonkeyPatch) -> None:
    """Dispatch takes a message wherever it stands."""
    whole = dispatch_message.claim

    def claim(**given: Any) -> Transition:
        return replace(whole(**given), leaves=frozenset(Status))

    patch.setattr(dispatch_message, "claim", claim)


def without_the_lease(patch: pytest.MonkeyPatch) -> None:
    """A message in somebody's claim is taken to be waiting still."""
    patch.setattr(dispatch_message, "_watch_over", lambda message, ports: _again(message, ports))


def _again(message: Any, ports: Any) -> None:
    back = replace(message, status=Status.QUEUED, lease_until=None)
    organization, leaves = dispatch_message._leave(back, ports)
    ports.store.move(message.ref, dispatch_message._attempt(message, organization, leaves, ports))


def without_the_consent_read(patch: pytest.MonkeyPatch) -> None:
    """Dispatch goes by what was known when the message was written."""
    whole = dispatch_message._obstacle

    def obstacle(message: Any, ports: Any) -> Any:
        found = whole(message, ports)
        return None if found and found.code in {"opted-out", "opt-in-required"} else found

    patch.setattr(dispatch_message, "_obstacle", obstacle)


def without_the_fold(patch: pytest.MonkeyPatch) -> None:
    """The clock on the wall is reckoned from midnight on, as if no day had an hour too many or too few."""

    def local(zone: ZoneInfo, instant: datetime) -> tuple[date, int]:
        midnight = datetime.combine(instant.astimezone(UTC).date(), time(), zone)
        wall = instant.astimezone(UTC).replace(tzinfo=None) + (midnight.utcoffset() or timedelta(0))
        return wall.date(), wall.hour * 60 + wall.minute

    patch.setattr(window, "_local", local)


def without_the_settle_time(patch: pytest.MonkeyPatch) -> None:
    """The first look at Twilio's list is the last, and at once."""
    patch.setattr(reconcile_message, "MOST_LOOKUPS", 1)
    patch.setattr(relay_change, "SETTLE", timedelta(0))


def without_the_lookup(patch: pytest.MonkeyPatch) -> None:
    """An unknown outcome is sent again."""
    whole = dispatch_message.unanswered
    patch.setattr(dispatch_message, "unanswered", lambda *, now: dispatch_message.returned(now=now, detail=str(whole)))


def without_the_steps_mark(patch: pytest.MonkeyPatch) -> None:
    """A journey step is not remembered."""
    whole = accept_journey_step.Once
    count = iter(range(10**9))
    patch.setattr(accept_journey_step, "Once", lambda scope, key: whole(scope, f"{key}{next(count)}"))


def without_the_requests_stamp(patch: pytest.MonkeyPatch) -> None:
    """What counts for the 12 hours is when a request was to leave."""
    patch.setattr(dispatch_message, "leaving", lambda known, user_id, *, message_id, at: known)


def without_the_budget(patch: pytest.MonkeyPatch) -> None:
    """Requests are not counted."""
    patch.setattr(consent, "MAX_REQUESTS", 100)


def without_the_window_at_dispatch(patch: pytest.MonkeyPatch) -> None:
    """What was queued in the window leaves whenever it comes."""

    def always(settings: Any, *, recipient: Any, now: datetime) -> planning.Plan:
        return planning.Plan(Status.QUEUED, now)

    patch.setattr(dispatch_message, "plan_call", always)


def without_the_length_of_a_call(patch: pytest.MonkeyPatch) -> None:
    """Twilio is taken to get a message the moment it is sent."""
    patch.setattr(planning, "CALL", timedelta(0))


def without_the_turn(patch: pytest.MonkeyPatch) -> None:
    """Only the slots pace."""
    patch.setattr(dispatch_message, "take_turn", lambda organization, ports, *, patience: ports.now())


def without_the_nightly_question(patch: pytest.MonkeyPatch) -> None:
    """What was sent waits for its report, lost or not."""
    patch.setattr(settle_sent, "_settle", lambda message, theirs, ports: False)


def without_the_end_in_a_pause(patch: pytest.MonkeyPatch) -> None:
    """Only who releases a message sees its end."""
    patch.setattr(expire_overdue, "_expire", lambda organization, ports: 0)


MUTATIONS = (
    Mutation("the claim's condition", {2}, without_the_claims_condition),
    Mutation("the lease", {2}, without_the_lease),
    Mutation("the consent read", {4}, without_the_consent_read),
    Mutation("the fold", {3}, without_the_fold),
    Mutation("the settle time", {1}, without_the_settle_time),
    Mutation("the look-up of an unknown", {2}, without_the_lookup),
    Mutation("the mark of a journey's step", {2}, without_the_steps_mark),
    Mutation("the stamp of a request", {5}, without_the_requests_stamp),
    Mutation("the budget of requests", {5}, without_the_budget),
    Mutation("the window at dispatch", {3}, without_the_window_at_dispatch),
    Mutation("the length of a call", {3}, without_the_length_of_a_call),
    Mutation("the turn", {8}, without_the_turn),
    Mutation("the nightly question", {1}, without_the_nightly_question),
    Mutation("the end in a pause", {1}, without_the_end_in_a_pause),
)


@pytest.mark.no_cover
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_without_a_guard_a_promise_breaks(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each guard is missed, and by the check that it is there for."""
    mutation.apply(monkeypatch)

    broken = (
        seed
        for seed in range(SEEDS)
        if any(finding.invariant.number in mutation.breaks for finding in check(play(seed)))
    )
    assert next(broken, None) is not None
