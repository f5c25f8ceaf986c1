"""Entities as plain maps of strings, numbers, booleans, lists and maps: what a document of the table can hold.

Instants are RFC 3339 in UTC with six digits of microseconds, so that they sort as they are; days are ISO dates; enums
their values; tuples lists. A field that has its default is left out: items stay below 1 KB, which is one write unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from engage_sms.domain.message import TraceEntry

T = TypeVar("T")

_SHORT_NAMES: Mapping[type, Mapping[str, str]] = {TraceEntry: {"at": "t", "event": "e", "detail": "d"}}
"""A message carries many of these; each letter saved is saved five times."""


def instant(at: datetime) -> str:
    """The instant as sortable text. Raises ValueError for one without a time zone."""
    if at.tzinfo is None:
        raise ValueError("An instant needs its time zone.")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _converter() -> Converter:
    converter = Converter(unstruct_collection_overrides={tuple: list})
    converter.register_unstructure_hook(datetime, instant)
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook(StrEnum, lambda member: member.value)
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text).astimezone(UTC))
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))

    def renames(cls: type) -> dict[str, Any]:
        return {name: override(rename=short) for name, short in _SHORT_NAMES.get(cls, {}).items()}

    converter.register_unstructure_hook_factory(
        is_dataclass,
        lambda cls: make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True, **renames(cls)),
    )
    converter.register_structure_hook_factory(
        is_dataclass, lambda cls: make_dict_structure_fn(cls, converter, **renames(cls))
    )
    return converter


_CONVERTER = _converter()


def to_plain(value: Any) -> Any:
    """The value as strings, numbers, booleans, lists and maps."""
    return _CONVERTER.unstructure(value)


def from_plain(plain: Mapping[str, Any], entity: type[T]) -> T:
    """The entity that `to_plain` took apart. Fields it does not know are left aside."""
    return _CONVERTER.structure(plain, entity)
