"""Journeys ask for messages; administrators and operators stop, cancel and repeat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from random import Random
from typing import TYPE_CHECKING

from engage_sms.domain.message import WAITING
from engage_sms.usecases import cancel_message as cancelling
from engage_sms.usecases.pause_automation import PauseAutomation, pause_automation
from engage_sms.usecases.resume_automation import ResumeAutomation, resume_automation
from tests.simulation.actions.action import a_contact, a_user, an_organization

if TYPE_CHECKING:
    from tests.simulation.system import System


@dataclass(frozen=True)
class AskForStep:
    """A journey step for some contacts at once. `expires` in hours, None without an end of its own."""

    org_id: str
    sender: str
    contact_ids: tuple[str, ...]
    step_id: str
    body: str
    expires: float | None
    many: int = 1
    """Steps in a row, as a campaign has them."""

    @classmethod
    def draw(cls, random: Random) -> AskForStep:
        contacts = tuple(dict.fromkeys(a_contact(random) for _ in range(random.choice((1, 1, 2, 4)))))
        return cls(
            an_organization(random),
            random.choice(("owner", a_user(random))),
            contacts,
            f"s-{random.randrange(10**6)}",
            random.choice(("Rates fell", "Rates fell", "Hi")),
            random.choice((None, None, None, 0.1, 20.0)),
            random.choice((1, 1, 1, 1, 5)),
        )

    def __str__(self) -> str:
        until = f", for {self.expires} hours" if self.expires else ""
        whom = f"{', '.join(self.contact_ids)} as {self.sender}"
        return f"a journey of {self.org_id} texts {whom}: {self.body!r}, {self.many} x{until}"

    def do(self, system: System) -> None:
        expires_at = (system.now() + timedelta(hours=self.expires)).isoformat() if self.expires else None
        for contact_id, number in product(self.contact_ids, range(self.many)):
            detail = {
                "event_id": f"{self.step_id}-{contact_id}",
                "org_id": self.org_id,
                "journey_id": "j-1",
                "step_id": f"{self.step_id}-{number}",
                "execution_id": "x-1",
                "contact_id": contact_id,
                "sender": self.sender,
                "body": self.body,
                "expires_at": expires_at,
            }
            system.asked.append(detail)
            system.put_event(detail)


@dataclass(frozen=True)
class RepeatStep:
    """The journey engine puts an event once more, long after."""

    which: int

    @classmethod
    def draw(cls, random: Random) -> RepeatStep:
        return cls(random.randrange(1000))

    def __str__(self) -> str:
        return "a journey repeats an earlier step"

    def do(self, system: System) -> None:
        if system.asked:
            system.put_event(dict(system.asked[self.which % len(system.asked)]))


@dataclass(frozen=True)
class CancelMessage:
    """A user cancels one of the messages that wait."""

    which: int

    @classmethod
    def draw(cls, random: Random) -> CancelMessage:
        return cls(random.randrange(1000))

    def __str__(self) -> str:
        return "a user cancels a message that waits"

    def do(self, system: System) -> None:
        waiting = [message for message in system.stored_messages() if message.status in WAITING]
        if waiting:
            command = cancelling.CancelMessage(ref=waiting[self.which % len(waiting)].ref)
            system.request("cancel", lambda: cancelling.cancel_message(command, system.ports))


@dataclass(frozen=True)
class Pause:
    """An administrator pulls the brake."""

    org_id: str

    @classmethod
    def draw(cls, random: Random) -> Pause:
        return cls(an_organization(random))

    def __str__(self) -> str:
        return f"{self.org_id} pauses all automation"

    def do(self, system: System) -> None:
        command = PauseAutomation(org_id=self.org_id)
        system.request("pause", lambda: pause_automation(command, system.ports))


@dataclass(frozen=True)
class Resume:
    """An administrator releases the brake."""

    org_id: str

    @classmethod
    def draw(cls, random: Random) -> Resume:
        return cls(an_organization(random))

    def __str__(self) -> str:
        return f"{self.org_id} resumes automation"

    def do(self, system: System) -> None:
        command = ResumeAutomation(org_id=self.org_id)
        system.request("resume", lambda: resume_automation(command, system.ports))


@dataclass(frozen=True)
class TwilioRefuses:
    """Twilio refuses the next messages: the account, or just this contact."""

    code: str
    times: int

    @classmethod
    def draw(cls, random: Random) -> TwilioRefuses:
        return cls(random.choice(("20003", "30034", "30002", "21211", "30006")), random.choice((1, 2, 4)))

    def __str__(self) -> str:
        return f"Twilio refuses the next {self.times} messages with {self.code}"

    def do(self, system: System) -> None:
        system.refusals += [self.code] * self.times


@dataclass(frozen=True)
class DeliverAgain:
    """Queues deliver at least once: what came last comes again."""

    queue: str

    @classmethod
    def draw(cls, random: Random) -> DeliverAgain:
        return cls(random.choice(("people", "automation", "jobs")))

    def __str__(self) -> str:
        return f"the queue {self.queue} delivers its last messages again"

    def do(self, system: System) -> None:
        system.queues[self.queue].deliver_again()


@dataclass(frozen=True)
class Redrive:
    """An operator moves the dead letters back."""

    @classmethod
    def draw(cls, random: Random) -> Redrive:
        return replace(cls())

    def __str__(self) -> str:
        return "an operator redrives the dead letters"

    def do(self, system: System) -> None:
        for queue in system.queues.values():
            queue.redrive()
