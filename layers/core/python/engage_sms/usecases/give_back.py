"""A number that was bought and is nobody's goes back to Twilio, finally."""

from __future__ import annotations

from typing import NamedTuple

from engage_sms.domain.directory import Number, Ownership, ownership
from engage_sms.errors import Conflict
from engage_sms.ports import Account, OwnedNumber, Ports, Replace


class GiveBack(NamedTuple):
    """The number as Twilio has it, and the user it was bought for."""

    org_id: str
    user_id: str
    owned: OwnedNumber


def give_back(command: GiveBack, account: Account, ports: Ports) -> bool:
    """Releases the number unless somebody has it; says whether it did.

    A provisioning may have the number in hand just now, so that it goes is written first, on the condition under which
    an owner is written. Whoever comes second loses:

        give back   read: nobody's ─► "given back" ✓ ──────────► Twilio: release
        provision   adopts it ─► into the service ─► assign ✗    "given back": starts anew, buys another

        give back   read: nobody's ────────────────► "given back" ✗ Conflict: it has an owner and stays
        provision   adopts it ─► assign ✓

        give back   "given back" ✓ ─✗ dies                       the sweep finds it still at Twilio and releases it
    """
    owned = command.owned
    known = ports.store.number(owned.phone, consistent=True)
    match ownership(known, owned.sid):
        case Ownership.OWNED:
            return False
        case Ownership.FREE:
            going = Number(
                phone=owned.phone,
                org_id=command.org_id,
                user_id=command.user_id,
                sid=owned.sid,
                provisioned_at=owned.created_at,
                released_at=ports.now(),
                version=known.version if known else 0,
            )
            try:
                ports.store.commit(Replace(going))
            except Conflict:
                return False
    ports.twilio.release_number(account, owned.sid)
    return True
