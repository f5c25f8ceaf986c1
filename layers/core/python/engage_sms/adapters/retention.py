"""How texts whose time is over are found and removed.

Those of a day have an entry in the index: in the ledger when Twilio took or gave us them, else among those that ended
without being sent. Their removal is one conditional update of fields that no step touches, so neither is lost:

    retention        read m1: sent, with its text ─► text gone if it has ended, and not gone before ✓
    callback                               delivered if sent ✓ (before or after)
    retention again                                                 ✗ gone before: nothing changes
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from engage_sms.adapters import layout
from engage_sms.adapters.codec import instant, to_plain
from engage_sms.adapters.table import FieldIn, FieldMissing, Item, Key, Table, Update
from engage_sms.domain.message import ENDED, body_removed


def ended_on(org_id: str, day: date) -> Iterator[str]:
    """The partitions of the index with the messages of the day."""
    for partition in (layout.ledger, layout.never_sent):
        for shard in range(layout.SHARDS):
            yield partition(org_id, day, shard)


def remove_body(table: Table, key: Key, *, at: datetime) -> Item | None:
    """The message's item without text and media; None when it has not ended or lost them before."""
    has_ended = FieldIn("status", tuple(sorted(ENDED)))
    not_gone_before = FieldMissing("body_removed_at")
    return table.update(
        Update(
            key=key,
            when=(has_ended, not_gone_before),
            set={"body": "", "body_removed_at": instant(at)},
            remove=("media_urls",),
            append={"trace": to_plain(body_removed(now=at))},
        )
    )
