"""People text each other."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from engage_sms.usecases.put_contact import PutContact, put_contact
from engage_sms.usecases.request_opt_in import RequestOptIn, request_opt_in
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.simulation.actions.action import ORGANIZATIONS, PHONES, a_contact, a_user, an_organization

if TYPE_CHECKING:
    from tests.simulation.system import System

TEXTS = ("Hi", "Hi", "Your papers are ready", "Rates fell")
"""Few, so that equal texts meet."""
WORDS = ("STOP", "STOP", "STOP", "YES", "YES", "START", "HELP", "Thanks", "please stop texting me")


@dataclass(frozen=True)
class SendText:
    """A user texts a contact; `times` clicks."""

    org_id: str
    user_id: str
    contact_id: str
    body: str
    times: int

    @classmethod
    def draw(cls, random: Random) -> SendText:
        times = random.choice((1, 1, 1, 2))
        return cls(an_organization(random), a_user(random), a_contact(random), random.choice(TEXTS), times)

    def __str__(self) -> str:
        return f"{self.org_id}/{self.user_id} texts {self.contact_id} {self.body!r}, {self.times} x"

    def do(self, system: System) -> None:
        command = SendMessage(org_id=self.org_id, user_id=self.user_id, contact_id=self.contact_id, body=self.body)
        for _ in range(self.times):
            system.request("text", lambda: send_message(command, system.ports))


@dataclass(frozen=True)
class TextFromPhone:
    """A contact's phone texts a user's number."""

    org_id: str
    user_id: str
    contact_id: str
    words: str

    @classmethod
    def draw(cls, random: Random) -> TextFromPhone:
        return cls(an_organization(random), a_user(random), a_contact(random), random.choice(WORDS))

    def __str__(self) -> str:
        return f"the phone of {self.contact_id} texts {self.org_id}/{self.user_id} {self.words!r}"

    def do(self, system: System) -> None:
        user = system.calm.store.user(self.org_id, self.user_id)
        contact = system.calm.store.contact(self.org_id, self.contact_id)
        if user is None or user.number is None or contact is None or contact.cell_phone is None:
            return
        if user.number in system.owned.values():
            system.twilio.text_from_phone(contact.cell_phone, user.number, self.words)


@dataclass(frozen=True)
class AskForOptIn:
    """A user asks by hand; `times` clicks at once."""

    org_id: str
    user_id: str
    contact_id: str
    times: int

    @classmethod
    def draw(cls, random: Random) -> AskForOptIn:
        return cls(an_organization(random), a_user(random), a_contact(random), random.choice((1, 1, 2, 3)))

    def __str__(self) -> str:
        return f"{self.org_id}/{self.user_id} asks {self.contact_id} to opt in, {self.times} x"

    def do(self, system: System) -> None:
        command = RequestOptIn(org_id=self.org_id, user_id=self.user_id, contact_id=self.contact_id)
        for _ in range(self.times):
            system.request("opt-in request", lambda: request_opt_in(command, system.ports))


@dataclass(frozen=True)
class ChangePhone:
    """A contact gets another phone: consent does not move with it."""

    org_id: str
    contact_id: str
    phone: str

    @classmethod
    def draw(cls, random: Random) -> ChangePhone:
        return cls(an_organization(random), a_contact(random), random.choice(list(PHONES.values())))

    def __str__(self) -> str:
        return f"{self.org_id}/{self.contact_id} has the phone {self.phone} now"

    def do(self, system: System) -> None:
        command = PutContact(
            org_id=self.org_id,
            id=self.contact_id,
            owner_id="u-1",
            first_name="Bo",
            last_name="Diaz",
            cell_phone=self.phone,
        )
        system.request("contact", lambda: put_contact(command, system.ports))


@dataclass(frozen=True)
class Intrude:
    """Somebody of one organization uses ids of another."""

    org_id: str
    user_id: str

    @classmethod
    def draw(cls, random: Random) -> Intrude:
        return cls(random.choice(ORGANIZATIONS), a_user(random))

    def __str__(self) -> str:
        return f"somebody of {self.org_id} texts a contact that only the other organization has"

    def do(self, system: System) -> None:
        contact_id = {"acme": "only-bolt", "bolt": "only-acme"}[self.org_id]
        command = SendMessage(org_id=self.org_id, user_id=self.user_id, contact_id=contact_id, body="Hi")
        system.request("intrusion", lambda: send_message(command, system.ports))
