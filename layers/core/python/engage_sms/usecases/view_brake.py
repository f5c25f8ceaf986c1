"""Whether automation is stopped, and what a resume would send."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from engage_sms.domain.brake import until_resumed
from engage_sms.domain.directory import AccountRefusal
from engage_sms.domain.due import Opening
from engage_sms.ports import Ports
from engage_sms.usecases.count_held import count_held
from engage_sms.usecases.lookup import find_organization

MOST_COUNTED = 10_000
"""Messages of one opening; beyond, there are simply more."""
_PAGE = 1000


class ViewBrake(NamedTuple):
    org_id: str


class Waiting(NamedTuple):
    """Messages held for one opening: `messages` of them, or `more`. `opens_at` is None for those the pause held."""

    opens_at: datetime | None
    messages: int
    more: bool


class Brake(NamedTuple):
    """`resume_sends` may leave as soon as automation runs, as far as windows allow; `later` at its opening anyway.

    `refusal` is there while Twilio refuses the account, which stops automation as well.
    """

    paused_at: datetime | None
    refusal: AccountRefusal | None
    resume_sends: tuple[Waiting, ...]
    later: tuple[Waiting, ...]


def view_brake(command: ViewBrake, ports: Ports) -> Brake:
    """What stands still and why. What is on a queue already (at most 15 minutes' worth) still counts as held."""
    organization = find_organization(command.org_id, ports, consistent=True)
    now = ports.now()
    pause = until_resumed(organization.paused_at) if organization.paused_at else None
    due: list[Waiting] = []
    later: list[Waiting] = []
    for opening in ports.store.openings(command.org_id):
        due_on_resume = opening.begins <= now or opening.opens_at == pause
        waiting = _count(opening, by_pause=opening.opens_at == pause or opening.resumed_at is not None, ports=ports)
        if waiting.messages:
            (due if due_on_resume else later).append(waiting)
    refusal = organization.refusal
    return Brake(
        paused_at=organization.paused_at,
        refusal=refusal if refusal is not None and now < refusal.until else None,
        resume_sends=tuple(due),
        later=tuple(later),
    )


def _count(opening: Opening, *, by_pause: bool, ports: Ports) -> Waiting:
    messages, more = count_held(opening.org_id, opening.opens_at, ports, most=MOST_COUNTED, page=_PAGE)
    return Waiting(opens_at=None if by_pause else opening.opens_at, messages=messages, more=more)
