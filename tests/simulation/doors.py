"""The ports as a function sees them: every call takes time, may be interrupted, may fail, and is on record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from engage_sms.adapters.memory import MemoryQueue, MemoryTable, Record
from engage_sms.adapters.table import EVERYTHING, Delete, IndexKey, Item, Key, Put, Span, Update, Write
from engage_sms.adapters.twilio_api import TIMEOUT
from engage_sms.domain.naming import parse_reference
from engage_sms.errors import OutcomeUnknown, RateLimited, Retryable
from engage_sms.ports import Account, Outgoing, QueueEntry, TwilioMessage
from tests.simulation.engine import Crash
from tests.simulation.history import Handed, Owned

if TYPE_CHECKING:
    from tests.simulation.system import System

T = TypeVar("T")


class Table:
    """The table: throttled, stale, silent, or repeated by the SDK. `records` are told to the system as they happen."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.primary = MemoryTable()
        self._replica = MemoryTable()
        self._on_the_way: list[tuple[datetime, Record]] = []

    def get(self, key: Key, *, consistent: bool = False) -> Item | None:
        return self._read(consistent, lambda table: table.get(key))

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        wanted = list(keys)
        return self._read(False, lambda table: table.get_many(wanted))

    def query(self, pk: str, span: Span = EVERYTHING, *, consistent: bool = False, **how: Any) -> list[Item]:
        return self._read(consistent, lambda table: table.query(pk, span, **how))

    def query_index(self, ipk: str, span: Span = EVERYTHING, **how: Any) -> list[IndexKey]:
        return self._read(False, lambda table: table.query_index(ipk, span, **how))

    def write(self, *writes: Write) -> None:
        self._write(lambda: self.primary.write(*writes), repeatable=len(writes) == 1)

    def update(self, update: Update) -> Item | None:
        return self._write(lambda: self.primary.update(update), repeatable=True)

    def count(self, counter: Item, *, below: int) -> bool:
        return self._write(lambda: self.primary.count(counter, below=below), repeatable=True)

    def _read(self, consistent: bool, read: Callable[[MemoryTable], T]) -> T:
        """An eventually consistent read sees what has arrived at the replica by then."""

        def do() -> T:
            if consistent or not self._system.lag:
                return read(self.primary)
            self._catch_up()
            return read(self._replica)

        return self._system.call("table.read", do, fails="throttled")

    def _write(self, write: Callable[[], T], *, repeatable: bool) -> T:
        def do() -> T:
            try:
                answer = write()
                if repeatable and self._system.hits("write repeated by the SDK"):
                    # The answer was lost on the way, and the SDK wrote again; a transaction has a token against that.
                    answer = write()
            finally:
                self._system.changed(self._remember(self.primary.records()))
            if self._system.hits("write done, answer lost"):
                raise Retryable("DynamoDB did not answer.")
            return answer

        return self._system.call("table.write", do, fails="throttled")

    def _remember(self, records: list[Record]) -> list[Record]:
        if self._system.lag:
            lag = timedelta(seconds=self._system.random.uniform(0, self._system.lag))
            visible = max(self._system.now() + lag, self._on_the_way[-1][0] if self._on_the_way else self._system.now())
            self._on_the_way += [(visible, record) for record in records]
        return records

    def _catch_up(self) -> None:
        now = self._system.now()
        while self._on_the_way and self._on_the_way[0][0] <= now:
            _, record = self._on_the_way.pop(0)
            if record.new is not None:
                self._replica.write(Put(record.new))
            elif record.old is not None:
                self._replica.write(Delete(record.old.key))
        self._replica.records()


class Queue(MemoryQueue):
    """A queue whose messages the system delivers."""

    def __init__(self, system: System, name: str) -> None:
        super().__init__()
        self._system = system
        self._name = name

    def send(self, entries: Any) -> None:
        def do() -> None:
            super(Queue, self).send(entries)
            taken: list[QueueEntry] = self.take()
            for entry in taken:
                self._system.queues[self._name].accept(entry)

        if entries:
            self._system.call(f"{self._name}.send", do, fails="throttled")


class Around:
    """Any other port: its calls take time, and a process may end at each of them."""

    def __init__(self, system: System, name: str, port: Any) -> None:
        self._system = system
        self._name = name
        self._port = port

    def __getattr__(self, method: str) -> Any:
        whole = getattr(self._port, method)
        return lambda *args, **options: self._system.call(f"{self._name}.{method}", lambda: whole(*args, **options))


