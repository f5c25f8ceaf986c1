"""One history: a plan drawn from its seed, played to its end and until everything has come to rest, then checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from engage_sms.domain.planning import rules_for
from engage_sms.domain.recipient import recipient_of
from engage_sms.domain.settings import resolve
from engage_sms.domain.window import next_closing, next_opening
from tests.simulation.actions import ACTIONS
from tests.simulation.actions.action import PHONES, Action
from tests.simulation.actions.automation import DeliverAgain, Redrive, Resume
from tests.simulation.checks import Finding, check
from tests.simulation.history import History
from tests.simulation.start import begin
from tests.simulation.system import Ambush, System

REST = timedelta(days=12)
"""Longer than anything waits: a journey's opt-in 7 days, a hold 3."""
PAUSED_REST = timedelta(hours=2)
"""What is paused rests as it is: a look every minute would find it so."""
VICTIMS = ("dispatch", "dispatch", "dispatch", "relay", "release", "webhooks", "journeys", "jobs", "api")
CALLS = (1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 12)
HOLDS = (0.01, 0.3, 1.0, 4.0, 20.0, 55.0)
"""Seconds that whoever is ambushed stands still."""


@dataclass(frozen=True)
class Step:
    """An action, what time passes before it, and whether it lies in ambush for a function at its `call`th call."""

    number: int
    gap: str
    seconds: float
    action: Action
    victim: str | None = None
    call: int = 0
    holds: float = 0.0


def draw_plan(seed: int) -> list[Step]:
    random = Random(f"{seed} plan")
    kinds, weights = zip(*ACTIONS, strict=True)
    # A history leaves out some kinds of actions altogether: what crowds out the rest hides it.
    weights = tuple(weight * random.choice((0, 1, 1, 1, 4)) for weight in weights)
    if not any(weights):
        weights = tuple(1 for _ in weights)
    return [_draw_step(number, random.choices(kinds, weights)[0], random) for number in range(random.randint(6, 24))]


def _draw_step(number: int, kind: type[Action], random: Random) -> Step:
    gap, seconds = random.choice(
        (
            ("pass", 0.0),
            ("pass", random.uniform(0, 0.3)),
            ("pass", random.uniform(0.3, 8)),
            ("pass", random.uniform(0.3, 8)),
            ("pass", random.uniform(8, 400)),
            ("pass", random.uniform(400, 5000)),
            ("pass", random.choice((11.9, 12.0, 12.1)) * 3600),
            ("to the edge", random.uniform(-12, 3)),
        )
    )
    action = kind.draw(random)
    if kind is DeliverAgain or random.random() < 0.4:
        victim = "dispatch" if kind is DeliverAgain else random.choice(VICTIMS)
        return Step(number, gap, seconds, action, victim, random.choice(CALLS), random.choice(HOLDS))
    return Step(number, gap, seconds, action)


def play(seed: int, plan: Sequence[Step] | None = None) -> History:
    """The history of the seed; with a plan of those steps alone."""
    system = begin(seed)
    for step in draw_plan(seed) if plan is None else plan:
        system.random.seed(f"{seed} step {step.number}")
        _pass(step, system)
        _take(step, system)
    _come_to_rest(system)
    return system.history


def _pass(step: Step, system: System) -> None:
    until = system.now() + timedelta(seconds=max(0.0, step.seconds))
    if step.gap == "to the edge":
        until = _edge(system) + timedelta(seconds=step.seconds)
    if until > system.now():
        system.engine.run(until)


def _edge(system: System) -> datetime:
    """When the first organization's window next opens or closes."""
    organization = system.calm.store.organization("acme")
    assert organization is not None
    rules = rules_for(resolve(organization.settings), recipient_of(None, PHONES["c-1"]))
    edges = (next_opening(rules, system.now()), next_closing(rules, system.now()))
    return min((edge for edge in edges if edge is not None and edge > system.now()), default=system.now())


def _take(step: Step, system: System) -> None:
    system.history.actions[type(step.action).__name__] += 1

    def do() -> None:
        system.say(f"{step.number:>3} {step.action}")
        step.action.do(system)

    if step.victim is None:
        do()
    else:
        system.ambushes.append(Ambush(step.victim, step.call, step.holds, do))


def _come_to_rest(system: System) -> None:
    """Nothing goes wrong any more; who still lies in ambush gives up; time passes until nothing is left to do."""
    system.say("    from here on nothing goes wrong")
    system.trouble.over = True
    system.history.calm_since = system.now()
    system.refusals.clear()
    system.ambushes.clear()
    system.engine.run(system.now() + timedelta(minutes=30))
    if system.seed % 3:
        for org_id in ("acme", "bolt"):
            Resume(org_id).do(system)
    paused = any(organization.paused_at for organization in system.calm.store.organizations())
    ends = system.now() + (PAUSED_REST if paused and system.seed % 3 == 0 else REST)
    while system.now() < ends:
        Redrive().do(system)
        system.engine.run(min(ends, system.now() + timedelta(days=1)))
    for _ in range(2):
        system.sweep()
        system.engine.run(system.now() + timedelta(minutes=61))
    history = system.history
    history.ended = system.now()
    history.at_twilio = {message["sid"]: message["status"] for message in system.twilio.messages()}
    for org_id in ("acme", "bolt"):
        history.due |= {(org_id, opening.opens_at) for opening in system.calm.store.openings(org_id)}
    far = history.ended + timedelta(days=400)
    history.due |= {(timer.ref.org_id, timer.due_at) for timer in system.calm.store.due_timers(far)}


def findings(seed: int, plan: Sequence[Step] | None = None) -> list[Finding]:
    return check(play(seed, plan))


def shrink(seed: int, plan: Sequence[Step]) -> list[Step]:
    """The plan without every step that the first finding does not need."""
    broken = findings(seed, plan)[0].invariant
    kept, size = list(plan), max(1, len(plan) // 2)
    while size:
        position = 0
        while position < len(kept):
            fewer = kept[:position] + kept[position + size :]
            if any(finding.invariant is broken for finding in findings(seed, fewer)):
                kept = fewer
            else:
                position += size
        size //= 2
    return kept
