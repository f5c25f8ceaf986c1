"""moto in this process, made fit for a system with threads that runs for hours.

Four things are changed in moto, and undone by `stop`:

- One lock around every call: moto loses updates and tears transactions under threads.
- A transaction keeps aside what it may have to put back: moto copies the whole table, once for each item of the
  transaction (0.1 s each at 1,000 items). Here it keeps references, once, and an update replaces its item instead of
  changing it in place.
- A rule of the event bus hands on the event as it is; moto would need a library for that, and lose the account.
- Whoever waits for something to happen is told after each call.
"""

from __future__ import annotations

import copy
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.events.utils import EventTemplateParser

REGION = "us-east-1"
ACCOUNT = "123456789012"
"""moto's own."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    # With account ids in host names, moto does not know the address of the change streams.
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


class LocalAws:
    """AWS in this process, between `start` and `stop`. `on_call` runs after each call, in the caller's thread."""

    def __init__(self, on_call: Callable[[], None] = lambda: None) -> None:
        self._on_call = on_call
        self._lock = threading.RLock()
        self._mock = mock_aws(config={"core": {"reset_boto3_session": False}})
        self._undo: list[Callable[[], None]] = []

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Takes over the process's AWS: its variables, then all calls. `environment` is set beside ENVIRONMENT."""
        ours = {**ENVIRONMENT, **(environment or {})}
        before = {
            name: os.environ.get(name) for name in {*ours, *os.environ} if name in ours or name.startswith("AWS_")
        }
        self._undo.append(lambda: _restore(before))
        for name in before:
            os.environ.pop(name, None)  # a profile or an endpoint of the user's would lead out of this machine
        os.environ.update(ours)
        self._mock.start()
        self._undo.append(self._mock.stop)
        self._replace(BotocoreStubber, "__call__", self._locked(BotocoreStubber.__call__))
        self._replace(Table, "__deepcopy__", _reference_copy)
        self._replace(DynamoDBBackend, "transact_write_items", _with_one_copy(DynamoDBBackend.transact_write_items))
        self._replace(EventTemplateParser, "parse", staticmethod(_as_it_is))
        self._replace(DynamoDBBackend, "update_item", _on_a_fresh_item(DynamoDBBackend.update_item))

        with _without_ec2():
            import moto.ssm  # noqa: F401

    def stop(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _locked(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def locked(stubber: Any, *arguments: Any, **named: Any) -> Any:
            with self._lock:
                answer = call(stubber, *arguments, **named)
            self._on_call()
            return answer

        return locked

    def _replace(self, owner: type, name: str, value: Any) -> None:
        before = owner.__dict__.get(name)
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, before) if before else delattr(owner, name))


def _restore(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _as_it_is(input_template: None, input_paths_map: Mapping[str, str], event: dict[str, Any]) -> dict[str, Any]:
    return dict(event)


@contextmanager
def _without_ec2() -> Iterator[None]:
    """Spares the start 0.8 s: moto's Parameter Store imports all of EC2 for commands that nobody sends here."""
    if "moto.ec2" in sys.modules or "moto.ssm" in sys.modules:
        yield
        return
    stand_in = ModuleType("moto.ec2")
    stand_in.__dict__["ec2_backends"] = {}
    sys.modules["moto.ec2"] = stand_in
    try:
        yield
    finally:
        del sys.modules["moto.ec2"]


_copies: dict[int, Table] = {}
"""The copies that the running transaction has made, by the table's identity."""


def _with_one_copy(transact_write_items: Callable[..., None]) -> Callable[..., None]:
    """A transaction makes all its copies before its first write: one is as good as a hundred."""

    def with_one_copy(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        _copies.clear()
        try:
            transact_write_items(backend, transact_items)
        finally:
            _copies.clear()

    return with_one_copy


def _reference_copy(table: Table, _memo: dict[int, Any]) -> Table:
    """The table as it is now, sharing its items: what a transaction puts back when it fails."""
    if id(table) in _copies:
        return _copies[id(table)]
    kept = _copies[id(table)] = copy.copy(table)
    kept.items = copy.copy(table.items)
    for key, value in table.items.items():
        kept.items[key] = dict(value) if table.range_key_attr else value
    if table.stream_shard is not None:
        kept.stream_shard = copy.copy(table.stream_shard)
        kept.stream_shard.items = list(table.stream_shard.items)
        kept.stream_shard.table = kept
    return kept


def _on_a_fresh_item(update_item: Callable[..., Any]) -> Callable[..., Any]:
    """`update_item` on a copy of the item, so that a table's reference copy keeps the old one."""

    def on_a_fresh_item(
        backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *rest: Any, **named: Any
    ) -> Any:
        table = backend.get_table(table_name)
        partition = DynamoType(key[table.hash_key_attr])
        stored = table.items.get(partition)
        if stored is not None and table.range_key_attr:
            sort = DynamoType(key[table.range_key_attr])
            if sort in stored:
                stored[sort] = copy.deepcopy(stored[sort])
        elif stored is not None:
            table.items[partition] = copy.deepcopy(stored)
        return update_item(backend, table_name, key, *rest, **named)

    return on_a_fresh_item