_CREATES = {"buy_number", "create_account", "create_messaging_service"}
_LATE = (12.0, 45.0)
"""Seconds until Twilio takes a request that was given up after TIMEOUT."""


class Carrier:
    """Twilio, on a bad day. What it takes is on record with the message's reference, which no other call carries."""

    def __init__(self, system: System, twilio: Any) -> None:
        self._system = system
        self._twilio = twilio

    def __getattr__(self, method: str) -> Any:
        whole = getattr(self._twilio, method)

        def call(*args: Any, **options: Any) -> Any:
            def do() -> Any:
                self._fail(repeatable=method not in _CREATES)
                answer = whole(*args, **options)
                self._note_numbers()
                if self._system.hits("Twilio: no answer, taken"):
                    self._system.engine.pause(TIMEOUT)
                    raise OutcomeUnknown("No answer.") if method in _CREATES else Retryable("No answer.")
                return answer

            return self._system.call(f"twilio.{method}", do)

        return call

    def _fail(self, *, repeatable: bool) -> None:
        if self._system.hits("Twilio: 429"):
            raise RateLimited("Too many requests.")
        if self._system.hits("Twilio: no answer, not taken"):
            self._system.engine.pause(TIMEOUT)
            raise Retryable("No answer.") if repeatable else OutcomeUnknown("No answer.")

    def _note_numbers(self) -> None:
        system = self._system
        owned = {number["sid"]: number["phone_number"] for number in system.twilio.numbers()}
        for sid in owned.keys() - system.owned.keys():
            system.record(Owned(system.now(), sid, owned[sid], bought=True))
        for sid in system.owned.keys() - owned.keys():
            system.record(Owned(system.now(), sid, system.owned[sid], bought=False))
        system.owned = owned

    def send(self, account: Account, outgoing: Outgoing) -> TwilioMessage:
        system = self._system
        task = system.engine.task
        assert task is not None
        path, _, query = outgoing.status_callback.partition("?m=")
        org_id = path.split("/")[-2]
        # The call begins where the last read ended: what happens from here on happens beside it, however slow it is.
        handed = Handed(system.now(), org_id, parse_reference(org_id, query), outgoing, task.started)
        system.record(handed)
        system.interrupt("twilio.send")

        def take() -> TwilioMessage:
            taken: TwilioMessage = self._twilio.send(account, outgoing)
            handed.sid, handed.taken_at = taken.sid, system.now()
            return taken

        system.pause_for_call()
        return self._answer(take)

    def _answer(self, take: Callable[[], TwilioMessage]) -> TwilioMessage:
        system = self._system
        for kind in ("429", "500"):
            if system.hits(f"Twilio: {kind}"):
                system.twilio.inject("messages.create", kind)
                return take()
        if system.refusals:
            system.twilio.inject("messages.create", system.refusals.pop())
            return take()
        if system.hits("Twilio: slow"):
            system.engine.pause(system.random.uniform(0.2, TIMEOUT * 0.9))
        if system.hits("Twilio: no answer, not taken"):
            system.engine.pause(TIMEOUT)
            raise OutcomeUnknown("No answer.")
        if system.hits("Twilio: no answer, taken later"):
            system.engine.after(system.random.uniform(*_LATE), lambda: system.quietly(take))
            system.engine.pause(TIMEOUT)
            raise OutcomeUnknown("No answer.")
        if system.hits("Twilio: died in the call"):
            system.engine.after(system.random.uniform(0, 3), lambda: system.quietly(take))
            raise Crash
        system.arrange_callbacks()
        taken = take()
        system.engine.pause(system.random.uniform(0, 2.5 if system.random.random() < 0.3 else 0.05))
        if system.hits("Twilio: no answer, taken"):
            system.engine.pause(TIMEOUT)
            raise OutcomeUnknown("No answer.")
        if system.hits("crash after a call"):
            raise Crash
        return taken

    def messages_to(self, account: Account, phone: str, *, since: datetime) -> tuple[TwilioMessage, ...]:
        """Twilio's list lags behind by up to `list_lag` seconds, each message by its own measure."""
        system = self._system

        def do() -> tuple[TwilioMessage, ...]:
            self._fail(repeatable=True)
            found: tuple[TwilioMessage, ...] = self._twilio.messages_to(account, phone, since=since)
            return tuple(message for message in found if self._listed(message))

        return system.call("twilio.messages_to", do)

    def _listed(self, message: TwilioMessage) -> bool:
        share = int(message.sid[2:10], 16) / 16**8
        made = message.created_at
        return made is None or made + timedelta(seconds=self._system.list_lag * share) <= self._system.now()
