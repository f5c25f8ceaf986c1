"""What is held is planned again, in the background: after a change of the window, and after a closing that left some.

A change of the window leaves an order. `release` carries it out by marking the openings that lie ahead; those, and any
that is due while the window is closed, are worked through page by page. Each message is decided anew and moved by one
conditional write, so any of this may be repeated, interrupted, or overtaken by the next change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from engage_sms.domain.due import LOOK_AHEAD, SETTLED, Opening, Replanning
from engage_sms.domain.planning import plan
from engage_sms.domain.replanning import replanned
from engage_sms.domain.settings import Settings
from engage_sms.domain.window import HORIZON
from engage_sms.errors import Conflict
from engage_sms.ports import Ports, Remove, Replace
from engage_sms.usecases.lookup import decide_again, find_recipient

GRACE = timedelta(seconds=30)
"""How long a message may still be held by the settings before the change: as long as a function may take for one."""
PAGE = 100


class Done(NamedTuple):
    """Messages put on the queue; and the opening, when there is more to do with it now."""

    messages: int = 0
    again: tuple[Opening, ...] = ()


def order_replanning(org_id: str, ports: Ports) -> None:
    """Leaves the order, or renews the one that is there: whoever is carrying it out then cannot remove it.

    change 1  order v1 ─► release: marks the openings ─► removes v1 ✗ Conflict: it is carried out again
    change 2                          order renewed, v2 ✓
    """

    def attempt() -> None:
        order = ports.store.replanning(org_id)
        due_at = ports.now() + GRACE
        renewed = Replanning(org_id=org_id, due_at=due_at) if order is None else replace(order, due_at=due_at)
        ports.store.commit(Replace(renewed))

    decide_again(attempt)


def mark_openings(order: Replanning, ports: Ports) -> None:
    """Marks all openings that lie ahead. Those that are due already meet the window as it is when their turn comes."""
    now = ports.now()
    for opening in ports.store.openings(order.org_id):
        if now < opening.begins <= now + HORIZON:
            _mark(opening, ports)
    try:
        ports.store.commit(Remove(order))
    except Conflict:
        return


def _mark(seen: Opening, ports: Ports) -> None:
    """A page of it that is being released or planned again just now cannot record its progress any more."""

    def attempt() -> None:
        opening = ports.store.opening(seen.org_id, seen.opens_at)
        if opening is not None:
            ports.store.commit(Replace(replace(opening, replanning=True, cursor=None, due_at=ports.now())))

    decide_again(attempt)


def plan_page_again(opening: Opening, settings: Settings, ports: Ports) -> Done:
    """Decides a page of the opening's messages anew, by the settings and the recipients as they are now.

    Against dispatch and a cancellation each move is conditional on the message being held still:

        page      reads m1 held until 13:00 ─────────────────────► held until 14:00 ✗ not held: it goes its way
        dispatch                   13:00: claim m1 ✓ ─► Twilio
        page      reads m2 held ─► held until 14:00 ✓
        dispatch      13:00: a copy of m2 ─► closed, and held until 14:00 already: nothing to do
    """
    now = ports.now()
    page = ports.store.held(opening.org_id, opening.opens_at, cursor=opening.cursor, limit=PAGE)
    for message in ports.store.messages_of(page.items):
        leaves = plan(settings, recipient=find_recipient(message, ports), now=now)
        step = replanned(message, opening, leaves, settings, now=now)
        if step is not None:
            ports.store.move(message.ref, step)
    if page.cursor is not None:
        return record(opening, replace(opening, cursor=page.cursor), ports, more=True)
    if not page.items and now >= opening.begins + SETTLED:
        return record(opening, None, ports)
    due_at = opening.begins if opening.replanning else now + LOOK_AHEAD * 2
    return record(opening, replace(opening, replanning=False, cursor=None, due_at=due_at), ports)


def record(opening: Opening, ahead: Opening | None, ports: Ports, *, messages: int = 0, more: bool = False) -> Done:
    """The opening's progress, written if nobody else's was in between. `ahead` None: it is over, and goes."""
    try:
        ports.store.commit(Remove(opening) if ahead is None else Replace(ahead))
    except Conflict:
        return Done(messages)
    again = (replace(ahead, version=opening.version + 1),) if ahead is not None and more else ()
    return Done(messages, again)
