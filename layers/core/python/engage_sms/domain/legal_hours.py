"""The law's hours for automated texts, read from `legal_hours.toml`: federal ones, and a row for each stricter state.

The file is data with a version, and for each row its source, effective date and how sure it is; nothing of it is code.
What cannot be read in full is refused in full: hours that were guessed would be worse than none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from engage_sms.domain.holidays import Holidays
from engage_sms.domain.places import PLACES
from engage_sms.domain.recipient import Recipient
from engage_sms.domain.window import Rule, Span, Week, is_zone, minutes

FILE = Path(__file__).with_name("legal_hours.toml")
FEDERAL = "federal"
"""The name of the federal rule; a state's is `state:` and its two letters."""
_STATE = "state:"
_NONE = "none"
_ROW_FIELDS = frozenset(
    {"places", "hours", "weekday", "saturday", "sunday", "holiday", "holidays", "time_zone", "effective"}
    | {"source", "confidence"}
)


class Unreadable(ValueError):
    """The rule data is not what it has to be; the sentence names the place in it."""


class Confidence(StrEnum):
    """How sure a row is; the words are explained in the file."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, kw_only=True)
class Row:
    """The hours of one state. `time_zone` is a clock that binds besides the recipient's."""

    place: str
    week: Week
    source: str
    confidence: Confidence
    time_zone: str | None = None


@dataclass(frozen=True, kw_only=True)
class LegalHours:
    """One version of the rule data. `rows` by state, oldest first: a later one replaces it from its effective date."""

    version: str
    federal: Span
    rows: Mapping[str, tuple[Row, ...]]

    def federal_rules(self, recipient: Recipient) -> Iterator[Rule]:
        """The federal hours, in every zone of the recipient."""
        for zone in recipient.zones:
            yield Rule(FEDERAL, zone, *self.federal)

    def state_rules(self, recipient: Recipient) -> Iterator[Rule]:
        """The hours of every state of the recipient, in every zone of the recipient."""
        for state in recipient.states:
            for row in self.rows.get(state, ()):
                clocks = {*recipient.zones, *((row.time_zone,) if row.time_zone else ())}
                for zone in sorted(clocks):
                    yield Rule(f"{_STATE}{state}", zone, *self.federal, week=row.week)


def state_of(rule: str) -> str | None:
    """The name of the state whose rule it is: "state:FL" gives Florida; None for any other rule."""
    return PLACES[rule.removeprefix(_STATE)].name if rule.startswith(_STATE) else None


@lru_cache(maxsize=1)
def legal_hours() -> LegalHours:
    """The rule data that ships with the product. Raises Unreadable, or OSError when the file is not there."""
    return parse(FILE.read_text(encoding="utf-8"))


def parse(text: str) -> LegalHours:
    """The rule data in the text (TOML). Raises Unreadable with a sentence for the first thing that is wrong."""
    try:
        file = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise Unreadable(f"It is not TOML: {wrong}.") from wrong
    _exactly(file, {"version", "federal", "holidays", "rows"}, "the file")
    federal = file["federal"]
    _exactly(federal, {"hours", "places", "source", "confidence"}, FEDERAL)
    hours = _span(federal["hours"], FEDERAL)
    if hours is None:
        raise Unreadable("federal: there have to be hours.")
    holidays = {name: _holidays(name, table) for name, table in file["holidays"].items()}
    rows: dict[str, list[Row]] = {}
    for table in file["rows"]:
        for row in _rows(table, holidays):
            rows.setdefault(row.place, []).append(row)
    _check_complete(_places(federal["places"], FEDERAL), set(rows))
    version = file["version"]
    if not isinstance(version, str) or not version:
        raise Unreadable("version: give a text.")
    return LegalHours(version=version, federal=hours, rows={place: _succeeding(each) for place, each in rows.items()})


