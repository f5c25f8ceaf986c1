"""`engage-sms recount`: every contact is counted again where it is now, for the advice on sending windows.

For contacts from before there were counts, and after new facts about area codes or addresses. Safe at any time, beside
contacts that change, and as often as one likes: it moves only those that count elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from engage_sms.ports import Store
from engage_sms.usecases.count_contact import count_again


@dataclass(frozen=True, kw_only=True)
class Recount:
    """What was gone through."""

    organizations: int
    contacts: int

    @property
    def sentence(self) -> str:
        """For people."""
        return f"Counted {self.contacts} contacts of {self.organizations} organizations."


def recount(store: Store) -> Recount:
    """Counts the contacts of all organizations, one after another."""
    counted = [count_again(organization.id, store) for organization in store.organizations()]
    return Recount(organizations=len(counted), contacts=sum(counted))
