"""The tables as they were first deployed, and what may not change about them.

CloudFormation cannot change a table's keys: it would make a new, empty table in its place. Three things stop that. The
synth stops here, before anything is asked of AWS. Were this file changed as well, CloudFormation refuses to replace a
resource that has a name of its own. And in production a table cannot be deleted, nor goes with the stack.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engage_sms.topology import Table


class TableWouldBeReplaced(Exception):
    """The topology asks for another table in the place of one that holds data; the text says what to do."""


@dataclass(frozen=True)
class Recorded:
    """What makes a table another one. `logical_id` is its name in the template: changed, it is another table too."""

    name: str
    logical_id: str
    keys: tuple[str, ...]


TABLES = (
    Recorded("state", "TablesState705891C2", ("pk", "sk")),
    Recorded("idempotency", "TablesIdempotency498FF680", ("id",)),
)
"""Only added to, when a new table was deployed for the first time."""


def check_tables(tables: Iterable[Table]) -> None:
    """Raises TableWouldBeReplaced when a recorded table is gone or has other keys."""
    keys = {table.name: tuple(filter(None, (table.partition_key, table.sort_key))) for table in tables}
    for recorded in TABLES:
        if recorded.name not in keys:
            raise TableWouldBeReplaced(
                f"The table {recorded.name} is gone from the topology: move its data elsewhere first, then take it out "
                f"of {__name__}."
            )
        if keys[recorded.name] != recorded.keys:
            raise TableWouldBeReplaced(
                f"The keys of the table {recorded.name} became {', '.join(keys[recorded.name])}: a deploy would put an "
                f"empty table in the place of its data. Keep {', '.join(recorded.keys)}, or add a table of another "
                "name and move the data there."
            )
