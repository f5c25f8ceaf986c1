"""Administrators give users numbers, and take them away."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from engage_sms.usecases.provision_twilio_account import ProvisionTwilioAccount, provision_twilio_account
from engage_sms.usecases.start_provisioning import (
    StartDeprovisioning,
    StartProvisioning,
    start_deprovisioning,
    start_provisioning,
)
from tests.simulation.actions.action import USERS, a_user, an_organization

if TYPE_CHECKING:
    from tests.simulation.system import System


@dataclass(frozen=True)
class Provision:
    """A number each for some users; `times` clicks."""

    org_id: str
    user_ids: tuple[str, ...]
    times: int

    @classmethod
    def draw(cls, random: Random) -> Provision:
        users = random.choice((USERS, (a_user(random),)))
        return cls(an_organization(random), users, random.choice((1, 1, 2)))

    def __str__(self) -> str:
        return f"{self.org_id} provisions {', '.join(self.user_ids)}, {self.times} x"

    def do(self, system: System) -> None:
        command = StartProvisioning(
            org_id=self.org_id, started_by="u-admin", user_ids=self.user_ids, area_code_source="user_cell"
        )
        for _ in range(self.times):
            system.request("provision", lambda: start_provisioning(command, system.ports))


@dataclass(frozen=True)
class Deprovision:
    """A user's number is given back."""

    org_id: str
    user_id: str

    @classmethod
    def draw(cls, random: Random) -> Deprovision:
        return cls(an_organization(random), a_user(random))

    def __str__(self) -> str:
        return f"{self.org_id} deprovisions {self.user_id}"

    def do(self, system: System) -> None:
        command = StartDeprovisioning(
            org_id=self.org_id, started_by="u-admin", user_ids=(self.user_id,), irreversible_acknowledged=True
        )
        system.request("deprovision", lambda: start_deprovisioning(command, system.ports))


@dataclass(frozen=True)
class ProvisionAccount:
    """An administrator asks for the Twilio account, of a third organization that has none yet; twice at once."""

    @classmethod
    def draw(cls, random: Random) -> ProvisionAccount:
        return cls()

    def __str__(self) -> str:
        return "cole asks for its Twilio account, twice"

    def do(self, system: System) -> None:
        command = ProvisionTwilioAccount(org_id="cole")
        for _ in range(2):
            system.request("account", lambda: provision_twilio_account(command, system.ports))


@dataclass(frozen=True)
class Sweep:
    """The hour strikes: what Twilio bills is held against what is known of it."""

    @classmethod
    def draw(cls, random: Random) -> Sweep:
        return cls()

    def __str__(self) -> str:
        return "the numbers are swept"

    def do(self, system: System) -> None:
        system.sweep()
