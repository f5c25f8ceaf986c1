"""Records of the table's change stream as changes of entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engage_sms.adapters.dynamodb_model import Row, item_of
from engage_sms.adapters.layout import state_change
from engage_sms.adapters.table import Item
from engage_sms.ports import StateChange


def decode_stream_record(record: Mapping[str, Any]) -> StateChange | None:
    """What a stream record says, as Lambda delivers it (view: new and old images).

    None when the item holds no entity: the marks of Once, and kinds that a newer version wrote.
    """
    body = record["dynamodb"]
    return state_change(_item(body.get("OldImage")), _item(body.get("NewImage")), sequence=body["SequenceNumber"])


def _item(image: Mapping[str, Any] | None) -> Item | None:
    return item_of(Row.from_raw_data(dict(image))) if image else None
