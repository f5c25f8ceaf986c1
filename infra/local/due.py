"""When an opening, a timer or a re-planning is due, read from moto's own state.

The clock asks this before every move, and a query of moto's copies what it finds and looks at every item.
"""

from __future__ import annotations

from datetime import datetime

from moto.dynamodb.models import dynamodb_backends

from engage_sms.adapters import layout
from engage_sms.domain.due import LOOK_AHEAD
from infra.local.aws import ACCOUNT, REGION

_OPENINGS = layout.DUE_OPENINGS
_OTHERS = frozenset({layout.DUE_REPLANNINGS, *(layout.due_timers(shard) for shard in range(layout.SHARDS))})


def earliest_due(table_name: str) -> datetime | None:
    """From when on `release` finds something in the table to do; None when nothing is planned."""
    table = dynamodb_backends[ACCOUNT][REGION].tables[table_name]
    earliest: datetime | None = None
    for partition in list(table.items.values()):
        for item in list(partition.values()):
            index = item.attrs.get("ipk")
            if index is None or not (index.value == _OPENINGS or index.value in _OTHERS):
                continue
            due = datetime.fromisoformat(item.attrs["isk"].value.partition("#")[0])
            if index.value == _OPENINGS:
                due -= LOOK_AHEAD
            earliest = due if earliest is None else min(earliest, due)
    return earliest
