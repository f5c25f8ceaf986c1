"""Twilio refuses the whole account: automation of the organization rests instead of burning every message."""

from __future__ import annotations

from dataclasses import replace

from engage_sms.domain.brake import after_refusal
from engage_sms.domain.directory import AccountRefusal
from engage_sms.ports import Ports, Replace
from engage_sms.usecases.lookup import decide_again, find_organization


def trip_breaker(org_id: str, code: str, ports: Ports) -> AccountRefusal:
    """The breaker as it stands after the refusal: of several at once, one opens it and the others find it open.

    m1  refused ─► reads v3 closed ─► v4 open ✓
    m2  refused ───► reads v3 closed ─────────► ✗ Conflict ─► reads v4: open, nothing to write
    """

    def attempt() -> AccountRefusal:
        organization = find_organization(org_id, ports, consistent=True)
        refusal = after_refusal(organization.refusal, code=code, now=ports.now())
        if refusal != organization.refusal:
            ports.store.commit(Replace(replace(organization, refusal=refusal)))
        return refusal

    return decide_again(attempt)
