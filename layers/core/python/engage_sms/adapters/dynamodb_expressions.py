"""Conditions and updates of the table protocol as DynamoDB expressions."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import Any

from pynamodb.expressions.condition import Condition as Expression
from pynamodb.expressions.operand import Path, Value, _IfNotExists, _ListAppend, _Size
from pynamodb.expressions.update import Action

from engage_sms.adapters.dynamodb_model import to_wire
from engage_sms.adapters.table import (
    Absent,
    Condition,
    FieldBelow,
    FieldIn,
    FieldLacks,
    FieldMissing,
    FieldMissingOrBelow,
    FieldShorter,
    Present,
    Update,
    VersionIs,
    Write,
    conditions_of,
)


def expression_of(write: Write) -> Expression | None:
    """All conditions of the write as one; None when it has none."""
    conditions = conditions_of(write)
    return reduce(and_, map(_clause, conditions)) if conditions else None


def _clause(condition: Condition) -> Expression:
    clause: Expression
    match condition:
        case Absent():
            clause = Path("pk").does_not_exist()
        case Present():
            clause = Path("pk").exists()
        case VersionIs(version):
            clause = Path("version") == _value(version)
        case FieldIn(name, values):
            clause = _field(name).is_in(*map(_value, values))
        case FieldMissing(name):
            clause = _field(name).does_not_exist()
        case FieldBelow(name, bound):
            clause = _field(name) < _value(bound)
        case FieldMissingOrBelow(name, bound):
            clause = _field(name).does_not_exist() | (_field(name) < _value(bound))
        case FieldLacks(name, element):
            clause = ~_field(name).contains(_value(element))
        case FieldShorter(name, length):
            clause = _field(name).does_not_exist() | (_Size(_field(name)) < _value(length))
    return clause


def actions_of(update: Update) -> list[Action]:
    """The update as the actions of one UpdateExpression."""
    return [
        *(_field(name).set(_value(value)) for name, value in update.set.items()),
        *(_field(name).remove() for name in update.remove),
        *(
            _field(name).set(_ListAppend(_IfNotExists(_field(name), _value([])), _value([element])))
            for name, element in update.append.items()
        ),
        *(_field(name).set((_field(name) | _value(0)) + _value(amount)) for name, amount in update.add.items()),
        *(
            Path(name).remove() if value is None else Path(name).set(_value(value))
            for name, value in update.index.items()
        ),
        *(Path(name).set(Path(name) | _value(value)) for name, value in update.index_if_absent.items()),
    ]


def _field(name: str) -> Path:
    return Path(["doc", name])


def _value(value: Any) -> Value:
    return Value(to_wire(value))
