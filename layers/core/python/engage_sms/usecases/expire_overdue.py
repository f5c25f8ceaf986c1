"""Every hour: what expired at an opening that passed while automation stands still has its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from engage_sms.domain.brake import standstill
from engage_sms.domain.directory import Organization
from engage_sms.domain.due import Opening
from engage_sms.domain.message import MessageRef, Status
from engage_sms.domain.replanning import expired
from engage_sms.ports import Ports
from engage_sms.usecases.attempts import Attempts, Failure

HELD = frozenset({Status.HELD})


class ExpiryReport(NamedTuple):
    """How many messages one run ended, and what failed."""

    expired: int = 0
    failures: tuple[Failure, ...] = ()


def expire_overdue(organizations: Iterable[Organization], ports: Ports) -> ExpiryReport:
    """Ends what should have left by now, may not, and has expired. Repeating it is harmless.

    A held message whose opening comes before its end has no timer for that: whoever releases it would see the end.
    While the organization is paused nobody does. It costs half a read unit for each overdue message an hour, and
    nothing for an organization whose automation runs. One that fails is reported; the others get their turn.
    """
    tried, count = Attempts(), 0
    for organization in organizations:
        if standstill(organization, ports.now()) is not None:
            count += tried.attempt(organization.id, partial(_expire, organization, ports), 0)
    return ExpiryReport(count, tuple(tried.failures))


def _expire(organization: Organization, ports: Ports) -> int:
    """Conditional on the message being held still: one that a resume lets go meanwhile goes its way.

    sweep    reads m1 held, expired ─────────────► expired if held ✗
    resume            release ─► dispatch: expired ✓
    """
    count = 0
    for opening in ports.store.openings(organization.id):
        if opening.begins > ports.now():
            continue
        for message in ports.store.messages_of(_held(opening, ports)):
            now = ports.now()
            if message.status is Status.HELD and message.expires_at is not None and message.expires_at <= now:
                count += ports.store.move(message.ref, expired(now, leaves=HELD)) is not None
    return count


def _held(opening: Opening, ports: Ports) -> Iterator[MessageRef]:
    """The opening's bucket, page by page."""
    cursor: str | None = None
    while True:
        page = ports.store.held(opening.org_id, opening.opens_at, cursor=cursor)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return
