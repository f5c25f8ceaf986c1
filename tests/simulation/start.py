"""Where every history begins: two organizations that know the same people, and a third without a Twilio account."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random

from engage_sms.adapters.layout import to_item
from engage_sms.adapters.memory import MemoryTable
from engage_sms.adapters.table import Put
from engage_sms.domain.consent import Consent, ConsentState, Evidence, UserConsent
from engage_sms.domain.directory import Organization
from engage_sms.ports import secret_of
from engage_sms.usecases.put_organization import PutOrganization, put_organization
from tests.simulation.actions.action import CONTACTS, ORGANIZATIONS, PHONES, USERS
from tests.simulation.actions.settings import WINDOWS, ZONES
from tests.simulation.system import System
from tests.simulation.trouble import Trouble
from tests.world import Clock, World

FOUNDED = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
INSTANTS = (
    datetime(2026, 7, 15, 15, 0, tzinfo=UTC),
    datetime(2026, 7, 15, 20, 57, tzinfo=UTC),
    datetime(2026, 7, 15, 12, 50, tzinfo=UTC),
    datetime(2026, 3, 8, 5, 40, tzinfo=UTC),
    datetime(2026, 3, 8, 20, 40, tzinfo=UTC),
    datetime(2026, 11, 1, 5, 20, tzinfo=UTC),
    datetime(2026, 11, 1, 13, 20, tzinfo=UTC),
    datetime(2026, 12, 31, 20, 30, tzinfo=UTC),
)
"""An afternoon; minutes before the window closes, and before it opens; the nights the clocks change, and the days after
them around a closing and an opening; New Year's Eve."""


@lru_cache(maxsize=1)
def _founded() -> World:
    world = World(Clock(FOUNDED))
    for org_id in ORGANIZATIONS:
        world.organization(org_id)
        for index, user_id in enumerate(USERS):
            world.user(user_id, org_id=org_id, cell_phone=f"+1415555010{index}")
        world.provision(*USERS, org_id=org_id)
        for contact_id in CONTACTS:
            owner = USERS[0] if contact_id != "c-2" else USERS[1]
            world.contact(contact_id, org_id=org_id, owner_id=owner, cell_phone=PHONES[contact_id])
        world.contact(f"only-{org_id}", org_id=org_id, owner_id=USERS[0], cell_phone="+16125550123")
    put_organization(PutOrganization(id="cole", name="Cole Lending"), world.ports)
    world.settle()
    return world


def begin(seed: int, *, calm: bool = False) -> System:
    """The system as the history of this seed finds it: at some instant, with its own trouble, consents and windows."""
    random = Random(f"{seed} start")
    founded = _founded()
    trouble = Trouble() if calm else Trouble.draw(random)
    at = random.choice(INSTANTS) + timedelta(seconds=random.choice((0, random.uniform(0, 180))))
    system = System(seed, at, trouble, founded.twilio, handled=seed % 4 == 0)
    over, trouble.over = trouble.over, True
    assert isinstance(founded.table, MemoryTable)
    for item in founded.table.items():
        system.table.write(Put(item))
    for org_id in ORGANIZATIONS:
        system.ports.secrets.put(secret_of(org_id), founded.ports.secrets.get(secret_of(org_id)) or "")
        organization = system.calm.store.organization(org_id)
        assert organization is not None
        system.table.write(Put(to_item(_with_settings(organization, at, random))))
        for phone in sorted(set(PHONES.values())):
            consent = _consent(org_id, phone, random)
            if consent.version:
                system.table.write(Put(to_item(consent)))
    trouble.over, system.running = over, True
    return system


def _with_settings(organization: Organization, at: datetime, random: Random) -> Organization:
    settings = {}
    night = at.hour == 5
    if night or random.random() < 0.3:
        start, end = random.choice(WINDOWS)
        settings = {
            "sms.send_window.start_time": start,
            "sms.send_window.end_time": end,
            "sms.send_window.time_zone": random.choice((*ZONES[:1] * 3, *ZONES)),
            "sms.send_window.recipient_hours": "off" if night else random.choice(("off", "federal")),
        }
    if random.random() < 0.3:
        settings |= {"sms.opt_out.replies": "engage"}
    return replace(organization, settings=settings)


def _consent(org_id: str, phone: str, random: Random) -> Consent:
    """Most said YES long ago; a few were asked, or know nothing of it."""
    users, evidence = {}, []
    for user_id in USERS:
        state = random.choice((*[ConsentState.OPTED_IN] * 4, ConsentState.REQUESTED, ConsentState.NONE))
        if state is ConsentState.NONE:
            continue
        sent = random.choice((1, 2, 3))
        users[user_id] = UserConsent(state=state, requests_sent=sent, last_request_at=FOUNDED, changed_at=FOUNDED)
        evidence.append(Evidence(at=FOUNDED, event="requested", user_id=user_id, words="?", message_id="before"))
        if state is ConsentState.OPTED_IN:
            evidence.append(Evidence(at=FOUNDED, event="opted_in", user_id=user_id, words="YES", message_id="before"))
    return Consent(org_id=org_id, phone=phone, users=users, evidence=tuple(evidence), version=1 if users else 0)
