"""Every hour: what Twilio bills as a number is held against what we know of it, and what is nobody's goes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from engage_sms.domain.directory import Number, Organization, Ownership, TwilioStatus, User, ownership
from engage_sms.domain.naming import number_tag
from engage_sms.errors import Conflict
from engage_sms.ports import Account, OwnedNumber, Ports, Replace
from engage_sms.usecases.attempts import Attempts, Failure
from engage_sms.usecases.give_back import GiveBack, give_back
from engage_sms.usecases.lookup import find_account

GRACE = timedelta(hours=1)
"""How long a provisioning may take before its number counts as forgotten: longer than the queue `jobs` delivers one
subject again and again. One that is later still loses nothing but the number: see `give_back`."""


class Finding(StrEnum):
    """What the sweep found, and did."""

    GIVEN_BACK = "given_back"
    """Nobody's, or of an interrupted release: given back to Twilio."""
    REJOINED = "rejoined"
    """Its owner had no number: has it again."""
    LOST = "lost"
    """A user's number that Twilio no longer has. Only reported: a person has to decide what the user gets."""
    FOREIGN = "foreign"
    """At Twilio, and not bought here. Only reported: it may be in use for something else."""


class Found(NamedTuple):
    """One number that was not as it should be, by its sid at Twilio; and whose it was to be."""

    finding: Finding
    org_id: str
    number_sid: str
    user_id: str | None


class SweepReport(NamedTuple):
    """What one sweep found, and what it could not look at."""

    found: tuple[Found, ...] = ()
    failures: tuple[Failure, ...] = ()


Check = Callable[[], Found | None]


def sweep_numbers(organizations: Iterable[Organization], ports: Ports) -> SweepReport:
    """Checks every number of those organizations that have an account. Repeating it is harmless.

    What fails is reported; the other numbers and organizations get their turn.
    """
    tried = Attempts()
    found: list[Found | None] = []
    for organization in organizations:
        if organization.twilio.status is TwilioStatus.ACTIVE:
            checks: list[Check] = tried.attempt(organization.id, partial(_checks, organization, ports), [])
            found += [tried.attempt(organization.id, check, None) for check in checks]
    return SweepReport(tuple(filter(None, found)), tuple(tried.failures))


def _checks(organization: Organization, ports: Ports) -> list[Check]:
    """One for each number that Twilio or a user has. The users come first: what was bought since is young."""
    account = find_account(organization, ports)
    users = tuple(ports.store.users(organization.id))
    buyers = {number_tag(organization.id, user.id): user.id for user in users}
    at_twilio = ports.twilio.owned_numbers(account)
    there = {number.sid for number in at_twilio}
    return [
        *(partial(_owned, organization.id, number, buyers, account, ports) for number in at_twilio),
        *(partial(_missing, user, ports) for user in users if user.number_sid and user.number_sid not in there),
    ]


def _owned(org_id: str, number: OwnedNumber, buyers: dict[str, str], account: Account, ports: Ports) -> Found | None:
    """A number that Twilio has: its owner is as the records say; without one it goes, once its grace is over."""
    known = ports.store.number(number.phone, consistent=True)
    standing = ownership(known, number.sid)
    if known is not None and standing is Ownership.OWNED:
        return _rejoin(known, number, account, ports)
    user_id = known.user_id if known is not None and standing is Ownership.GIVEN_BACK else None
    user_id = user_id or buyers.get(number.friendly_name)
    found = partial(Found, org_id=org_id, number_sid=number.sid, user_id=user_id)
    if user_id is None:
        return found(finding=Finding.FOREIGN)
    if standing is Ownership.FREE and ports.now() < number.created_at + GRACE:
        return None
    gone = give_back(GiveBack(org_id=org_id, user_id=user_id, owned=number), account, ports)
    return found(finding=Finding.GIVEN_BACK) if gone else None


def _rejoin(known: Number, number: OwnedNumber, account: Account, ports: Ports) -> Found | None:
    """The number's record says whose it is; its owner says the same, or is made to.

    Both are written in one transaction everywhere, so this mends what was written by hand. An owner without a number
    has this one again, an owner with another one keeps that, and this one goes. Conditional on both as they were read:

        sweep        number v4: ann's ─ ann v7: none ─► number + ann v8 ✗ Conflict: somebody is at it, next time
        deprovision            ann v6 ─► v7 and number v5: given back ✓
    """
    user = ports.store.user(known.org_id, known.user_id, consistent=True)
    if user is not None and user.number_sid == known.sid:
        return None
    found = partial(Found, org_id=known.org_id, number_sid=known.sid, user_id=known.user_id)
    try:
        if user is not None and user.number is None:
            holder = replace(user, number=known.phone, number_sid=known.sid, provisioned_at=known.provisioned_at)
            ports.store.commit(Replace(known), Replace(holder))
            return found(finding=Finding.REJOINED)
        ports.store.commit(Replace(replace(known, released_at=ports.now())))
    except Conflict:
        return None
    give_back(GiveBack(org_id=known.org_id, user_id=known.user_id, owned=number), account, ports)
    return found(finding=Finding.GIVEN_BACK)


def _missing(user: User, ports: Ports) -> Found | None:
    """A user's number that was not in Twilio's list: reported, unless it is new, or no longer the user's."""
    sid = user.number_sid
    current = ports.store.user(user.org_id, user.id, consistent=True)
    if current is None or sid is None or current.number_sid != sid:
        return None
    if current.provisioned_at is not None and ports.now() < current.provisioned_at + GRACE:
        return None
    return Found(finding=Finding.LOST, org_id=user.org_id, number_sid=sid, user_id=user.id)
