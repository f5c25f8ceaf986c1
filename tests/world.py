"""A whole system in memory for tests: the real use cases over memory ports and the stateful Twilio, on a clock that
only the test moves. What AWS does between functions (stream, queues, schedules, webhooks) `settle` does here, in order.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qs, urlsplit

from engage_sms.adapters.memory import MemoryEvents, MemoryQueue, MemoryTable, memory_ports
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.twilio_api import TwilioApi
from engage_sms.domain.directory import Contact, Organization, User
from engage_sms.domain.job import Job
from engage_sms.domain.message import Message, MessageRef
from engage_sms.domain.naming import parse_reference
from engage_sms.domain.pace import MINUTE, floor
from engage_sms.errors import Retryable
from engage_sms.ports import PARENT_SECRET, Account, Ports, StateChange
from engage_sms.usecases.announce_dispatch import AnnounceDispatch, announce_dispatch
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message
from engage_sms.usecases.provision_twilio_account import ProvisionTwilioAccount, provision_twilio_account
from engage_sms.usecases.put_contact import PutContact, put_contact
from engage_sms.usecases.put_organization import PutOrganization, put_organization
from engage_sms.usecases.put_user import PutUser, put_user
from engage_sms.usecases.receive_message import ReceiveMessage, receive_message
from engage_sms.usecases.record_status import RecordStatus, record_status
from engage_sms.usecases.relay_change import relay_change
from engage_sms.usecases.release_due import release_due
from engage_sms.usecases.request_opt_in import RequestOptIn, request_opt_in
from engage_sms.usecases.run_job_subject import RunJobSubject, run_job_subject
from engage_sms.usecases.start_provisioning import StartProvisioning, start_provisioning
from infra.local.twilio import FakeTwilio, TwilioInProcess
from tests.meter import MeteredTable

OPEN = datetime(2026, 7, 15, 15, 0, tzinfo=UTC)
"""A Wednesday, 10:00 in Chicago: the default window is open."""
CLOSED = datetime(2026, 7, 15, 22, 0, tzinfo=UTC)
"""17:00 in Chicago: the window is closed until the next morning."""
NEXT_OPENING = datetime(2026, 7, 16, 13, 0, tzinfo=UTC)
ORG = "acme"
CELL = "+14155550101"
PHONE = "+13125550199"


@dataclass
class Clock:
    """The test's clock; it stands still unless told."""

    instant: datetime = OPEN

    def __call__(self) -> datetime:
        return self.instant

    def wait(self, until: datetime) -> None:
        """Waiting is time that passes."""
        self.instant = max(self.instant, until)

    def advance(self, **by: float) -> None:
        self.instant += timedelta(**by)


@dataclass
class Delivery:
    """A queue message on its way: visible at `at`."""

    at: datetime
    body: dict[str, str]


