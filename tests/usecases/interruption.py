"""Something happens in the middle: a port that runs it right after one of its calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


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
