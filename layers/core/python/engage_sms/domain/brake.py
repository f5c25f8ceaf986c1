"""What stops all automation of one organization for a while: an administrator's brake, and Twilio's refusals.

The breaker, for refusals that concern the whole account and not one message:

    closed ──refusal──► open until ──(until is over)──► one message probes ──(60 s without a refusal)──► closed
                          ▲   twice as long each time        │ the others wait
                          └───────────refusal────────────────┘

A closed breaker remembers for a day, so that an account that is refused again soon rests longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engage_sms.domain.directory import AccountRefusal, Organization
from engage_sms.domain.message import Hold, MessageRef

PAUSED = "paused"
"""The rule of a hold that lasts until an administrator resumes."""
REFUSED = "provider"
"""The rule of a hold that lasts as long as Twilio refuses the account."""
ACCOUNT_LEVEL = frozenset({"20003", "30002", "30034"})
"""Authentication failed, account suspended, sender not registered (twilio.com/docs/api/errors): the next message would
meet the same."""
FIRST_REST = timedelta(minutes=5)
LONGEST_REST = timedelta(hours=4)
PROBE = timedelta(seconds=60)
"""How long one message may show whether Twilio takes messages again: some refusals come by callback."""
MEMORY = timedelta(days=1)
_AGES = timedelta(days=365_000)


@dataclass(frozen=True, kw_only=True)
class Underway:
    """The automated messages that one worker of dispatch took from the queue at `at`: some may be past recall."""

    org_id: str
    worker: str
    refs: tuple[MessageRef, ...]
    at: datetime


def until_resumed(paused_at: datetime) -> datetime:
    """The opening of this pause: an instant that never comes by itself, and is no other pause's."""
    return paused_at + _AGES


def standstill(organization: Organization, now: datetime) -> Hold | None:
    """Why nothing automated of the organization may leave now; None when its automation runs."""
    if organization.paused_at is not None:
        reason = "An administrator paused all automation."
        return Hold(reason=reason, rule=PAUSED, until=until_resumed(organization.paused_at))
    refusal = organization.refusal
    if refusal is not None and now < refusal.until:
        return refusal_hold(refusal)
    return None


def refusal_hold(refusal: AccountRefusal) -> Hold:
    reason = f"Twilio refuses the organization's messages (error {refusal.code})."
    return Hold(reason=reason, rule=REFUSED, until=refusal.until)


def after_refusal(known: AccountRefusal | None, *, code: str, now: datetime) -> AccountRefusal:
    """The breaker after a refusal; the same when it is open already: what was on its way says nothing new."""
    if known is not None and now < known.until and not known.probing:
        return known
    again = known is not None and now < known.until + MEMORY
    count = known.count + 1 if known is not None and again else 1
    return AccountRefusal(code=code, count=count, until=now + min(LONGEST_REST, FIRST_REST * 2 ** min(count - 1, 10)))


def probe(known: AccountRefusal | None, now: datetime) -> AccountRefusal | None:
    """The breaker while one message probes, where the rest is over and none does; None when no probe is asked for."""
    if known is None or known.probing or now < known.until:
        return None
    return replace(known, probing=True, until=now + PROBE)
