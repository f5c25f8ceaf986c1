"""The memory of answers, by idempotency key: Powertools' idempotency over its own DynamoDB table, and a fake."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from engage_sms.errors import OutcomeUnknown, Rejected

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from engage_sms.adapters.aws import Clients

REMEMBERED = 24 * 60 * 60
"""Seconds."""


class DynamoAnswers:
    """Answers in a DynamoDB table (partition key `id`, expiry `expiration`).

    Powertools' idempotency is imported at the first use: it starts slowly, and most requests carry no key.
    """

    def __init__(self, table_name: str, clients: Clients) -> None:
        self._table_name = table_name
        self._clients = clients

    def once(self, key: str, request: str, answer: Callable[[], dict[str, Any]], *, time_left: int) -> dict[str, Any]:
        from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
        from aws_lambda_powertools.utilities.idempotency.exceptions import (
            IdempotencyAlreadyInProgressError,
            IdempotencyPersistenceLayerError,
            IdempotencyValidationError,
        )

        config = IdempotencyConfig(
            event_key_jmespath="key",
            payload_validation_jmespath="request",
            expires_after_seconds=REMEMBERED,
            hash_function="sha256",
            lambda_context=cast("LambdaContext", _TimeLeft(time_left)),
        )

        @idempotent_function(  # type: ignore[untyped-decorator]  # Powertools gives it no type
            data_keyword_argument="given", persistence_store=self._records, config=config, key_prefix="answer"
        )
        def answered(*, given: dict[str, str]) -> dict[str, Any]:
            return answer()

        try:
            return cast("dict[str, Any]", answered(given={"key": key, "request": request}))
        except IdempotencyValidationError as reused:
            raise _reused() from reused
        except IdempotencyAlreadyInProgressError as busy:
            raise _in_progress() from busy
        except IdempotencyPersistenceLayerError as lost:
            raise OutcomeUnknown("The memory of answers could not be reached.") from lost

    @cached_property
    def _records(self) -> DynamoDBPersistenceLayer:
        from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

        return DynamoDBPersistenceLayer(table_name=self._table_name, boto3_client=self._clients("dynamodb"))


@dataclass(frozen=True)
class _TimeLeft:
    """As much of a Lambda context as Powertools needs to know when a caller must have died."""

    milliseconds: int

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


class MemoryAnswers:
    """Answers in a dict; nothing runs out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, dict[str, Any] | None]] = {}

    def once(self, key: str, request: str, answer: Callable[[], dict[str, Any]], *, time_left: int) -> dict[str, Any]:
        with self._lock:
            known = self._known.get(key)
            if known is None:
                self._known[key] = (request, None)
        if known is not None:
            if known[0] != request:
                raise _reused()
            if known[1] is None:
                raise _in_progress()
            return known[1]
        try:
            given = answer()
        except BaseException:
            with self._lock:
                del self._known[key]
            raise
        with self._lock:
            self._known[key] = (request, given)
        return given


def _reused() -> Rejected:
    return Rejected(
        "idempotency-key-reused", "This Idempotency-Key came with another request; use a new one.", status=422
    )


def _in_progress() -> Rejected:
    return Rejected(
        "request-in-progress", "A request with this Idempotency-Key is being answered; ask again in a moment."
    )
