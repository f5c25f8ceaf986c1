"""How every operator's command answers: lines for people, or one line of JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

T = TypeVar("T")


class CannotDo(Exception):
    """Why nothing was done, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`rows` under `columns`, and a `sentence` that sums them up; or the sentence alone."""

    sentence: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()

    def show(self, *, as_json: bool) -> None:
        """Prints it. In JSON the rows are objects, named by their columns; instants are RFC 3339."""
        if as_json:
            names = [column.lower().replace(" ", "_") for column in self.columns]
            items = [dict(zip(names, row, strict=True)) for row in self.rows]
            sys.stdout.write(json.dumps({"items": items, "sentence": self.sentence}, default=_text) + "\n")
            return
        if self.rows:
            from rich.console import Console
            from rich.table import Table

            table = Table(*self.columns, box=None, pad_edge=False)
            for row in self.rows:
                table.add_row(*("" if value is None else _text(value) for value in row))
            Console().print(table)
        sys.stdout.write(f"{self.sentence}\n")


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def watched(items: Iterable[T], what: str) -> Iterator[T]:
    """The items as they come, with a progress line on standard error where a person is watching."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} {task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        for item in items:
            yield item
            progress.advance(task)
