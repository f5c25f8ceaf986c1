"""What a clock has to start: openings with held messages, and single messages whose time runs out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engage_sms.domain.message import MessageRef

LOOK_AHEAD = timedelta(minutes=2)
"""How long before an opening `release` begins with it: it runs every minute, and may miss one."""
SETTLED = timedelta(minutes=10)
"""An opening this old with an empty bucket is over."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """An instant at which an organization's held messages may leave, and how far their release has come.

    `due_at` is when `release` looks at it next: first the opening itself, then the end of each wave.
    `cursor` is where the next page of the bucket starts.
    `resumed_at`: of a pause's opening, when an administrator ended the pause. While `replanning` its messages are
    planned again, page by page from `cursor`, instead of released.
    """

    org_id: str
    opens_at: datetime
    due_at: datetime
    cursor: str | None = None
    resumed_at: datetime | None = None
    replanning: bool = False
    version: int = 0

    @property
    def begins(self) -> datetime:
        """The instant from which its messages may leave."""
        return self.resumed_at or self.opens_at


@dataclass(frozen=True, kw_only=True)
class Replanning:
    """An order to plan again, from `due_at` on, all that an organization holds: its window has changed.

    There is one for an organization; a later change takes its place.
    """

    org_id: str
    due_at: datetime
    version: int = 0


class TimerKind(StrEnum):
    """What to do with the message when the timer is due."""

    EXPIRE = "expire"
    RECONCILE = "reconcile"


@dataclass(frozen=True, kw_only=True)
class Timer:
    """Something to do for one message at `due_at`: expire it, or ask Twilio what became of it."""

    ref: MessageRef
    kind: TimerKind
    due_at: datetime
    attempt: int = 0


@dataclass(frozen=True, kw_only=True)
class Parked:
    """A message whose outcome is unknown `since` then, while Twilio cannot be asked: look-ups go on slowly."""

    ref: MessageRef
    since: datetime
    reason: str
    attempts: int
