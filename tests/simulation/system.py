"""The whole system in one thread: real handlers and use cases over ports in memory, and what AWS and Twilio do."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from importlib import import_module
from random import Random
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from engage_sms.adapters import layout
from engage_sms.adapters.layout import to_entity
from engage_sms.adapters.memory import Record, memory_ports
from engage_sms.adapters.store import TableStore
from engage_sms.adapters.twilio_api import TwilioApi
from engage_sms.domain.due import LOOK_AHEAD
from engage_sms.domain.message import Message, Status
from engage_sms.errors import EngageError, Retryable
from engage_sms.ports import PARENT_SECRET, Ports
from engage_sms.topology import AUTOMATION, FUNCTION, JOBS, PEOPLE
from infra.local.twilio import FakeTwilio
from tests.functions.gateway import Context
from tests.simulation.aws import Deliveries, Stream, relay_plainly, settle_plainly, stream_event
from tests.simulation.carrier import Shortcut
from tests.simulation.doors import Around, Carrier, Queue, Table
from tests.simulation.engine import Crash, Engine, Task
from tests.simulation.history import Changed, Event, Heard, History, Reported, Said
from tests.simulation.trouble import Trouble

T = TypeVar("T")
HANDLERS = {
    name: import_module(f"functions.{name}.handler").handler
    for name in ("dispatch", "jobs", "journeys", "relay", "release", "sweep", "webhooks")
} | {"usage_nightly": settle_plainly}
NIGHT = time(5, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Failed(Exception):
    """The function ended without an answer."""


@dataclass
class Ambush:
    """What happens in the middle of a function: at its `call`th call of a port, which waits `holds` seconds."""

    function: str
    call: int
    holds: float
    do: Callable[[], object]


@dataclass
class System:
    """`lag` and `list_lag` in seconds: how far eventually consistent reads, and Twilio's list, may be behind."""

    seed: int
    start: datetime
    trouble: Trouble
    founded: FakeTwilio
    random: Random = field(default_factory=Random)
    handled: bool = False
    """Whether `relay` gets its records spelled as by the stream, through its handler, or plainly and much faster."""

    def __post_init__(self) -> None:
        self.random.seed(f"{self.seed} faults")
        self.engine = Engine(self.start)
        self.engine.idle = self._upcoming
        self.engine.at(datetime.combine(self.start, NIGHT), self._night)
        self.history = History(self.seed)
        self.lag = self.random.choice((0.05, 0.5, 2.0)) if self.trouble.chances.get("stale reads") else 0.0
        self.list_lag = (
            self.random.choice((5.0, 50.0, 1200.0)) if self.trouble.chances.get("Twilio: list lags") else 0.0
        )
        self.ambushes: list[Ambush] = []
        self.refusals: list[str] = []
        """Codes that Twilio refuses the next messages with."""
        self.running = False
        """Whether what is written is relayed: not while the beginning is made."""
        self.asked: list[dict[str, Any]] = []
        """Every step that the journey engine asked for."""
        self.table = Table(self)
        self.stream = Stream(self)
        self.queues = {
            "people": Deliveries(self, PEOPLE, "dispatch"),
            "automation": Deliveries(self, AUTOMATION, "dispatch"),
            "jobs": Deliveries(self, JOBS, "jobs"),
        }
        self.twilio = self.founded.copy(self.now, self._post)
        self._ids = 0
        self._due: datetime | None = None
        self._due_changed = True
        self._workers = 0
        self._last_tick = self.start
        self._tick_at: datetime | None = None
        self._callback_at: datetime | None = None
        self.owned = {number["sid"]: number["phone_number"] for number in self.twilio.numbers()}
        self.ports = self._ports()

    def _ports(self) -> Ports:
        plain = memory_ports(
            twilio=TwilioApi(parent=lambda: self.twilio.parent, http_client=Shortcut(self.twilio)),
            now=self.now,
            wait=lambda until: self.engine.pause((until - self.now()).total_seconds()),
            new_id=self._new_id,
        )
        parent = {"account_sid": self.twilio.parent.sid, "auth_token": self.twilio.parent.auth_token}
        plain.secrets.put(PARENT_SECRET, json.dumps(parent))
        self.calm = replace(plain, store=TableStore(self.table.primary, now=self.now))
        """The same ports without any trouble, for whoever only looks."""
        return replace(
            plain,
            store=TableStore(self.table, now=self.now),
            twilio=Carrier(self, plain.twilio),
            people_queue=Queue(self, "people"),
            automation_queue=Queue(self, "automation"),
            jobs_queue=Queue(self, "jobs"),
            events=Around(self, "events", plain.events),
            secrets=Around(self, "secrets", plain.secrets),
        )

    # --- time and chance ---

    def now(self) -> datetime:
        return self.engine.now

    def _new_id(self) -> str:
        self._ids += 1
        return f"01J{self._ids:023d}"

    def hits(self, kind: str) -> bool:
        hit = self.trouble.hits(kind, self.random)
        if hit:
            task = self.engine.task
            self.history.faults[kind] += 1
            self.say(f"    ! {kind}" + (f" ({task.name}, call {task.calls})" if task else ""))
        return hit

    def say(self, line: str) -> None:
        self.record(Said(self.now(), line))

    def record(self, event: Event) -> None:
        self.history.events.append(event)

    # --- calls of ports ---

    def call(self, name: str, do: Callable[[], T], *, fails: str | None = None) -> T:
        if self.engine.task is None:
            return do()
        self.interrupt(name)
        self.pause_for_call()
        if self.hits("crash before a call"):
            raise Crash
        if fails and self.hits(fails):
            raise Retryable("Too busy.")
        answer = do()
        if self.hits("crash after a call"):
            raise Crash
        return answer

    def interrupt(self, name: str) -> None:
        """Counts the call; whoever lies in ambush there strikes, while the caller waits."""
        task = self.engine.task
        assert task is not None
        task.calls += 1
        for ambush in self.ambushes:
            if ambush.function == task.name and ambush.call == task.calls:
                self.ambushes.remove(ambush)
                self.say(f"    ~ in the middle of {task.name}, before its call {task.calls} ({name}):")
                self.engine.at(self.now(), ambush.do)
                self.engine.pause(ambush.holds)
                return

    def pause_for_call(self) -> None:
        if self.hits("frozen until the timeout"):
            self.engine.pause(1000)
        if self.hits("slow call"):
            self.engine.pause(self.random.uniform(0.1, 6))
        self.engine.pause(self.random.uniform(0.001, 0.012))

    def changed(self, records: Sequence[Record]) -> None:
        """The table tells what changed: for the record, and for the stream."""
        for record in records:
            self.record(Changed(self.now(), record.old, record.new))
            self._due_changed = True
        if self.running:
            self.stream.feed(list(records))

    # --- functions ---

    def invoke(self, name: str, event: Any) -> Any:
        """The function's answer, as the running task; Failed when it raised, timed out or died."""
        with self._lambda(name):
            try:
                return HANDLERS[name](event, self._context(), self.ports)
            except Exception as error:  # noqa: BLE001  as Lambda does
                self.say(f"    {name} raised {type(error).__name__}")
                return Failed(name)
            except Crash:
                self.say(f"    {name} is gone")
                return Failed(name)

    def invoke_relay(self, batch: list[Record]) -> list[Record]:
        """The records of the batch that failed."""
        if self.handled:
            answer = self.invoke("relay", stream_event(batch))
            failed = None if isinstance(answer, Failed) else {f["itemIdentifier"] for f in answer["batchItemFailures"]}
        else:
            with self._lambda("relay"):
                try:
                    failed = set(relay_plainly(batch, self))
                except Crash:
                    self.say("    relay is gone")
                    failed = None
        return [record for record in batch if failed is None or record.sequence in failed]

    def request(self, what: str, do: Callable[[], object]) -> None:
        """A request of a person: a task of its own, whose answer is told."""

        def work() -> None:
            with self._lambda("api"):
                try:
                    answer = do()
                except EngageError as error:
                    self.say(f"    {what}: {type(error).__name__} {getattr(error, 'slug', error)}")
                except Crash:
                    self.say(f"    {what}: no answer")
                else:
                    self.say(f"    {what}: done")
                    self.history.answers.append((self.now(), what, answer))

        self.engine.spawn("api", work)

    def _lambda(self, name: str) -> _Running:
        timeout = FUNCTION[name].timeout if name in FUNCTION else 29
        return _Running(self.engine, name, timeout)

    def _context(self) -> Context:
        context = Context()
        self._workers += 1
        context.log_stream_name = f"worker-{self._workers}"
        return context

    def quietly(self, do: Callable[[], object]) -> None:
        """For what nobody waits for any more."""
        try:
            do()
        except EngageError:
            return

    # --- the schedule ---

    def _upcoming(self, until: datetime) -> None:
        """Puts the next tick, and Twilio's next callback, on the agenda. A tick that finds nothing due is left out."""
        due = self._due = self._next_due() if self._due_changed else self._due
        self._due_changed = False
        if due is not None:
            minute = max(self._last_tick, due).replace(second=0, microsecond=0)
            tick = minute if minute > self._last_tick and minute >= due else minute + MINUTE
            if tick <= until and (self._tick_at is None or tick < self._tick_at):
                self._tick_at = tick
                self.engine.at(tick, lambda: self._tick(tick))
        callback = self.twilio.next_due()
        if callback is not None and callback <= until and (self._callback_at is None or callback < self._callback_at):
            self._callback_at = callback
            self.engine.at(callback, self._call_back)

    def _call_back(self) -> None:
        self._callback_at = None
        self.engine.spawn("twilio", self.twilio.run_due)

    def _next_due(self) -> datetime | None:
        index = self.table.primary.query_index
        openings = index(layout.DUE_OPENINGS, limit=1)
        due = [datetime.fromisoformat(row.isk.split("#")[0]) - LOOK_AHEAD for row in openings]
        orders = index(layout.DUE_REPLANNINGS, limit=1)
        due += [datetime.fromisoformat(row.isk.split("#")[0]) for row in orders]
        for shard in range(layout.SHARDS):
            due += [datetime.fromisoformat(row.isk.split("#")[0]) for row in index(layout.due_timers(shard), limit=1)]
        return min(due, default=None)

    def _tick(self, at: datetime) -> None:
        if self._tick_at != at:
            return
        self._tick_at, self._last_tick = None, at
        if self.hits("tick never came"):
            return
        self.engine.after(self.random.uniform(0, 50), lambda: self.engine.spawn("release", self._release))
        if self.hits("tick came twice"):
            self.engine.after(self.random.uniform(0, 50), lambda: self.engine.spawn("release", self._release))

    def _release(self) -> None:
        self.invoke("release", {})

    def sweep(self) -> None:
        """The hourly run: of a history it is told when."""
        self.engine.spawn("sweep", lambda: self.invoke("sweep", {}))

    def _night(self) -> None:
        """The nightly run, and twice more if it fails. One that finds no message in doubt is left out."""
        self.engine.at(datetime.combine(self.now() + timedelta(days=1), NIGHT), self._night)
        if any(message.status is Status.SENT for message in self.stored_messages()):
            self._ask_twilio(tries=3)

    def _ask_twilio(self, tries: int) -> None:
        def work() -> None:
            if isinstance(self.invoke("usage_nightly", {}), Failed) and tries > 1:
                self.engine.after(60, lambda: self._ask_twilio(tries - 1))

        self.engine.spawn("usage_nightly", work)

    # --- the bus and the webhooks ---

    def put_event(self, detail: dict[str, Any], tries: int = 0) -> None:
        """The journey engine asks; a function that fails is started again."""

        def work() -> None:
            answer = self.invoke("journeys", {"source": "engage.journeys", "detail": detail})
            if isinstance(answer, Failed) and tries < 8:
                self.engine.after(self.random.uniform(1, 60), lambda: self.put_event(detail, tries + 1))

        self.engine.after(self.random.uniform(0, 0.5), lambda: self.engine.spawn("journeys", work))
        if not tries and self.hits("event delivered twice"):
            later = self.random.choice((0.0, 0.01, 60.0, 3600.0))
            self.engine.after(later, lambda: self.engine.spawn("journeys", work))

    def arrange_callbacks(self) -> None:
        for kind, word in (
            ("callback dropped", "dropped"),
            ("callback twice", "duplicated"),
            ("callbacks reordered", "reordered"),
        ):
            if self.hits(kind):
                self.twilio.inject("callbacks", word, self.random.choice((1, 3)))

    def _post(self, url: str, form: Sequence[tuple[str, str]], headers: dict[str, str]) -> int:
        """Twilio posts a webhook and waits for the answer."""
        parts = urlsplit(url)
        event = {
            "rawPath": parts.path,
            "rawQueryString": parts.query,
            "queryStringParameters": dict(parse_qsl(parts.query)) or None,
            "headers": {name.lower(): value for name, value in headers.items()},
            "body": urlencode(form),
            "isBase64Encoded": False,
        }
        answer = self.invoke("webhooks", event)
        status = 502 if isinstance(answer, Failed) else int(answer["statusCode"])
        fields, org_id = dict(form), parts.path.split("/")[3]
        if parts.path.endswith("/messages"):
            heard = Heard(
                self.now(), org_id, fields["MessageSid"], fields["From"], fields["To"], fields["Body"], status
            )
            self.record(heard)
        else:
            self.record(Reported(self.now(), org_id, fields["MessageSid"], fields["MessageStatus"], status))
        return status

    def stored_messages(self) -> list[Message]:
        """Every message as it stands now, in the order of their ids."""
        entities = (to_entity(item) for item in self.table.primary.items() if item.kind == "msg")
        return sorted((e for e in entities if isinstance(e, Message)), key=lambda message: message.id)


class _Running:
    """A function's time begins and ends; what ran it before goes on afterwards."""

    def __init__(self, engine: Engine, name: str, timeout: int) -> None:
        task = engine.task
        assert task is not None
        self._task: Task = task
        self._before = replace(task)
        self._now = engine.now
        self._name, self._timeout = name, timeout

    def __enter__(self) -> None:
        task = self._task
        task.name, task.started, task.calls = self._name, self._now, 0
        task.ends = self._now + timedelta(seconds=self._timeout)

    def __exit__(self, *_: object) -> None:
        before = self._before
        self._task.name, self._task.started, self._task.calls = before.name, before.started, before.calls
        self._task.ends = before.ends
