"""When a schedule ticks: the two kinds of EventBridge expressions that the topology uses, in UTC.

Source: docs.aws.amazon.com/scheduler, "Schedule types".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_DAILY = re.compile(r"cron\((\d{1,2}) (\d{1,2}) \* \* \? \*\)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_tick(expression: str, after: datetime) -> datetime:
    """The first tick later than `after`. A rate ticks at whole multiples of its period, as if it began in 1970.

    Raises ValueError for an expression of any other kind.
    """
    if rate := _RATE.fullmatch(expression):
        period = timedelta(**{f"{rate[2]}s": int(rate[1])})
        return _EPOCH + ((after - _EPOCH) // period + 1) * period
    if daily := _DAILY.fullmatch(expression):
        today = after.astimezone(UTC).replace(hour=int(daily[2]), minute=int(daily[1]), second=0, microsecond=0)
        return today if today > after else today + timedelta(days=1)
    raise ValueError(f'The schedule "{expression}" is neither rate(… minutes) nor cron(minute hour * * ? *).')
