"""Entities as plain maps of strings, numbers, booleans, lists and maps: what a document of the table can hold.

Instants are RFC 3339 in UTC with six digits of microseconds, so that they sort as they are; days are ISO dates; enums
their values; tuples lists. A field that has its default is left out: items stay below 1 KB, which is one write unit.

Our own, for the few types that entities are made of: cattrs took a twelfth of every function's start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from engage_sms.domain.message import TraceEntry

T = TypeVar("T")
Read = Callable[[Any], Any]

_SHORT_NAMES: Mapping[type, Mapping[str, str]] = {TraceEntry: {"at": "t", "event": "e", "detail": "d"}}
"""A message carries many of these; each letter saved is saved five times."""


def instant(at: datetime) -> str:
    """The instant as sortable text. Raises ValueError for one without a time zone."""
    if at.tzinfo is None:
        raise ValueError("An instant needs its time zone.")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def to_plain(value: Any) -> Any:
    """The value as strings, numbers, booleans, lists and maps."""
    match value:
        case StrEnum():
            return value.value
        case str() | int() | float() | None:
            return value
        case datetime():
            return instant(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {to_plain(name): to_plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [to_plain(inner) for inner in value]
    kind: Any = type(value)
    written = ((name, getattr(value, field), default) for field, name, default in _names(kind))
    return {name: to_plain(inner) for name, inner, default in written if inner != default}


def from_plain(plain: Mapping[str, Any], entity: type[T]) -> T:
    """The entity that `to_plain` took apart. Fields it does not know are left aside."""
    kind: Any = entity
    found: T = _reader(kind)(plain)
    return found


@cache
def _names(entity: Any) -> tuple[tuple[str, str, Any], ...]:
    """Each field, the name it is written under, and its default."""
    short = _SHORT_NAMES.get(entity, {})
    return tuple(
        (
            field.name,
            short.get(field.name, field.name),
            field.default if field.default_factory is MISSING else field.default_factory(),
        )
        for field in fields(entity)
    )


@cache
def _reader(kind: Any) -> Read:
    """What makes a value of this type from its plain form. Raises TypeError for what no entity is made of."""
    if isinstance(kind, type) and is_dataclass(kind):
        return _entity_reader(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    if kind is datetime:
        return lambda text: datetime.fromisoformat(text).astimezone(UTC)
    if kind is date:
        return date.fromisoformat
    if kind in (str, int, bool, Any):
        return lambda value: value
    match get_origin(kind), get_args(kind):
        case origin, (inner, last) if origin is UnionType and last is NoneType:
            read = _reader(inner)
            return lambda value: None if value is None else read(value)
        case origin, (inner, last) if origin is tuple and last is ...:
            read = _reader(inner)
            return lambda values: tuple(map(read, values))
        case origin, (_, inner) if origin is Mapping:
            read = _reader(inner)
            return lambda values: {name: read(value) for name, value in values.items()}
    raise TypeError(f"No document can hold a {kind}.")


def _entity_reader(entity: Any) -> Read:
    types = get_type_hints(entity)
    readers = tuple((field, name, _reader(types[field])) for field, name, _ in _names(entity))
    return lambda plain: entity(**{field: read(plain[name]) for field, name, read in readers if name in plain})
