"""A release of many held messages over many organizations on a virtual clock, with everything that costs counted.

The real use cases over a metered table. The queue delivers up to a second late, by a seed; Twilio is a list. Prices are
those of us-east-1 on demand, in dollars for a million: write units 0.625, read units 0.125, SQS requests 0.40, fair
queueing 0.10 more, a schedule's start 1.00.
"""

from __future__ import annotations

import heapq
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from math import ceil
from typing import Any

from engage_sms.adapters.memory import memory_ports
from engage_sms.adapters.store import TableStore
from engage_sms.domain.consent import Consent, ConsentState, UserConsent
from engage_sms.domain.directory import Contact, Number, Organization, TwilioAccount, TwilioStatus, User
from engage_sms.domain.message import Direction, Hold, Kind, Message, MessageRef, Status
from engage_sms.domain.pace import MINUTE, SECOND, ceiling, floor
from engage_sms.domain.planning import plan
from engage_sms.domain.recipient import recipient_of
from engage_sms.domain.settings import resolve
from engage_sms.ports import Account, Create, Outgoing, QueueEntry, Replace, TwilioMessage, secret_of
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from engage_sms.usecases.relay_change import relay_change
from engage_sms.usecases.release_due import ReleaseReport, release_due
from tests.benchmarks.tables import Table
from tests.meter import MeteredTable

EVENING = datetime(2026, 7, 16, 3, 30, tzinfo=UTC)
"""Closed in every one of ZONES."""
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
AREA_CODES = {
    "America/New_York": "212",
    "America/Chicago": "312",
    "America/Denver": "303",
    "America/Los_Angeles": "213",
}
RATES = (3, 5, 10, 30)
CONTACTS = 40
"""Of each organization; its messages go to them in turn."""
WRITE, READ, REQUEST, FAIR, START = 0.625, 0.125, 0.40, 0.10, 1.00


class Clock:
    """The time of whoever runs just now: each worker waits for itself."""

    def __init__(self) -> None:
        self.instant = EVENING

    def __call__(self) -> datetime:
        return self.instant

    def wait(self, until: datetime) -> None:
        self.instant = max(self.instant, until)


@dataclass
class RecordingTwilio:
    """Takes every message and remembers when, for whom."""

    clock: Clock
    sent: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    _numbers: Any = field(default_factory=lambda: count(1))

    def send(self, account: Account, outgoing: Outgoing) -> TwilioMessage:
        self.sent[account.sid].append(self.clock())
        sid = f"SM{next(self._numbers):032d}"
        return TwilioMessage(sid, "queued", outgoing.to, outgoing.sender, outgoing.body, "outbound-api", 1, None)


class CountedQueue:
    """A queue of requests of ten; delivers what it was sent within a second after its delay."""

    def __init__(self, clock: Clock, luck: random.Random, late: float) -> None:
        self._clock, self._luck, self._late = clock, luck, late
        self._order = count()
        self.requests = self.messages = self.furthest = 0
        self.due: list[tuple[datetime, int, MessageRef]] = []

    def send(self, entries: Sequence[QueueEntry]) -> None:
        self.requests += ceil(len(entries) / 10)
        self.messages += len(entries)
        for entry in entries:
            self.furthest = max(self.furthest, entry.delay)
            at = self._clock() + timedelta(seconds=entry.delay + self._luck.random() * self._late)
            heapq.heappush(self.due, (at, next(self._order), MessageRef(**entry.body)))


@dataclass
class Used:
    """What a phase used."""

    writes: float = 0
    reads: float = 0
    calls: int = 0
    requests: int = 0


