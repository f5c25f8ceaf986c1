"""The functions of the topology, started in this process as Lambda starts them: JSON in, JSON out."""

from __future__ import annotations

import json
import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from time import monotonic
from typing import Any
from uuid import uuid4

from engage_sms import topology
from engage_sms.ports import Ports
from infra.local.events import function_arn

errors = logging.getLogger("engage_sms.local.errors")


@dataclass(frozen=True, kw_only=True)
class LambdaContext:
    """What Lambda tells a function about its invocation; names are Lambda's."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    aws_request_id: str
    deadline: float
    """In seconds of the monotonic clock."""
    function_version: str = "$LATEST"
    log_group_name: str = "local"
    log_stream_name: str = "local"
    client_context: None = None
    identity: None = None

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - monotonic()) * 1000))


class FunctionFailed(Exception):
    """The function raised, or answered what is no JSON. Like Lambda, it names the error and never quotes it in logs."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(f"{name} ended in {type(error).__name__}.")
        self.error = error


class Functions:
    """Starts functions one at a time.

    Powertools keeps the current event where all of a process can see it: in Lambda a process has one at a time.
    """

    def __init__(self, ports: Ports, *, prefix: str) -> None:
        self._ports = ports
        self._prefix = prefix
        self._one_at_a_time = threading.RLock()

    def load(self) -> None:
        """Imports every function, so that the first request to each is as fast as the second."""
        for function in topology.FUNCTIONS:
            self._handler(function.name)

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """What the function answers. Raises FunctionFailed, after the error was logged by type and place."""
        function = topology.FUNCTION[name]
        handler = self._handler(name)
        with self._one_at_a_time:
            try:
                answer = handler(json.loads(json.dumps(event)), self._context(function), self._ports)
                return json.loads(json.dumps(answer))
            except Exception as error:
                errors.error("%s failed: %s", name, "".join(_place(error)))
                raise FunctionFailed(name, error) from error

    def _context(self, function: topology.Function) -> LambdaContext:
        full_name = self._prefix + function.name
        return LambdaContext(
            function_name=full_name,
            invoked_function_arn=function_arn(full_name),
            memory_limit_in_mb=function.memory,
            aws_request_id=str(uuid4()),
            deadline=monotonic() + function.timeout,
        )

    def _handler(self, name: str) -> Callable[[dict[str, Any], LambdaContext, Ports], Any]:
        handler: Callable[[dict[str, Any], LambdaContext, Ports], Any] = import_module(
            f"functions.{name}.handler"
        ).handler
        return handler


def _place(error: Exception) -> list[str]:
    """Type and stack without the text, which may hold a phone number or a message."""
    return [f"{type(error).__qualname__}\n", *traceback.format_tb(error.__traceback__)]