def _rows(table: Mapping[str, Any], holidays: Mapping[str, tuple[str, ...]]) -> Iterator[Row]:
    where = f"row {table.get('places', '?')}"
    if strange := table.keys() - _ROW_FIELDS:
        raise Unreadable(f"{where}: there is no field {min(strange)}.")
    week = _week(table, holidays, where)
    zone = table.get("time_zone")
    if zone is not None and not (isinstance(zone, str) and is_zone(zone)):
        raise Unreadable(f'{where}: there is no time zone "{zone}".')
    confidence = table.get("confidence")
    if confidence not in set(Confidence):
        raise Unreadable(f"{where}: confidence has to be {', '.join(Confidence)}.")
    if not table.get("source"):
        raise Unreadable(f"{where}: there has to be a source.")
    for place in _places(table.get("places"), where):
        yield Row(place=place, week=week, source=table["source"], confidence=Confidence(confidence), time_zone=zone)


def _week(table: Mapping[str, Any], holidays: Mapping[str, tuple[str, ...]], where: str) -> Week:
    """The row's hours by the day. Holidays need both what they are and which hours they have, or neither."""
    named = table.get("holidays", [])
    if ("holiday" in table) != bool(named) or not set(named) <= holidays.keys():
        raise Unreadable(f"{where}: holiday and holidays go together, and each list has to be there.")
    effective = table.get("effective")
    if effective is not None and type(effective) is not date:
        raise Unreadable(f"{where}: effective has to be a date.")
    return Week(
        weekday=_span(table.get("weekday", table.get("hours")), where),
        saturday=_span(table.get("saturday", table.get("hours")), where),
        sunday=_span(table.get("sunday", table.get("hours")), where),
        holiday=_span(table["holiday"], where) if named else None,
        holidays=Holidays(rule for name in named for rule in holidays[name]) if named else frozenset(),
        since=effective,
    )


def _span(text: Any, where: str) -> Span | None:
    """ "08:00-20:00" as minutes; None for "none". No legal hours cross midnight."""
    if text == _NONE:
        return None
    try:
        start, end = map(minutes, text.split("-"))
    except (AttributeError, ValueError) as wrong:
        raise Unreadable(f'{where}: "{text}" has to be hours such as 08:00-20:00, or none.') from wrong
    if start >= end:
        raise Unreadable(f'{where}: "{text}" ends before it starts.')
    return start, end


def _holidays(name: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    _exactly(table, {"days", "source"}, f"holidays {name}")
    try:
        Holidays(table["days"])
    except (TypeError, ValueError) as wrong:
        raise Unreadable(f"holidays {name}: {wrong}") from wrong
    return tuple(table["days"])


def _places(text: Any, where: str) -> tuple[str, ...]:
    places = tuple(text.split()) if isinstance(text, str) else ()
    if not places or not set(places) <= PLACES.keys():
        raise Unreadable(f"{where}: places have to be two letters each, of states or provinces.")
    return places


def _succeeding(rows: list[Row]) -> tuple[Row, ...]:
    """The rows of one state, each up to the effective date of the next."""
    ordered = sorted(rows, key=lambda row: row.week.since or date.min)
    ends = [*(row.week.since for row in ordered[1:]), None]
    if None in ends[:-1] or len(set(ends)) < len(ends):
        raise Unreadable(f"row {rows[0].place}: of several rows each needs an effective date of its own.")
    return tuple(replace(row, week=replace(row.week, until=end)) for row, end in zip(ordered, ends, strict=True))


def _check_complete(federal_only: tuple[str, ...], with_rows: set[str]) -> None:
    """No state is forgotten: each has rows of its own or is listed as having none."""
    for place in PLACES:
        if (place in federal_only) == (place in with_rows):
            raise Unreadable(f"{place} has to be in a row, or else among the places of federal.")


def _exactly(table: Any, fields: set[str], where: str) -> None:
    if not isinstance(table, dict) or table.keys() != fields:
        raise Unreadable(f"{where}: there have to be {', '.join(sorted(fields))}, and nothing else.")
