"""An item as DynamoDB and PynamoDB see it: typed JSON, and the model of the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from engage_sms import topology
from engage_sms.adapters.table import Item


def to_wire(value: Any) -> dict[str, Any]:
    """The value as DynamoDB's typed JSON."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": repr(value)}
        case Mapping():
            return {"M": {str(name): to_wire(inner) for name, inner in value.items()}}
        case list() | tuple():
            return {"L": [to_wire(inner) for inner in value]}
    raise TypeError(f"A document cannot hold a {type(value).__name__}.")


def from_wire(wire: Mapping[str, Any]) -> Any:
    """The value in DynamoDB's typed JSON: numbers as int where they are whole."""
    ((tag, value),) = wire.items()
    match tag:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value) if value.lstrip("-").isdigit() else float(value)
        case "M":
            return {name: from_wire(inner) for name, inner in value.items()}
        case "L":
            return [from_wire(inner) for inner in value]
        case "NULL":
            return None
    raise TypeError(f"A document cannot hold a value of type {tag}.")


class Document(Attribute[dict[str, Any]]):
    """A map of plain values. PynamoDB's own map attribute takes names such as `null` for its options."""

    attr_type = "M"

    def serialize(self, value: Any) -> Any:
        return to_wire(value)["M"]

    def deserialize(self, value: Any) -> Any:
        return from_wire({"M": value})


class Waiting(GlobalSecondaryIndex["Row"]):  # type: ignore[no-untyped-call]
    """The sparse index: only items that have an `ipk` are in it."""

    class Meta:
        """What PynamoDB reads."""

        index_name = topology.STATE.index
        projection = KeysOnlyProjection()

    ipk = UnicodeAttribute(hash_key=True)
    isk = UnicodeAttribute(range_key=True)


class Row(Model):
    """An item as PynamoDB maps it. `model_of` gives the class for one table."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    ipk = UnicodeAttribute(null=True)
    isk = UnicodeAttribute(null=True)
    kind = UnicodeAttribute(null=True)
    version = NumberAttribute(null=True)
    ttl = NumberAttribute(null=True)
    doc = Document(null=True)
    waiting = Waiting()


def model_of(table_name: str, *, region: str | None = None, endpoint: str | None = None) -> type[Row]:
    """The model of the table with this name. A webhook has to answer within a second or two: short timeouts."""
    meta = {
        "table_name": table_name,
        "region": region,
        "host": endpoint,
        "connect_timeout_seconds": 2,
        "read_timeout_seconds": 5,
        "max_retry_attempts": 3,
        "max_pool_connections": 32,
    }
    return type("StateRow", (Row,), {"Meta": type("Meta", (), meta), "__doc__": Row.__doc__})


def item_of(row: Row) -> Item:
    """The item in the row."""
    return Item(
        pk=row.pk,
        sk=row.sk,
        kind=row.kind or "",
        doc=row.doc or {},
        version=_whole(row.version),
        ipk=row.ipk,
        isk=row.isk,
        ttl=_whole(row.ttl),
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
