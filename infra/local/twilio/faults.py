"""Faults that the next calls meet, by operation: `messages.create` meets `timeout_after` twice, and so on."""

from __future__ import annotations

from collections import defaultdict, deque

BEFORE_ANSWER = ("429", "500", "timeout_before", "timeout_after")
WEBHOOKS = {"callbacks": ("dropped", "duplicated", "reordered"), "inbound": ("dropped", "duplicated")}
"""`callbacks` are delivery statuses, `inbound` the texts from phones."""


class Faults:
    """A queue of kinds for each operation; a call takes the oldest."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[str]] = defaultdict(deque)

    def inject(self, operation: str, kind: str, count: int) -> None:
        allowed = WEBHOOKS.get(operation)
        is_code = kind.isdigit() and len(kind) == 5
        if kind not in allowed if allowed else not (kind in BEFORE_ANSWER or is_code):
            choices = ", ".join(allowed or (*BEFORE_ANSWER, "a five-digit error code"))
            raise ValueError(f"{operation} can meet {choices}; not {kind}.")
        if count < 1:
            raise ValueError("count is at least 1.")
        self._waiting[operation].extend([kind] * count)

    def take(self, operation: str, *kinds: str) -> str | None:
        """The next fault of this operation, used up; with `kinds` only when it is one of them."""
        waiting = self._waiting[operation]
        if not waiting or (kinds and waiting[0] not in kinds):
            return None
        return waiting.popleft()
