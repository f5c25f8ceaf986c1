"""Work that a clock starts for many organizations: one that fails is kept for the report and spoils no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Failure(NamedTuple):
    """Something of an organization that could not be done; the next run tries it again."""

    org_id: str
    error: Exception


@dataclass
class Attempts:
    """What failed so far, in order."""

    failures: list[Failure] = field(default_factory=list)

    def attempt(self, org_id: str, work: Callable[[], T], otherwise: T) -> T:
        """What the work answers; `otherwise` when it failed."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001  whatever it is, it is reported
            self.failures.append(Failure(org_id, error))
            return otherwise