class Release:
    """Organizations with messages held for their next opening, and the night until all have left."""

    def __init__(self, messages: int, organizations: int, *, late: float = 1.0) -> None:
        self.clock = Clock()
        self.table = CallCounter()
        self.twilio = RecordingTwilio(self.clock)
        self.queue = CountedQueue(self.clock, random.Random(7), late)
        ids = count(1)
        in_memory = memory_ports(
            twilio=self.twilio,  # type: ignore[arg-type]
            now=self.clock,
            wait=self.clock.wait,
            new_id=lambda: f"01J{next(ids):023d}",
        )
        store = TableStore(self.table, now=self.clock)
        self.ports = replace(in_memory, store=store, automation_queue=self.queue, events=Nobody())
        self.used: defaultdict[str, Used] = defaultdict(Used)
        self.opens_at: dict[str, datetime] = {}
        self.rate: dict[str, int] = {}
        self.messages: list[Message] = []
        for number in range(organizations):
            self._organization(f"o{number:02d}", number)
        self.table.table.changes()
        for number in range(messages):
            self._hold(number, f"o{number % organizations:02d}")

    def run(self) -> None:
        """Minute by minute and delivery by delivery, until nothing is on its way."""
        minute = ceiling(EVENING, MINUTE)
        last = max(self.opens_at.values()) + timedelta(hours=9)
        while minute < last and (self.queue.due or self._waiting()):
            if self.queue.due and self.queue.due[0][0] < minute:
                at, _, ref = heapq.heappop(self.queue.due)
                self.clock.instant = at
                self._count("dispatch", partial(dispatch_message, DispatchMessage(ref=ref), self.ports))
            else:
                self.clock.instant = minute
                minute += MINUTE
                if min(self.opens_at.values()) - timedelta(minutes=4) < minute:
                    self._tick()
            self._relay("relay")

    def _tick(self) -> None:
        """A run of the release; one that finds nothing due is the price of looking, not of any message."""
        before = Used(**vars(self.used["tick"]))
        reports: list[ReleaseReport] = []
        self._count("tick", lambda: reports.append(release_due(self.ports)))
        (report,) = reports
        assert report.failures == ()
        if report.openings:
            after, release = self.used["tick"], self.used["release"]
            for name, amount in vars(after).items():
                setattr(release, name, getattr(release, name) + amount - getattr(before, name))

    def _waiting(self) -> bool:
        return sum(map(len, self.twilio.sent.values())) < len(self.messages)

    def _relay(self, phase: str) -> None:
        for change in self.table.table.changes():
            self._count(phase, partial(relay_change, change, self.ports))

    def _count(self, phase: str, work: Callable[[], object]) -> None:
        table, queue, used = self.table, self.queue, self.used[phase]
        before = table.write_units, table.read_units, table.calls, queue.requests
        work()
        used.writes += table.write_units - before[0]
        used.reads += table.read_units - before[1]
        used.calls += table.calls - before[2]
        used.requests += queue.requests - before[3]

    # --- what there is before the night ---

    def _organization(self, org_id: str, number: int) -> None:
        zone, rate = ZONES[number % len(ZONES)], RATES[number % len(RATES)]
        start = f"{8 + number % 3:02d}:{number % 4 * 15:02d}"
        settings = {
            "sms.send_window.time_zone": zone,
            "sms.send_window.start_time": start,
            "sms.throughput.messages_per_second": rate,
        }
        account = TwilioAccount(status=TwilioStatus.ACTIVE, account_sid=org_id, messaging_service_sid="MG1")
        ours = f"+1415555{number:04d}"
        self.ports.secrets.put(secret_of(org_id), json.dumps({"account_sid": org_id, "auth_token": "t"}))
        commit = self.ports.store.commit
        commit(
            Create(Organization(id=org_id, name="Acme", settings=settings, twilio=account, created_at=EVENING)),
            Create(User(id="u", org_id=org_id, name="Ann", email="a@b.example", cell_phone=ours, created_at=EVENING)),
            Create(Number(phone=ours, org_id=org_id, user_id="u", sid="PN1", provisioned_at=EVENING)),
        )
        for contact in range(CONTACTS):
            phone = f"+1{AREA_CODES[zone]}555{contact:04d}"
            standing = UserConsent(state=ConsentState.OPTED_IN)
            commit(
                Create(_contact(org_id, contact, phone)),
                Replace(Consent(org_id=org_id, phone=phone, users={"u": standing})),
            )
        self.rate[org_id] = rate
        leaves = plan(resolve(settings), recipient=recipient_of(None, f"+1{AREA_CODES[zone]}5550000"), now=EVENING)
        self.opens_at[org_id] = leaves.leaves_at

    def _hold(self, number: int, org_id: str) -> None:
        zone = ZONES[int(org_id[1:]) % len(ZONES)]
        contact = number // len(self.opens_at) % CONTACTS
        phone = f"+1{AREA_CODES[zone]}555{contact:04d}"
        until = self.opens_at[org_id]
        message = held_message(self.ports.new_id(), org_id, f"c{contact:02d}", phone, until)
        self.messages.append(message)
        self._count("hold", lambda: self.ports.store.commit(Create(message)))
        self._relay("hold")


