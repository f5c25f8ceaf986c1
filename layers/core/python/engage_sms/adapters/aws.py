"""Queues, the event bus and secrets in AWS.

Clients come from one botocore session, the table's too, and boto3 is not imported: a session of its own reads the list
of all of AWS's services again, and its import alone takes as long as half a function's own start.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session, get_session

from engage_sms.errors import Retryable
from engage_sms.ports import QueueEntry
from engage_sms.topology import EVENT_SOURCE_OUT

MAX_DELAY = 900
"""Seconds that a queue can hold a message back."""
BATCH = 10
"""Entries in one SendMessageBatch."""
SECRET_KEPT = timedelta(minutes=5)
"""For so long a secret that was read is used without asking again."""
_BUSY = frozenset(
    {
        "InternalException",
        "InternalServerError",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TooManyUpdates",
    }
)


class Clients:
    """One client for each service, made at its first use from one session. Safe to share between threads."""

    def __init__(self) -> None:
        self.session: Session = get_session()
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    def keep(self, service: str, client: Any) -> None:
        """This one is there already."""
        self._made[service] = client

    def __call__(self, service: str) -> Any:
        """botocore's client of that service."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self.session.create_client(
                    service,
                    config=Config(
                        connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"}
                    ),
                )
            return self._made[service]


class SqsQueue:
    """A standard queue. An entry's group marks its tenant: one tenant's backlog does not delay the others."""

    def __init__(self, url: str, clients: Clients) -> None:
        self._url = url
        self._clients = clients

    def send(self, entries: Sequence[QueueEntry]) -> None:
        """Raises Retryable when some were not taken, after all were tried: what was taken will come again."""
        for entry in entries:
            if not 0 <= entry.delay <= MAX_DELAY:
                raise ValueError(f"A delay is 0 to {MAX_DELAY} seconds, not {entry.delay}.")
        refused: list[str] = []
        for start in range(0, len(entries), BATCH):
            batch = [_queue_message(str(i), entry) for i, entry in enumerate(entries[start : start + BATCH])]
            with _reactions("SQS"):
                answer = self._clients("sqs").send_message_batch(QueueUrl=self._url, Entries=batch)
            refused.extend(failure["Code"] for failure in answer.get("Failed", ()))
        if refused:
            raise Retryable(f"{len(refused)} of {len(entries)} queue messages were not taken: {sorted(set(refused))}.")


def _queue_message(id_: str, entry: QueueEntry) -> dict[str, Any]:
    message = {"Id": id_, "MessageBody": json.dumps(dict(entry.body)), "DelaySeconds": entry.delay}
    return message | ({"MessageGroupId": entry.group} if entry.group is not None else {})


class EventBridgeBus:
    """The system's bus. Events carry the instant they were put there."""

    def __init__(self, name: str, clients: Clients, *, now: Callable[[], datetime]) -> None:
        self._name = name
        self._clients = clients
        self._now = now

    def publish(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        event = {
            "EventBusName": self._name,
            "Source": EVENT_SOURCE_OUT,
            "DetailType": detail_type,
            "Detail": json.dumps(dict(detail)),
            "Time": self._now(),
        }
        with _reactions("EventBridge"):
            answer = self._clients("events").put_events(Entries=[event])
        if answer["FailedEntryCount"]:
            raise Retryable(f"EventBridge did not take {detail_type}: {answer['Entries'][0].get('ErrorCode')}.")


class ParameterSecrets:
    """SecureString parameters below a prefix, read through a cache of SECRET_KEPT; new ones under `key`.

    Not Powertools' provider: it imports boto3, and the first webhook of a process would wait for that.
    """

    def __init__(
        self, prefix: str, clients: Clients, *, now: Callable[[], datetime], key: str = "alias/aws/ssm"
    ) -> None:
        self._prefix = prefix
        self._clients = clients
        self._now = now
        self._key = key
        self._kept: dict[str, tuple[str, datetime]] = {}

    def get(self, name: str) -> str | None:
        """A name that is not there is asked for each time: it may be put there at any moment."""
        kept = self._kept.get(name)
        if kept is not None and self._now() < kept[1]:
            return kept[0]
        with _reactions("Parameter Store"):
            try:
                answer = self._clients("ssm").get_parameter(Name=self._path(name), WithDecryption=True)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ParameterNotFound":
                    return None
                raise
        return self._keep(name, str(answer["Parameter"]["Value"]))

    def put(self, name: str, value: str) -> None:
        with _reactions("Parameter Store"):
            self._clients("ssm").put_parameter(
                Name=self._path(name), Value=value, Type="SecureString", KeyId=self._key, Overwrite=True
            )
        self._keep(name, value)

    def _keep(self, name: str, value: str) -> str:
        self._kept[name] = (value, self._now() + SECRET_KEPT)
        return value

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}"


@contextmanager
def _reactions(service: str) -> Iterator[None]:
    """What the service refuses for the moment comes as Retryable, anything else as it is."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _BUSY:
            raise Retryable(f"{service} is busy.") from error
        raise
    except BotoCoreError as error:
        raise Retryable(f"{service} did not answer.") from error
