"""One message and three deliveries of it: every way it can go, one after another, without chance.

Each delivery is answered, unanswered though Twilio took it, refused, or its process ends right before or right after
any one call of a port. In the end nothing was sent twice, and what is recorded is what Twilio has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from engage_sms.adapters.store import TableStore
from engage_sms.domain.message import FINAL, Message, Status
from engage_sms.errors import EngageError, OutcomeUnknown
from engage_sms.ports import Ports
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.simulation.engine import Crash
from tests.world import ORG, World

FATES = ("ok", "accepted, answer lost", "rejected", "crash before the call", "crash after the call")
VISIBILITY = timedelta(seconds=180)


@dataclass
class Calls:
    """Counts the calls of ports; the process ends before (even) or after (odd) the one that `ends` points to."""

    ends: int | None = None
    made: int = 0

    def through(self, call: Callable[[], Any]) -> Any:
        number, self.made = self.made, self.made + 1
        if self.ends == 2 * number:
            raise Crash
        answer = call()
        if self.ends == 2 * number + 1:
            raise Crash
        return answer


class Door:
    """Stands for a port or a table."""

    def __init__(self, port: Any, calls: Calls) -> None:
        self._port = port
        self._calls = calls

    def __getattr__(self, method: str) -> Any:
        whole = getattr(self._port, method)
        return lambda *args, **options: self._calls.through(lambda: whole(*args, **options))


class Fated:
    """Twilio, for one delivery."""

    def __init__(self, twilio: Any, fate: str) -> None:
        self._twilio = twilio
        self._fate = fate

    def __getattr__(self, method: str) -> Any:
        return getattr(self._twilio, method)

    def send(self, *args: Any, **options: Any) -> Any:
        if self._fate == "crash before the call":
            raise Crash
        sent = self._twilio.send(*args, **options)
        if self._fate == "accepted, answer lost":
            raise OutcomeUnknown("No answer.")
        if self._fate == "crash after the call":
            raise Crash
        return sent


def ports_of(world: World, calls: Calls, fate: str) -> Ports:
    store = TableStore(Door(world.table, calls), now=world.clock)  # type: ignore[arg-type]
    twilio = Door(Fated(world.ports.twilio, fate), calls)
    return replace(world.ports, store=store, twilio=twilio, secrets=Door(world.ports.secrets, calls))  # type: ignore[arg-type]


def deliver(world: World, message: Message, *, fate: str = "ok", ends: int | None = None) -> int:
    """One delivery by the queue; gives the number of calls of ports. Then the visibility timeout passes."""
    calls = Calls(ends)
    if fate == "rejected":
        world.twilio.inject("messages.create", "21211")
    with suppress(EngageError, Crash):
        dispatch_message(DispatchMessage(ref=message.ref), ports_of(world, calls, fate))
    world.clock.advance(seconds=VISIBILITY.total_seconds())
    return calls.made


def played(*attempts: tuple[str, int | None], callbacks: bool) -> tuple[World, Message, list[int]]:
    """A world in which the queue delivered the message so often; and how many calls each delivery made."""
    world = World().opted_in()
    message = send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi"), world.ports)
    world.table.changes()  # type: ignore[union-attr]  # the deliveries here are the only ones
    calls = []
    for fate, ends in attempts:
        if not callbacks:
            world.twilio.inject("callbacks", "dropped", 3)
        calls.append(deliver(world, message, fate=fate, ends=ends))
    return world, message, calls


def judge(world: World, message: Message) -> None:
    """Time passes until it is settled; then what Twilio took and what is recorded agree, and it is at most one."""
    for _ in range(3):
        dispatch_message(DispatchMessage(ref=message.ref), world.ports)
        world.pass_time(world.clock.instant + timedelta(minutes=35))
    stored = world.message(message)
    taken = sum(one["body"] == "Hi" for one in world.twilio.messages())

    assert stored.status in FINAL | {Status.SENT}
    assert taken <= 1
    assert (stored.status in {Status.SENT, Status.DELIVERED}) == bool(taken)


@pytest.mark.parametrize("fates", [*product(FATES, repeat=3)], ids=" + ".join)
def test_three_deliveries_with_every_fate(fates: tuple[str, str, str]) -> None:
    """All 125: none doubled, none lost."""
    world, message, _ = played(*((fate, None) for fate in fates), callbacks=False)

    judge(world, message)


Attempt = tuple[str, int | None]


def crash_points(callbacks: bool) -> Iterator[tuple[Attempt, ...]]:
    """Every history of three deliveries whose processes end at some call of a port, or never.

    Deliveries that leave the same behind (all that end before the claim do) are gone on from once.
    """
    begun: list[tuple[Attempt, ...]] = [()]
    known = set()
    for _ in range(3):
        further: list[tuple[Attempt, ...]] = []
        for before in begun:
            *_, calls = played(*before, ("ok", None), callbacks=callbacks)[2]
            ways: list[Attempt] = [("ok", None), ("accepted, answer lost", None)]
            for attempt in ways + [("ok", ends) for ends in range(2 * calls)]:
                yield (*before, attempt)
                world, message, _ = played(*before, attempt, callbacks=callbacks)
                left = (len(before), world.message(message).status, len(world.twilio.messages()))
                if left not in known:
                    known.add(left)
                    further.append((*before, attempt))
        begun = further


@pytest.mark.parametrize("callbacks", [True, False], ids=["with callbacks", "without callbacks"])
def test_three_deliveries_that_end_at_every_call(callbacks: bool) -> None:
    """A process that is gone before or after any call leaves nothing doubled and nothing lost."""
    seen = 0
    for attempts in crash_points(callbacks):
        seen += 1
        world, message, _ = played(*attempts, callbacks=callbacks)
        judge(world, message)

    assert seen > 50
