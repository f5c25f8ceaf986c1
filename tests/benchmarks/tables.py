"""Tables of what was measured, as they stand in the two READMEs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "infra/README.md")


class Table(NamedTuple):
    """One table; its first heading says which it is, on a page too."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def text(self) -> str:
        """Markdown, with a newline at its end."""
        heading, *rows = (f"| {' | '.join(line)} |\n" for line in (self.headings, *self.rows))
        return f"{heading}|{'---|' * len(self.headings)}\n{''.join(rows)}"


def put_into_pages(table: Table) -> None:
    """In the place of the table that begins with the same heading. Raises LookupError when no page has one."""
    for page in PAGES:
        before, heading, rest = page.read_text().partition(f"| {table.headings[0]} |")
        if heading:
            lines = rest.splitlines(keepends=True)
            after = next((n for n, line in enumerate(lines[1:], 1) if not line.startswith("|")), len(lines))
            page.write_text(before + table.text + "".join(lines[after:]))
            return
    raise LookupError(f'No page has a table that begins with "{table.headings[0]}".')
