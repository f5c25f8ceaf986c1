"""Administrators change settings while everything runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engage_sms.usecases.change_settings import ChangeSettings, change_settings
from tests.simulation.actions.action import an_organization

if TYPE_CHECKING:
    from tests.simulation.system import System

WINDOWS = (
    ("08:00", "16:00"),
    ("10:00", "18:00"),
    ("00:30", "01:30"),
    ("01:00", "02:00"),
    ("22:00", "02:30"),
    ("00:00", "24:00"),
)
ZONES = ("America/Chicago", "America/New_York", "America/Los_Angeles", "America/Phoenix", "America/St_Johns")


def change(system: System, org_id: str, changes: dict[str, Any]) -> None:
    command = ChangeSettings(org_id=org_id, changes=changes)
    system.request("settings", lambda: change_settings(command, system.ports))


@dataclass(frozen=True)
class ChangeWindow:
    """Another window, in another zone, with or without the recipient's legal hours."""

    org_id: str
    start: str
    end: str
    zone: str
    recipient_hours: str

    @classmethod
    def draw(cls, random: Random) -> ChangeWindow:
        start, end = random.choice(WINDOWS)
        hours = random.choice(("federal", "off", "off"))
        return cls(an_organization(random), start, end, random.choice(ZONES), hours)

    def __str__(self) -> str:
        window = f"{self.start} to {self.end} in {self.zone}"
        return f"{self.org_id} sends from {window}, recipient's hours {self.recipient_hours}"

    def do(self, system: System) -> None:
        changes = {
            "sms.send_window.start_time": self.start,
            "sms.send_window.end_time": self.end,
            "sms.send_window.time_zone": self.zone,
            "sms.send_window.recipient_hours": self.recipient_hours,
        }
        change(system, self.org_id, changes)


@dataclass(frozen=True)
class CloseDate:
    """A holiday near by."""

    org_id: str
    days: int

    @classmethod
    def draw(cls, random: Random) -> CloseDate:
        return cls(an_organization(random), random.choice((0, 0, 1, 2)))

    def __str__(self) -> str:
        return f"{self.org_id} closes the day in {self.days} days"

    def do(self, system: System) -> None:
        day = (system.now().astimezone(ZoneInfo("America/Chicago")) + timedelta(days=self.days)).date()
        change(system, self.org_id, {"sms.send_window.closed_dates": [day.isoformat()]})


@dataclass(frozen=True)
class ConfigureOptOut:
    """Whom a STOP silences, and who answers it."""

    org_id: str
    scope: str
    replies: str

    @classmethod
    def draw(cls, random: Random) -> ConfigureOptOut:
        scope, replies = random.choice(("organization", "user")), random.choice(("twilio", "engage"))
        return cls(an_organization(random), scope, replies)

    def __str__(self) -> str:
        return f"{self.org_id}: a STOP silences the {self.scope}, {self.replies} answers it"

    def do(self, system: System) -> None:
        change(system, self.org_id, {"sms.opt_out.scope": self.scope, "sms.opt_out.replies": self.replies})


@dataclass(frozen=True)
class ConfigurePace:
    """How fast, and how patiently."""

    org_id: str
    rate: int
    hold_hours: int

    @classmethod
    def draw(cls, random: Random) -> ConfigurePace:
        return cls(an_organization(random), random.choice((1, 1, 3, 10)), random.choice((1, 12, 72)))

    def __str__(self) -> str:
        return f"{self.org_id} sends {self.rate} a second and holds {self.hold_hours} hours"

    def do(self, system: System) -> None:
        changes = {"sms.throughput.messages_per_second": self.rate, "sms.hold.expires_after_hours": self.hold_hours}
        change(system, self.org_id, changes)