class CallCounter(MeteredTable):
    """Counts calls of the table as well as units."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in {"get", "get_many", "query", "query_index", "write", "update", "count"}:
            self.calls += 1
        return found


class Nobody:
    """A bus that nobody listens to."""

    def publish(self, detail_type: str, detail: object) -> None:
        """Forgets it."""


def _contact(org_id: str, number: int, phone: str) -> Contact:
    return Contact(
        id=f"c{number:02d}",
        org_id=org_id,
        owner_id="u",
        first_name="Bo",
        last_name="Diaz",
        cell_phone=phone,
        created_at=EVENING,
    )


def held_message(message_id: str, org_id: str, contact_id: str, phone: str, until: datetime) -> Message:
    return Message(
        id=message_id,
        org_id=org_id,
        user_id="u",
        contact_id=contact_id,
        direction=Direction.OUTBOUND,
        kind=Kind.JOURNEY,
        phone=phone,
        number=f"+1415555{int(org_id[1:]):04d}",
        body="Hi Bo, rates fell to 5.1 % today. Shall we talk about your loan?",
        status=Status.HELD,
        segments=1,
        created_at=EVENING,
        hold=Hold(reason="Outside the sending window.", rule="organization", until=until),
        expires_at=EVENING + timedelta(hours=72),
        automated=True,
    )


@dataclass(frozen=True)
class Measured:
    """What came of it. `first` in seconds after the opening, the earliest and the latest of all organizations."""

    messages: int
    sent: int
    first: tuple[float, float]
    busiest: float
    """The largest share of its rate that any organization used in any second of the clock."""
    furthest: int
    """Seconds: the longest delay that anything was put on the queue with."""
    used: dict[str, Used]

    def units(self, phase: str) -> tuple[float, float, float]:
        """Write units, read units and calls of AWS for each message."""
        used = self.used.get(phase, Used())
        requests = used.calls + used.requests
        return used.writes / self.messages, used.reads / self.messages, requests / self.messages

    @property
    def above_the_common_path(self) -> float:
        """Dollars for a million: two index entries, the look-up of the opening, and all of the release."""
        release = self.used["release"]
        lookups = 0.5 * READ
        requests = release.requests * REQUEST / self.messages + FAIR * 0.1
        of_release = (release.writes * WRITE + release.reads * READ) / self.messages
        return 2 * WRITE + lookups + of_release + requests


def measure_release(messages: int, organizations: int = 50, *, late: float = 1.0) -> Measured:
    """Runs it. Every organization has its opening between 8:00 and 10:45 of its own zone."""
    release = Release(messages, organizations, late=late)
    release.run()
    firsts = [(min(release.twilio.sent[org]) - opens).total_seconds() for org, opens in release.opens_at.items()]
    busiest = max(
        max(Counter(floor(at, SECOND) for at in instants).values()) / release.rate[org]
        for org, instants in release.twilio.sent.items()
    )
    sent = sum(map(len, release.twilio.sent.values()))
    return Measured(messages, sent, (min(firsts), max(firsts)), busiest, release.queue.furthest, dict(release.used))


ONE_SCHEDULE_EACH = START + REQUEST
"""Dollars for a million by one EventBridge schedule for each message: its start, and its own request to the queue."""


def table(sizes: Sequence[int], organizations: int = 50) -> Table:
    """A column for each number of held messages."""
    columns = [_column(measure_release(size, organizations)) for size in sizes]
    rows = [(what, *(column[what] for column in columns), BUDGETS.get(what, "flat")) for what in columns[0]]
    return Table((f"Held messages of {organizations} organizations", *(f"{size:,}" for size in sizes), "Budget"), rows)


BUDGETS = {
    "sent": "all, once",
    "first dispatch after the opening": "0-2 s",
    "busiest second": "100 % of the rate",
    "furthest ahead on the queue": "900 s",
    "hold and release, above the common path": "$1.50 a million",
    "one schedule for each message instead": "—",
}


def _column(measured: Measured) -> dict[str, str]:
    earliest, latest = measured.first
    costs = {}
    for phase in ("hold", "release", "dispatch"):
        writes, reads, calls = measured.units(phase)
        costs[f"{phase}: write units, read units, calls a message"] = f"{writes:.2f}, {reads:.2f}, {calls:.2f}"
    return {
        "sent": f"{measured.sent:,}",
        "first dispatch after the opening": f"{earliest:.1f}-{latest:.1f} s",
        "busiest second": f"{measured.busiest:.0%}",
        "furthest ahead on the queue": f"{measured.furthest} s",
        **costs,
        "hold and release, above the common path": f"${measured.above_the_common_path:.2f}",
        "one schedule for each message instead": f"${ONE_SCHEDULE_EACH:.2f}",
    }
