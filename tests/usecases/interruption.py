"""Something happens in the middle: right after one call of a port, or at the nth call of the store and Twilio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engage_sms.ports import Ports


class Died(BaseException):
    """The process is gone, in the middle of its work: no handler of errors sees it."""


def die() -> None:
    raise Died


class Calls:
    """`ports` whose calls of the store and of Twilio are counted; `then` happens once, before or after the nth."""

    def __init__(self, ports: Ports, nth: int, then: Callable[[], object], *, before: bool) -> None:
        self.count = 0
        self._nth, self._then, self._before = nth, then, before
        self.ports = replace(ports, store=_Counted(ports.store, self), twilio=_Counted(ports.twilio, self))

    @property
    def happened(self) -> bool:
        return self.count >= self._nth

    def make(self, call: Callable[[], Any]) -> Any:
        self.count += 1
        now = self.count == self._nth
        if now and self._before:
            self._then()
        answer = call()
        if now and not self._before:
            self._then()
        return answer


class _Counted:
    def __init__(self, port: Any, calls: Calls) -> None:
        self._port, self._calls = port, calls

    def __getattr__(self, name: str) -> Any:
        whole = getattr(self._port, name)
        return lambda *args, **options: self._calls.make(lambda: whole(*args, **options))


class Interrupted:
    """Stands for `port`; the first call of `method` is followed by `then` before the caller goes on."""

    def __init__(self, port: Any, method: str, then: Callable[[], object]) -> None:
        self._port = port
        self._method = method
        self._then: Callable[[], object] | None = then

    def __getattr__(self, name: str) -> Any:
        whole = getattr(self._port, name)
        if name != self._method or self._then is None:
            return whole

        def call(*args: Any, **options: Any) -> Any:
            answer = whole(*args, **options)
            then, self._then = self._then, None
            if then is not None:
                then()
            return answer

        return call
