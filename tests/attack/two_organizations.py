"""Two organizations in one system, each with all there is, and a table that remembers every key it was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from engage_sms.adapters.memory import MemorySecrets, MemoryTable
from engage_sms.adapters.table import EVERYTHING, IndexKey, Item, Key, Span, Write, key_of
from engage_sms.usecases.put_contact import PutContact, put_contact
from engage_sms.usecases.put_organization import PutOrganization, put_organization
from engage_sms.usecases.put_user import PutUser, put_user
from engage_sms.usecases.request_opt_in import RequestOptIn, request_opt_in
from engage_sms.usecases.send_message import SendMessage, send_message
from engage_sms.usecases.start_provisioning import StartProvisioning, start_provisioning
from tests.world import ORG, World

RIVAL = "rival"
RIVAL_PHONE = "+12125550177"
RIVAL_CELL = "+13055550166"
RIVAL_WORDS = ("Rivalry", "Rita", "Ravi", "rita@", "our secret rate", "5550177", "5550166")


class RecordingTable(MemoryTable):
    """Remembers the partitions, of the table and of its index, that were read or written."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: set[str] = set()

    def get(self, key: Key, *, consistent: bool = False) -> Item | None:
        self.touched.add(key.pk)
        return super().get(key, consistent=consistent)

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        wanted = list(keys)
        self.touched.update(key.pk for key in wanted)
        return super().get_many(wanted)

    def query(self, pk: str, span: Span = EVERYTHING, **options: Any) -> list[Item]:
        self.touched.add(pk)
        return super().query(pk, span, **options)

    def query_index(self, ipk: str, span: Span = EVERYTHING, **options: Any) -> list[IndexKey]:
        self.touched.add(ipk)
        return super().query_index(ipk, span, **options)

    def write(self, *writes: Write) -> None:
        self.touched.update(key_of(write).pk for write in writes)
        super().write(*writes)


class RecordingSecrets(MemorySecrets):
    """Remembers the names that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: set[str] = set()

    def get(self, name: str) -> str | None:
        self.touched.add(name)
        return super().get(name)


@dataclass(frozen=True)
class Ids:
    """One of each of an organization's things."""

    organization: str
    user: str
    contact: str
    job: str
    message: str


ABSENT = Ids("absent", "u-absent", "c-absent", "01JZZZZZZZZZZZZZZZZZZZZZZZ", "01JYYYYYYYYYYYYYYYYYYYYYYY")


class TwoOrganizations(World):
    """`own` belongs to the organization whose tokens the tests carry, `foreign` to the other."""

    def __init__(self) -> None:
        self.recording = RecordingTable()
        super().__init__(table=self.recording)
        self.secrets = RecordingSecrets()
        self.secrets.put("twilio/parent", self.ports.secrets.get("twilio/parent") or "")
        self.ports = replace(self.ports, secrets=self.secrets)
        self.opted_in()
        self.own = Ids(
            ORG, "u-1", "c-1", self._job(ORG, "u-1"), self._send(ORG, "u-1", "c-1", "Hi Bo, the papers are in.")
        )
        self._furnish_rival()
        self.foreign = Ids(
            RIVAL, "u-r", "c-r", self._job(RIVAL, "u-r"), self._send(RIVAL, "u-r", "c-r", "our secret rate")
        )
        self.arrive()

    def _furnish_rival(self) -> None:
        self.organization(RIVAL)
        put_organization(PutOrganization(id=RIVAL, name="Rivalry Bank"), self.ports)
        put_user(
            PutUser(org_id=RIVAL, id="u-r", name="Rita Roe", email="rita@rival.example", cell_phone=RIVAL_CELL),
            self.ports,
        )
        self.provision("u-r", org_id=RIVAL)
        for id_, phone in (("c-r", RIVAL_PHONE), ("c-r2", RIVAL_CELL)):
            contact = PutContact(
                org_id=RIVAL, id=id_, owner_id="u-r", first_name="Ravi", last_name="Roy", cell_phone=phone
            )
            put_contact(contact, self.ports)
            request_opt_in(RequestOptIn(org_id=RIVAL, user_id="u-r", contact_id=id_), self.ports)
        self.settle()
        self.twilio.text_from_phone(RIVAL_PHONE, self.number_of("u-r", org_id=RIVAL), "YES")
        self.arrive()

    def _job(self, org_id: str, user_id: str) -> str:
        """A finished job that the user started."""
        command = StartProvisioning(
            org_id=org_id, started_by=user_id, user_ids=(user_id,), area_code_source="user_cell"
        )
        job = start_provisioning(command, self.ports)
        self.settle()
        return job.id

    def _send(self, org_id: str, user_id: str, contact_id: str, body: str) -> str:
        command = SendMessage(org_id=org_id, user_id=user_id, contact_id=contact_id, body=body)
        return send_message(command, self.ports).id

    def of_rival(self) -> tuple[list[Item], list[Any]]:
        """Everything that is the other organization's: in the table, and at Twilio."""
        number = self.number_of("u-r", org_id=RIVAL)
        items = [item for item in self.recording.items() if item.pk.split("#")[1] in {RIVAL, number}]
        account = self.ports.account(RIVAL)
        assert account is not None
        lists = (self.twilio.accounts(), self.twilio.numbers(), self.twilio.messages())
        return items, [row for rows in lists for row in rows if account.sid in row.values()]
