"""The table in DynamoDB, through PynamoDB. Imports no boto3: start-up pays for one client library only."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session
from pynamodb.connection.base import Connection
from pynamodb.exceptions import PynamoDBException, TransactWriteError, VerboseClientError
from pynamodb.transactions import TransactWrite

from engage_sms.adapters.dynamodb_expressions import actions_of, expression_of
from engage_sms.adapters.dynamodb_model import Row, item_of, model_of, to_wire
from engage_sms.adapters.table import EVERYTHING, Delete, IndexKey, Item, Key, Put, Span, Update, Write, check_writes
from engage_sms.errors import Conflict, Retryable

T = TypeVar("T")

CONDITION_FAILED = "ConditionalCheckFailedException"
COLLIDED = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})
"""Two transactions met on an item; DynamoDB refused this one without looking at its conditions."""
BUSY = COLLIDED | {
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingError",
    "ThrottlingException",
}
ATTEMPTS = 6


# --- the table --------------------------------------------------------------------------------------------------------


class DynamoTable:
    """A table in DynamoDB.

    A write whose answer got lost is sent again by the SDK and then fails its own condition: the caller sees a lost
    race, reads again and finds its own change. A claim that looks lost in this way runs out with its lease.
    """

    def __init__(
        self,
        table_name: str,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        session: Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """With a `session` the client is made from it, here and now; else PynamoDB starts one at the first call."""
        self.model = model_of(table_name, region=region, endpoint=endpoint)
        self._sleep = sleep
        if session is not None:
            self._connection()._local.session = session  # PynamoDB knows no other way to be given one
            _ = self.client  # made at the first look

    def get(self, key: Key, *, consistent: bool = False) -> Item | None:
        try:
            return item_of(_call(lambda: self.model.get(key.pk, key.sk, consistent_read=consistent)))
        except self.model.DoesNotExist:
            return None

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        wanted = list(dict.fromkeys(keys))
        rows = _call(lambda: list(self.model.batch_get([tuple(key) for key in wanted])))
        found = {Key(row.pk, row.sk): item_of(row) for row in rows}
        return [found[key] for key in wanted if key in found]

    def query(
        self,
        pk: str,
        span: Span = EVERYTHING,
        *,
        after: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        consistent: bool = False,
    ) -> list[Item]:
        rows = _call(
            lambda: list(
                self.model.query(
                    pk,
                    self.model.sk.between(*span),
                    consistent_read=consistent,
                    scan_index_forward=not newest_first,
                    limit=limit,
                    last_evaluated_key=None if after is None else _start(pk=pk, sk=after),
                )
            )
        )
        return [item_of(row) for row in rows]

    def query_index(
        self,
        ipk: str,
        span: Span = EVERYTHING,
        *,
        after: IndexKey | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[IndexKey]:
        rows = _call(
            lambda: list(
                self.model.waiting.query(
                    ipk,
                    self.model.isk.between(*span),
                    scan_index_forward=not newest_first,
                    limit=limit,
                    last_evaluated_key=None if after is None else _start(ipk=ipk, **after._asdict()),
                )
            )
        )
        return [IndexKey(row.isk or "", row.pk, row.sk) for row in rows]

    def write(self, *writes: Write) -> None:
        check_writes(writes)
        if len(writes) == 1:
            self._persist(lambda: self._write_one(writes[0]))
        else:
            self._persist(lambda: self._transact(writes))

    def update(self, update: Update) -> Item | None:
        row = self._row(update.key)
        try:
            self._persist(lambda: row.update(actions_of(update), expression_of(update)))
        except Conflict:
            return None
        return item_of(row)

    def count(self, counter: Item, *, below: int) -> bool:
        # One conditional update, so that of many at the same instant no more than `below` count:
        #
        #   A  ADD 1 if version < 2 ✓ → 1
        #   B    ADD 1 if version < 2 ✓ → 2
        #   C      ADD 1 if version < 2 ✗ full
        version = self.model.version
        room_left = version.does_not_exist() | (version < below)
        named = [self.model.kind.set(counter.kind), self.model.ttl.set(counter.ttl or 0)]
        try:
            self._persist(lambda: self._row(counter.key).update([version.add(1), *named], room_left))
        except Conflict:
            return False
        return True

    def _write_one(self, write: Write) -> None:
        expression = expression_of(write)
        match write:
            case Put(item):
                self._row_of(item).save(expression)
            case Delete(key):
                self._row(key).delete(expression)
            case Update(key=key):
                self._row(key).update(actions_of(write), expression)

    def _transact(self, writes: tuple[Write, ...]) -> None:
        with TransactWrite(connection=self._connection()) as transaction:
            for write in writes:
                expression = expression_of(write)
                match write:
                    case Put(item):
                        transaction.save(self._row_of(item), expression)
                    case Delete(key):
                        transaction.delete(self._row(key), expression)
                    case Update(key=key):
                        transaction.update(self._row(key), actions_of(write), expression)

    def _persist(self, write: Callable[[], object]) -> None:
        """Writes, and writes again after a short random wait while other transactions hold the same items."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _call(write)
            except _Collision:
                if attempt == ATTEMPTS:
                    raise
                self._sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
            else:
                return

    @property
    def client(self) -> Any:
        """botocore's client of DynamoDB."""
        return self._connection().client

    def _connection(self) -> Connection:
        connection: Connection = self.model._get_connection().connection
        return connection

    def _row(self, key: Key) -> Row:
        return self.model(pk=key.pk, sk=key.sk)

    def _row_of(self, item: Item) -> Row:
        return self.model(
            pk=item.pk,
            sk=item.sk,
            ipk=item.ipk,
            isk=item.isk,
            kind=item.kind,
            version=item.version,
            ttl=item.ttl,
            doc=dict(item.doc),
        )


def _start(**key: str) -> dict[str, dict[str, Any]]:
    return {name: to_wire(value) for name, value in key.items()}


# --- errors -----------------------------------------------------------------------------------------------------------


class _Collision(Retryable):
    """Another transaction was changing the item; nothing was done."""


def _call(call: Callable[[], T]) -> T:
    """Calls DynamoDB; what it refuses comes as Conflict or Retryable, anything else as it is."""
    try:
        return call()
    except PynamoDBException as error:
        reaction = _reaction(error)
        if reaction is None:
            raise
        raise reaction from error


def _reaction(error: PynamoDBException) -> Retryable | None:
    cause = error.cause
    if isinstance(cause, BotoCoreError) and not isinstance(cause, ClientError):
        return Retryable("DynamoDB did not answer.")
    codes = {error.cause_response_code}
    if isinstance(error, TransactWriteError) and isinstance(cause, VerboseClientError):
        codes |= {reason.code for reason in error.cancellation_reasons if reason}
    if codes & {CONDITION_FAILED, "ConditionalCheckFailed"}:
        return Conflict("A condition of the write no longer held.")
    if codes & COLLIDED:
        return _Collision("Another transaction was changing the same item.")
    if codes & BUSY:
        return Retryable("DynamoDB is busy.")
    return None
