"""What the product needs from the outside world: one small Protocol for each outside system.

Every Protocol has a fake that ships beside the real adapter, and one contract suite (tests/contracts) that both pass.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from engage_sms.domain.brake import Underway
from engage_sms.domain.consent import Consent
from engage_sms.domain.conversation import Conversation
from engage_sms.domain.directory import Contact, Number, Organization, User
from engage_sms.domain.due import Opening, Parked, Replanning, Timer
from engage_sms.domain.job import Job, JobResult
from engage_sms.domain.message import Message, MessageRef, Transition
from engage_sms.domain.pace import Pace
from engage_sms.domain.retention import Retention
from engage_sms.domain.usage import LedgerLine, UsageDay

T = TypeVar("T")
Versioned = Organization | User | Contact | Number | Consent | Opening | Pace | Replanning
"""Entities that change only when their `version` is still the one that was read."""
Entity = Versioned | Message | Conversation | Job | JobResult | UsageDay | Timer | Parked | Underway | Retention


class Page(NamedTuple, Generic[T]):
    """One page of a list. `cursor` starts the next one; None at the end."""

    items: tuple[T, ...]
    cursor: str | None = None


# --- changes: what one atomic commit may hold -------------------------------------------------------------------------


class Create(NamedTuple):
    """Put the entity; Conflict when one with its key exists."""

    entity: Entity


class Replace(NamedTuple):
    """Put the entity when the stored `version` equals `entity.version`; the stored one then counts one more.

    Version 0 means "not stored yet": the first write is the same call.
    """

    entity: Versioned


class Overwrite(NamedTuple):
    """Put the entity whatever is there: for derived data, where a repeat writes the same."""

    entity: Conversation | UsageDay | Timer | Parked | Underway | Retention


class Remove(NamedTuple):
    """Delete the entity; when it is Versioned, only if the stored `version` equals its own."""

    entity: Opening | Replanning | Timer | Parked


class Once(NamedTuple):
    """A mark that something was done: Conflict when the same key was marked before. `scope` says what kind of thing."""

    scope: str
    key: str


class CountResult(NamedTuple):
    """Put the result (Conflict when this subject has one) and count it on its job, in the same transaction."""

    result: JobResult


Change = Create | Replace | Overwrite | Remove | Once | CountResult


class Store(Protocol):
    """The state. Every read names its organization; every write is conditional (see the changes above).

    Reads are eventually consistent unless `consistent=True`. Cursors are opaque strings.
    """

    def commit(self, *changes: Change) -> None:
        """Apply all changes or none. Raises Conflict when any condition fails."""

    def move(self, ref: MessageRef, step: Transition) -> Message | None:
        """Take the step if the stored message stands where it may be taken: one conditional write.

        Returns the message after the step, or None (nothing changed, or no such message).
        """

    def take_turn(self, org_id: str, second: datetime, *, rate: int) -> bool:
        """Take one of the organization's `rate` turns in that second (aware, whole); False when all are taken."""

    def done(self, mark: Once) -> bool:
        """Whether the mark was set (strongly consistent)."""

    def organization(self, org_id: str, *, consistent: bool = False) -> Organization | None: ...
    def organizations(self) -> Iterator[Organization]: ...
    def user(self, org_id: str, user_id: str, *, consistent: bool = False) -> User | None: ...
    def users(self, org_id: str) -> Iterator[User]: ...
    def contact(self, org_id: str, contact_id: str, *, consistent: bool = False) -> Contact | None: ...
    def contacts(self, org_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Contact]: ...
    def contacts_with_phone(self, org_id: str, phone: str) -> tuple[Contact, ...]: ...
    def number(self, phone: str, *, consistent: bool = False) -> Number | None: ...
    def consent(self, org_id: str, phone: str, *, consistent: bool = False) -> Consent:
        """What is known of the phone; a fresh Consent with version 0 when nothing is."""

    def message(self, ref: MessageRef, *, consistent: bool = False) -> Message | None: ...
    def messages_of(self, refs: Iterable[MessageRef]) -> Iterator[Message]:
        """Those of the messages that exist, in the order of the refs."""

    def messages(
        self,
        org_id: str,
        user_id: str,
        contact_id: str,
        *,
        cursor: str | None = None,
        limit: int = 50,
        consistent: bool = False,
    ) -> Page[Message]:
        """One conversation, newest first."""

    def conversation(self, org_id: str, user_id: str, contact_id: str) -> Conversation | None: ...
    def conversations(
        self, org_id: str, user_id: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[Conversation]:
        """A user's inbox, newest first."""

    def saw_message(self, message: Message) -> None:
        """Put the message into its inbox line: newer messages replace `last_*`, an inbound one counts as unread.

        Seeing the same message again changes nothing.
        """

    def clear_preview(self, message: Message) -> None:
        """The inbox line shows nothing of the message any more, if it is the one it shows."""

    def count_contact(self, org_id: str, contact_id: str, *, version: int, audience: str | None) -> None:
        """Count this version of the contact in the audience (by name, None for none) and no longer where it was.

        Counting it again changes nothing, nor does a version older than the one that counts.
        """

    def headcounts(self, org_id: str) -> Mapping[str, int]:
        """How many contacts are in each audience (by name) that has any."""

    def mark_read(self, org_id: str, user_id: str, contact_id: str) -> None: ...

    def job(self, org_id: str, job_id: str, *, consistent: bool = False) -> Job | None: ...
    def cancel_job(self, org_id: str, job_id: str) -> None: ...
    def job_result(self, org_id: str, job_id: str, subject_id: str) -> JobResult | None: ...
    def job_results(
        self, org_id: str, job_id: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[JobResult]: ...

    def held(self, org_id: str, opens_at: datetime, *, cursor: str | None = None, limit: int = 500) -> Page[MessageRef]:
        """The messages held for one opening, in a fixed order."""

    def held_for_phone(self, org_id: str, phone: str) -> Iterator[MessageRef]:
        """Every message of the organization that is held for this phone, whatever the opening."""

    def awaiting(self, org_id: str, phone: str) -> Iterator[MessageRef]:
        """Every message that awaits this phone's opt-in, for any user."""

    def openings(self, org_id: str) -> tuple[Opening, ...]: ...
    def opening(self, org_id: str, opens_at: datetime, *, consistent: bool = True) -> Opening | None: ...
    def pace(self, org_id: str) -> Pace:
        """Where the organization's next free slot is (strongly consistent); a fresh Pace before the first."""

    def due_openings(self, until: datetime) -> Iterator[Opening]:
        """Openings with `due_at <= until`, earliest first."""

    def replanning(self, org_id: str) -> Replanning | None: ...
    def due_replannings(self, until: datetime) -> Iterator[Replanning]:
        """Orders with `due_at <= until`, earliest first."""

    def due_timers(self, until: datetime) -> Iterator[Timer]: ...
    def parked(self, org_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[Parked]: ...
    def underway(self, org_id: str) -> tuple[Underway, ...]:
        """What dispatch has in hand of the organization's automated messages (strongly consistent)."""

    def ledger(self, org_id: str, day: date) -> Iterator[LedgerLine]:
        """Our own count for one UTC day: messages sent to Twilio or received from it."""

    def bodies(self, org_id: str, day: date) -> Iterator[Message]:
        """Messages that still have their text, of one UTC day: sent or received on it, or ended without being sent."""

    def remove_body(self, ref: MessageRef, *, at: datetime) -> Message | None:
        """Empties text and media of a message that has ended, once: one conditional write, see `without_body`.

        Returns the message as it then stands, or None (nothing changed).
        """

    def retention(self, org_id: str) -> Retention | None: ...

    def left_on(self, org_id: str, day: date) -> Iterator[MessageRef]:
        """Every message in the organization's ledger of that UTC day."""

    def left_for(self, org_id: str, phone: str, day: date) -> Iterator[MessageRef]:
        """Every message between the organization and the phone that is in its ledger of that UTC day."""

    def usage(self, org_id: str, first: date, last: date) -> tuple[UsageDay, ...]:
        """Reported days from `first` to `last`, both inclusive, oldest first."""


class StateChange(NamedTuple):
    """One entity before and after a change: `old` None when it is new, `new` None when it was removed.

    Changes of one entity come in order, at least once; `sequence` grows with them.
    """

    old: Entity | None
    new: Entity | None
    sequence: str


# --- Twilio -----------------------------------------------------------------------------------------------------------


class Account(NamedTuple):
    """Credentials of an organization's subaccount. The token does not print."""

    sid: str
    auth_token: str

    def __repr__(self) -> str:
        return f"Account(sid={self.sid!r})"


class OfferedNumber(NamedTuple):
    """A number Twilio would sell: not reserved, somebody else may take it."""

    phone: str
    locality: str | None
    region: str | None


class OwnedNumber(NamedTuple):
    """A number in the subaccount, since `created_at`. `friendly_name` is the tag it was bought under."""

    phone: str
    sid: str
    friendly_name: str
    created_at: datetime


class TwilioMessage(NamedTuple):
    """A message as Twilio has it: between the contact's `phone` and our `number`, whichever way it went.

    `segments` is 0, and `number` may be None, until a sender is assigned.
    """

    sid: str
    status: str
    phone: str
    number: str | None
    body: str
    direction: str
    segments: int
    created_at: datetime | None
    error_code: str | None = None


class ReportedDay(NamedTuple):
    """Segments that Twilio reports for one GMT day (Usage Records, category `sms`)."""

    day: date
    segments: int


class Outgoing(NamedTuple):
    """One message for Twilio. `validity` in seconds (1-36000): Twilio drops it if it waits longer in its queue."""

    to: str
    sender: str
    body: str
    messaging_service_sid: str
    status_callback: str
    media_urls: Sequence[str] = ()
    validity: int | None = None


class Twilio(Protocol):
    """Twilio's API, one method for each call. No method retries.

    Raises RateLimited (certainly not processed), Refused (a definite no) or, without an answer (timeout, reset, 5xx),
    OutcomeUnknown; Retryable instead where repeating does no harm: reads, `add_to_service`, `release_number`.
    """

    def create_account(self, friendly_name: str) -> Account: ...
    def find_account(self, friendly_name: str) -> Account | None: ...
    def create_messaging_service(
        self, account: Account, friendly_name: str, *, inbound_url: str, status_url: str
    ) -> str: ...
    def find_messaging_service(self, account: Account, friendly_name: str) -> str | None: ...
    def offered_numbers(
        self,
        account: Account,
        *,
        area_code: str | None = None,
        near: str | None = None,
        region: str | None = None,
        limit: int = 10,
    ) -> tuple[OfferedNumber, ...]: ...
    def buy_number(self, account: Account, phone: str, *, friendly_name: str) -> OwnedNumber: ...
    def owned_numbers(self, account: Account, *, friendly_name: str | None = None) -> tuple[OwnedNumber, ...]: ...
    def add_to_service(self, account: Account, service_sid: str, number_sid: str) -> None:
        """Puts the number into the Messaging Service's sender pool; already being in it is success."""

    def release_number(self, account: Account, number_sid: str) -> None:
        """Gives the number back, finally; one that is already gone is success."""

    def send(self, account: Account, outgoing: Outgoing) -> TwilioMessage: ...
    def messages_to(self, account: Account, phone: str, *, since: datetime) -> tuple[TwilioMessage, ...]: ...
    def messages_on(self, account: Account, day: date) -> Iterator[TwilioMessage]:
        """Every message of one GMT day, both directions."""

    def reported_usage(self, account: Account, first: date, last: date) -> tuple[ReportedDay, ...]: ...


# --- the rest ---------------------------------------------------------------------------------------------------------


class Queue(Protocol):
    """A queue that delivers at least once, after `delay` seconds (0-900)."""

    def send(self, entries: Sequence[QueueEntry]) -> None: ...


class QueueEntry(NamedTuple):
    """One queue message: a JSON body, a whole number of seconds to wait, and the tenant for fair queueing."""

    body: Mapping[str, Any]
    delay: int = 0
    group: str | None = None


class EventBus(Protocol):
    """Tells the outside what happened (source `engage.sms`), at least once."""

    def publish(self, detail_type: str, detail: Mapping[str, Any]) -> None: ...


class Secrets(Protocol):
    """Tokens by name, encrypted at rest. A read may be cached for minutes."""

    def get(self, name: str) -> str | None: ...
    def put(self, name: str, value: str) -> None: ...


class Answers(Protocol):
    """Answers already given to requests that carry an idempotency key."""

    def once(self, key: str, request: str, answer: Callable[[], dict[str, Any]], *, time_left: int) -> dict[str, Any]:
        """The answer to the key: computed now, or as it was given to the same request before.

        `time_left` in milliseconds: a caller that dies holds the key no longer than that. What `answer` raises is
        not kept: the key is free again. Raises Rejected `idempotency-key-reused` (422) when the key came with another
        request, and `request-in-progress` (409) while the first one is still being answered.
        """


class ClaimNames(NamedTuple):
    """Where a token says who is calling: the names of its claims."""

    user: str = "sub"
    organization: str = "org_id"
    roles: str = "roles"


@dataclass(frozen=True)
class Ports:
    """All the ports a use case may need; `now` gives aware UTC, `new_id` a ULID of that instant.

    `wait` returns when it is the instant (aware), at most seconds away.
    """

    store: Store
    twilio: Twilio
    people_queue: Queue
    automation_queue: Queue
    jobs_queue: Queue
    events: EventBus
    secrets: Secrets
    now: Callable[[], datetime]
    wait: Callable[[datetime], None]
    new_id: Callable[[], str]
    public_url: str
    """Where Twilio reaches the webhooks, without a trailing slash."""
    answers: Answers | None = None
    """Only the HTTP API needs it."""
    claims: ClaimNames = field(default_factory=ClaimNames)

    def account(self, org_id: str) -> Account | None:
        """The credentials of the organization's subaccount; None before it was provisioned."""
        secret = self.secrets.get(secret_of(org_id))
        if secret is None:
            return None
        values = json.loads(secret)
        return Account(values["account_sid"], values["auth_token"])


PARENT_SECRET = "twilio/parent"


def secret_of(org_id: str) -> str:
    """The name of an organization's credentials: JSON `{"account_sid", "auth_token"}`."""
    return f"twilio/organizations/{org_id}"
