"""What every action is: drawn from chance, told in a line, and done to the system."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.simulation.system import System

ORGANIZATIONS = ("acme", "bolt")
USERS = ("u-1", "u-2")
CONTACTS = ("c-1", "c-2", "c-3", "c-4")
PHONES = {"c-1": "+13125550199", "c-2": "+14155550177", "c-3": "+13125550199", "c-4": "+12125550144"}
"""Two contacts share a phone; area codes in three zones, and both organizations know the same people."""


class Action(Protocol):
    """Drawn whole, so that a history can be played again without some of its actions. `str` tells it."""

    @classmethod
    def draw(cls, random: Random) -> Action: ...

    def do(self, system: System) -> None: ...


def an_organization(random: Random) -> str:
    """Mostly the first: crowds find more than solitude."""
    return random.choice((*ORGANIZATIONS[:1] * 4, ORGANIZATIONS[1]))


def a_user(random: Random) -> str:
    return random.choice((*USERS[:1] * 3, USERS[1]))


def a_contact(random: Random) -> str:
    return random.choice((*CONTACTS[:1] * 4, *CONTACTS))
