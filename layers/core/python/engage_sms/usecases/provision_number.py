"""One user gets one number: searched, bought, put into the Messaging Service, assigned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from engage_sms.domain.directory import Number, Organization, Ownership, User, ownership
from engage_sms.domain.job import Job, Outcome
from engage_sms.domain.naming import number_tag
from engage_sms.domain.phone import area_code, location, overlays
from engage_sms.errors import Refused, Retryable
from engage_sms.ports import Account, OfferedNumber, OwnedNumber, Ports, Replace
from engage_sms.usecases.give_back import GiveBack, give_back
from engage_sms.usecases.lookup import decide_again, find_account, find_organization, find_user

TAKEN = 21422
"""Twilio: the number is no longer available; somebody else bought it since it was offered."""


class Attempted(NamedTuple):
    """How it went for one user; `steps` says where a number was looked for."""

    outcome: Outcome
    number: str | None = None
    reason: str | None = None
    steps: tuple[str, ...] = ()


class Place(NamedTuple):
    """Somewhere to look for a number: in an area code, near a phone, or in a state."""

    step: str
    area_code: str | None = None
    near: str | None = None
    region: str | None = None


def provision_number(job: Job, user_id: str, ports: Ports) -> Attempted:
    """Buys and assigns a number, or continues where an earlier delivery died.

    A purchase is not idempotent, so it is made under a tag that names the user, and what already carries the tag is
    adopted instead of bought again:

        delivery 1  look for tag: none ─► buy ─✗ dies (or the answer is lost)
        delivery 2  look for tag: found ─► into the service ─► assign ✓         one number, paid once

    Raises Retryable when the number it had in hand was given back meanwhile: the next delivery starts anew.
    """
    user = find_user(job.org_id, user_id, ports, consistent=True)
    if user.number is not None:
        return Attempted(Outcome.SKIPPED, number=user.number, reason="The user has a number already.")
    organization = find_organization(job.org_id, ports)
    account = find_account(organization, ports)
    tag = number_tag(job.org_id, user_id)
    steps: list[str] = []
    owned = _adopt(user, account, tag, ports) or _buy(account, tag, _places(user, job), steps, ports)
    if owned is None:
        return Attempted(
            Outcome.FAILED, reason="Twilio offers no number in any of the places tried.", steps=tuple(steps)
        )
    try:
        ports.twilio.add_to_service(account, organization.twilio.messaging_service_sid or "", owned.sid)
    except Refused:
        _check_still_there(ports.store.number(owned.phone, consistent=True), owned)
        raise
    return _assign(organization, user, owned, account, tuple(steps), ports)


def _adopt(user: User, account: Account, tag: str, ports: Ports) -> OwnedNumber | None:
    """The number bought under the tag before; one too many (two deliveries bought at once) is given back."""
    tagged = sorted(ports.twilio.owned_numbers(account, friendly_name=tag), key=lambda number: number.sid)
    free = [number for number in tagged if _is_free(number, ports)]
    for extra in free[1:]:
        give_back(GiveBack(org_id=user.org_id, user_id=user.id, owned=extra), account, ports)
    return free[0] if free else None


def _is_free(number: OwnedNumber, ports: Ports) -> bool:
    return ownership(ports.store.number(number.phone, consistent=True), number.sid) is Ownership.FREE


def _check_still_there(known: Number | None, owned: OwnedNumber) -> None:
    """Raises Retryable when somebody gave the number back while it was in hand here."""
    if ownership(known, owned.sid) is Ownership.GIVEN_BACK:
        raise Retryable("The number was given back meanwhile.")


def _buy(account: Account, tag: str, places: Iterator[Place], steps: list[str], ports: Ports) -> OwnedNumber | None:
    for place in places:
        offers = ports.twilio.offered_numbers(
            account, area_code=place.area_code, near=place.near, region=place.region, limit=10
        )
        bought = _first_bought(account, offers, tag, ports)
        steps.append(f"{place.step}: {bought.phone if bought else 'none in stock'}")
        if bought is not None:
            return bought
    return None


def _first_bought(account: Account, offers: tuple[OfferedNumber, ...], tag: str, ports: Ports) -> OwnedNumber | None:
    for offer in offers:
        try:
            return ports.twilio.buy_number(account, offer.phone, friendly_name=tag)
        except Refused as refusal:
            if refusal.code != TAKEN:
                raise
    return None


def _places(user: User, job: Job) -> Iterator[Place]:
    """Where to look, nearest to what was asked for first; `fallback: "none"` stops after the first.

    The area code, its overlays, near it, the company's code, the state.
    """
    company = job.options.get("area_code")
    wanted = str(company) if job.options["area_code_source"] == "company" else area_code(user.cell_phone)
    yield Place(f"area code {wanted}", area_code=wanted)
    if job.options.get("fallback") == "none":
        return
    for overlay in overlays(wanted):
        yield Place(f"overlay {overlay}", area_code=overlay)
    anywhere = f"+1{wanted}5550100"
    yield Place(f"near {wanted}", near=anywhere)
    if company is not None and company != wanted:
        yield Place(f"company area code {company}", area_code=str(company))
    region = location(anywhere)
    yield Place(f"state {region}", region=region)


def _assign(
    organization: Organization, user: User, owned: OwnedNumber, account: Account, steps: tuple[str, ...], ports: Ports
) -> Attempted:
    """Writes the number's owner and the user's number in one transaction.

    delivery 1  user v2: no number ─► number + user v3 ✓
    delivery 2  user v2: no number ───────► Conflict ─► the user has one: this one is given back
    sweep       number: nobody's ─► given back ✓ ─► Twilio        before delivery 1's write: that one starts anew
    """

    def attempt() -> Attempted:
        now = ports.now()
        current = ports.store.user(organization.id, user.id, consistent=True) or user
        if current.number is not None:
            if current.number_sid != owned.sid:
                give_back(GiveBack(org_id=user.org_id, user_id=user.id, owned=owned), account, ports)
            return Attempted(Outcome.SUCCEEDED, number=current.number, steps=steps)
        before = ports.store.number(owned.phone, consistent=True)
        _check_still_there(before, owned)
        number = Number(
            phone=owned.phone,
            org_id=organization.id,
            user_id=user.id,
            sid=owned.sid,
            provisioned_at=now,
            version=before.version if before else 0,
        )
        holder = replace(current, number=owned.phone, number_sid=owned.sid, provisioned_at=now)
        ports.store.commit(Replace(number), Replace(holder))
        return Attempted(Outcome.SUCCEEDED, number=owned.phone, steps=steps)

    return decide_again(attempt)
