"""Answers as CSV (RFC 4180), for callers that send `Accept: text/csv`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

CONTENT_TYPE = "text/csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def wants_csv(accept: str) -> bool:
    """Whether CSV is among the types the caller takes, ahead of JSON."""
    types = [part.partition(";")[0].strip() for part in accept.split(",")]
    return CONTENT_TYPE in types and "application/json" not in types[: types.index(CONTENT_TYPE)]


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table with CRLF line ends. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