@dataclass
class World:
    """The system in memory; `table` lets a benchmark count what is used."""

    clock: Clock = field(default_factory=Clock)
    table: MemoryTable | MeteredTable = field(default_factory=MemoryTable)

    def __post_init__(self) -> None:
        ids = count(1)
        self.twilio = FakeTwilio(self.clock, post=self._post)
        in_memory = memory_ports(
            twilio=TwilioApi(parent=self._parent, http_client=TwilioInProcess(self.twilio)),
            now=self.clock,
            wait=self.clock.wait,
            new_id=lambda: f"01J{next(ids):023d}",
        )
        self.ports: Ports = replace(in_memory, store=TableStore(self.table, now=self.clock))
        self.ports.secrets.put(
            PARENT_SECRET,
            json.dumps({"account_sid": self.twilio.parent.sid, "auth_token": self.twilio.parent.auth_token}),
        )
        self.pending: list[tuple[str, Delivery]] = []

    def _parent(self) -> Account:
        values = json.loads(self.ports.secrets.get(PARENT_SECRET) or "{}")
        return Account(values["account_sid"], values["auth_token"])

    # --- what AWS does between functions ---

    @property
    def store(self) -> TableStore:
        assert isinstance(self.ports.store, TableStore)
        return self.ports.store

    @property
    def events(self) -> list[str]:
        assert isinstance(self.ports.events, MemoryEvents)
        return [event.detail_type for event in self.ports.events.published]

    def settle(self) -> None:
        """Everything that is due now happens, until nothing is."""
        for _ in range(1000):
            if not (self._relay() or self._deliver() or self.twilio.run_due()):
                return
        raise AssertionError("The system does not come to rest.")

    def pass_time(self, until: datetime) -> None:
        """Time goes on to the instant: minute by minute for the release, second by second while something is near."""
        minute = floor(self.clock.instant, MINUTE)
        self.settle()
        while self.clock.instant < until:
            self.clock.instant = min(until, self._next_moment(until))
            if floor(self.clock.instant, MINUTE) > minute:
                minute = floor(self.clock.instant, MINUTE)
                self._release()
            self.settle()

    def arrive(self) -> None:
        """Long enough for what was sent to arrive, and for Twilio to say so."""
        self.pass_time(self.clock.instant + timedelta(seconds=3))

    def _next_moment(self, until: datetime) -> datetime:
        minute = self.clock.instant.replace(second=0, microsecond=0) + timedelta(minutes=1)
        moments = [until, minute, *(delivery.at for _, delivery in self.pending)]
        callback = self.twilio.next_due()
        if callback is not None:
            moments.append(callback)
        return min(moment for moment in moments if moment > self.clock.instant)

    def _relay(self) -> bool:
        table = self.table.table if isinstance(self.table, MeteredTable) else self.table
        changes = table.changes()
        for change in changes:
            self._derive(change)
        return bool(changes)

    def _derive(self, change: StateChange) -> None:
        relay_change(change, self.ports)

    def _release(self) -> None:
        report = release_due(self.ports)
        assert report.failures == ()

    def _deliver(self) -> bool:
        for name in ("people_queue", "automation_queue", "jobs_queue"):
            queue = getattr(self.ports, name)
            assert isinstance(queue, MemoryQueue)
            for entry in queue.take():
                at = self.clock.instant + timedelta(seconds=entry.delay)
                self.pending.append((name, Delivery(at, dict(entry.body))))
        due = [item for item in self.pending if item[1].at <= self.clock.instant]
        self.pending = [item for item in self.pending if item[1].at > self.clock.instant]
        automated = [MessageRef(**delivery.body) for name, delivery in due if name == "automation_queue"]
        announce_dispatch(AnnounceDispatch(worker="worker", refs=automated), self.ports)
        for name, delivery in due:
            self._consume(name, delivery)
        return bool(due)

    def _consume(self, queue: str, delivery: Delivery) -> None:
        try:
            if queue == "jobs_queue":
                run_job_subject(RunJobSubject(**delivery.body), self.ports)
            else:
                dispatch_message(DispatchMessage(ref=MessageRef(**delivery.body)), self.ports)
        except Retryable:
            delivery.at = self.clock.instant + timedelta(seconds=180)
            self.pending.append((queue, delivery))

    def _post(self, url: str, form: Sequence[tuple[str, str]], headers: dict[str, str]) -> int:
        """A webhook, past the edge: the signature is the handler's business and tested there."""
        values, parts = dict(form), urlsplit(url)
        org_id = parts.path.split("/")[3]
        if parts.path.endswith("/status"):
            ref = parse_reference(org_id, parse_qs(parts.query)["m"][0])
            command = RecordStatus(
                ref=ref, sid=values["MessageSid"], status=values["MessageStatus"], error_code=values.get("ErrorCode")
            )
            record_status(command, self.ports)
            return 204
        receive_message(
            ReceiveMessage(
                org_id=org_id,
                sid=values["MessageSid"],
                phone=values["From"],
                number=values["To"],
                body=values["Body"],
                segments=int(values.get("NumSegments", "1")),
            ),
            self.ports,
        )
        return 200

    # --- how far a test wants the world to be ---

    def organization(self, org_id: str = ORG) -> Organization:
        put_organization(PutOrganization(id=org_id, name="Acme Lending"), self.ports)
        return provision_twilio_account(ProvisionTwilioAccount(org_id=org_id), self.ports)[0]

    def user(self, user_id: str = "u-1", *, org_id: str = ORG, cell_phone: str = CELL) -> User:
        command = PutUser(
            org_id=org_id,
            id=user_id,
            name="Ann Lee",
            email="ann@acme.example",
            cell_phone=cell_phone,
            license="NMLS 1234",
        )
        return put_user(command, self.ports)

    def provision(self, *user_ids: str, org_id: str = ORG, **options: str) -> Job:
        command = StartProvisioning(
            org_id=org_id,
            started_by="u-admin",
            user_ids=user_ids,
            area_code_source=options.pop("area_code_source", "user_cell"),
            **options,
        )
        job = start_provisioning(command, self.ports)
        self.settle()
        stored = self.store.job(org_id, job.id)
        assert stored is not None
        return stored

    def contact(
        self,
        contact_id: str = "c-1",
        *,
        org_id: str = ORG,
        owner_id: str = "u-1",
        cell_phone: str | None = PHONE,
        time_zone: str | None = None,
        state: str | None = None,
        postal_code: str | None = None,
    ) -> Contact:
        command = PutContact(
            org_id=org_id,
            id=contact_id,
            owner_id=owner_id,
            first_name="Bo",
            last_name="Diaz",
            cell_phone=cell_phone,
            time_zone=time_zone,
            state=state,
            postal_code=postal_code,
        )
        return put_contact(command, self.ports)

    def ready(self) -> World:
        """An organization with a user who has a number, and a contact who was not asked yet."""
        self.organization()
        self.user()
        self.provision("u-1")
        self.contact()
        return self

    def opted_in(self) -> World:
        """The same, and the contact said YES."""
        self.ready()
        request_opt_in(RequestOptIn(org_id=ORG, user_id="u-1", contact_id="c-1"), self.ports)
        self.settle()
        self.text("YES")
        return self

    def number_of(self, user_id: str = "u-1", *, org_id: str = ORG) -> str:
        user = self.store.user(org_id, user_id, consistent=True)
        assert user is not None
        assert user.number is not None
        return user.number

    def text(self, body: str, *, phone: str = PHONE, user_id: str = "u-1") -> None:
        """The phone texts the user's number."""
        self.twilio.text_from_phone(phone, self.number_of(user_id), body)
        self.arrive()

    def message(self, message: Message) -> Message:
        stored = self.store.message(message.ref, consistent=True)
        assert stored is not None
        return stored

    def conversation(self, contact_id: str = "c-1", user_id: str = "u-1") -> list[Message]:
        """Oldest first."""
        return list(reversed(self.store.messages(ORG, user_id, contact_id).items))

    def received_by_phone(self, phone: str = PHONE) -> list[str]:
        """The texts that reached the phone, Twilio's own automatic answers aside."""
        return [text["body"] for text in self.twilio.phone_messages(phone) if not text.get("auto")]
