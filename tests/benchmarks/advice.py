"""What advice on a sending window costs: the time of one answer, and the units of keeping its head counts."""

from __future__ import annotations

import time
from statistics import median

from engage_sms.adapters.headcount import count_contact
from engage_sms.domain.area_codes import AREAS
from engage_sms.domain.audience import Audience
from engage_sms.domain.recipient import locate
from engage_sms.usecases.advise_window import AdviseWindow, advise_window
from tests.meter import MeteredTable
from tests.world import ORG, World

ROUNDS = 9
AUDIENCES = 100


def audiences() -> list[Audience]:
    """As many as asked for: area codes from all over, and addresses in other states."""
    found: dict[Audience, None] = {}
    for state in (None, "CA", "FL", "TX", "NY"):
        for code in AREAS:
            recipient = locate(f"+1{code}5550100", state=state)
            found[Audience(recipient.zones, recipient.states)] = None
    return list(found)[:AUDIENCES]


def one_advice(recipient_hours: str) -> float:
    """Milliseconds for the answer to an organization with contacts in all the audiences; the median."""
    world = World()
    world.organization()
    for number, audience in enumerate(audiences()):
        world.store.count_contact(ORG, f"c-{number}", version=1, audience=audience.name)
    command = AdviseWindow(org_id=ORG, changes={"sms.send_window.recipient_hours": recipient_hours})
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        advise_window(command, world.ports)
        rounds.append((time.perf_counter() - start) * 1e3)
    return median(rounds)


def counting(contacts: int) -> float:
    """Write units for each of so many new contacts of one organization."""
    table = MeteredTable()
    names = [audience.name for audience in audiences()]
    for number in range(contacts):
        count_contact(table, "acme", f"c-{number}", version=1, audience=names[number % len(names)])
    return table.write_units / contacts


def rows() -> list[tuple[str, str, str]]:
    """For the table of `make bench`."""
    return [
        (f"advice on {AUDIENCES} audiences, federal hours", f"{one_advice('federal'):.0f} ms", "100 ms"),
        ("the same, hours of the states", f"{one_advice('state'):.0f} ms", "100 ms"),
        ("counting one of 10,000 new contacts", f"{counting(10_000):.1f} write units", "—"),
    ]
