"""Every setting of an organization, as data: its name, what it accepts, and its default.

An organization stores only what it changed, by dotted name; `resolve` gives typed values for the rules, `effective` all
of them for people.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from engage_sms.domain import texts, window
from engage_sms.domain.consent import OptOutScope
from engage_sms.domain.phone import check_area_code
from engage_sms.domain.texts import TextKind
from engage_sms.errors import Invalid


class RecipientHours(StrEnum):
    """Which legal hours bind besides the organization's window (setting `sms.send_window.recipient_hours`)."""

    FEDERAL = "federal"
    STATE = "state"
    OFF = "off"


class OptOutReplies(StrEnum):
    """Who answers a STOP (setting `sms.opt_out.replies`)."""

    TWILIO = "twilio"
    ENGAGE = "engage"


Check = Callable[[Any], Any]
"""Gives the value as it is stored (JSON). Raises ValueError, or Explained where `accepts` does not say enough."""


class Explained(ValueError):
    """A wrong value, with a sentence that says what is wrong with this one."""


@dataclass(frozen=True)
class Setting:
    """One setting. `accepts` completes "Give …"; None as a default means it is not set."""

    name: str
    default: Any
    check: Check
    accepts: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """An organization's settings with the defaults filled in. Each field is the setting without `sms.`, dots as `_`."""

    send_window_start_time: str
    send_window_end_time: str
    send_window_time_zone: str
    send_window_closed_dates: tuple[date, ...]
    send_window_recipient_hours: RecipientHours
    opt_out_scope: OptOutScope
    opt_out_replies: OptOutReplies
    journey_wait_for_opt_in_days: int
    hold_expires_after_hours: int
    throughput_messages_per_second: int
    retention_body_days: int | None
    texts_opt_in_request: str
    texts_opt_in_confirmation: str
    texts_help: str
    company_area_code: str | None

    @property
    def journey_wait(self) -> timedelta:
        return timedelta(days=self.journey_wait_for_opt_in_days)

    @property
    def hold_lasts(self) -> timedelta:
        return timedelta(hours=self.hold_expires_after_hours)

    def window_rule(self) -> window.Rule:
        """The organization's own sending window."""
        return window.Rule(
            name="organization",
            zone=self.send_window_time_zone,
            start=window.minutes(self.send_window_start_time),
            end=window.minutes(self.send_window_end_time),
            closed_dates=frozenset(self.send_window_closed_dates),
        )


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """Every zone name there is; kept, since finding out reads hundreds of files."""
    return frozenset(available_timezones())


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - a wrong type is a wrong value to whoever set it
    return value


def _start_time(value: Any) -> str:
    if window.minutes(_text(value)) == window.MINUTES_A_DAY:
        raise ValueError
    return str(value)


def _end_time(value: Any) -> str:
    window.minutes(_text(value))
    return str(value)


def _zone(value: Any) -> str:
    if _text(value) not in time_zones():
        raise ValueError
    return str(value)


def _dates(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > 400:
        raise ValueError
    return sorted({_date(each) for each in value})


def _date(value: Any) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", _text(value), re.ASCII):
        raise ValueError
    return date.fromisoformat(value).isoformat()


def _one_of(choices: type[StrEnum]) -> Check:
    return lambda value: str(choices(_text(value)))


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as above
    return value


def _whole(low: int, high: int) -> Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return check


def _url(value: Any) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(value) > 500 or re.search(r"\s", value):
        raise ValueError
    return str(value)


def _area_code(value: Any) -> str:
    try:
        return check_area_code(_text(value))
    except ValueError as problem:
        raise Explained(str(problem)) from problem


def _template(kind: TextKind) -> Check:
    def check(value: Any) -> str:
        problems = texts.check_edit(kind, _text(value))
        if problems:
            raise Explained(" ".join(problems))
        return str(value)

    return check


_SETTINGS = (
    Setting("sms.send_window.start_time", "08:00", _start_time, "a time as HH:MM, from 00:00 to 23:59"),
    Setting("sms.send_window.end_time", "16:00", _end_time, "a time as HH:MM, from 00:00 to 24:00"),
    Setting("sms.send_window.time_zone", "America/Chicago", _zone, "an IANA time zone such as America/Chicago"),
    Setting("sms.send_window.closed_dates", [], _dates, "a list of at most 400 dates as YYYY-MM-DD"),
    Setting("sms.send_window.recipient_hours", "federal", _one_of(RecipientHours), "federal, state or off"),
    Setting("sms.opt_out.scope", "organization", _one_of(OptOutScope), "organization or user"),
    Setting("sms.opt_out.replies", "twilio", _one_of(OptOutReplies), "twilio or engage"),
    Setting("sms.journey.wait_for_opt_in_days", 7, _whole(1, 90), "a whole number of days, 1 to 90"),
    Setting("sms.hold.expires_after_hours", 72, _whole(1, 192), "a whole number of hours, 1 to 192"),
    Setting("sms.throughput.messages_per_second", 3, _whole(1, 1000), "a whole number, 1 to 1000"),
    Setting("sms.retention.body_days", None, _whole(30, 3650), "a whole number of days, 30 to 3650"),
    Setting(
        "sms.texts.opt_in_request",
        texts.DEFAULT_REQUEST,
        _template(TextKind.OPT_IN_REQUEST),
        "a text with {user.name}, the word YES and the rates notice",
    ),
    Setting(
        "sms.texts.opt_in_confirmation",
        texts.DEFAULT_CONFIRMATION,
        _template(TextKind.OPT_IN_CONFIRMATION),
        "a text with the words HELP and STOP",
    ),
    Setting("sms.texts.help", texts.DEFAULT_HELP, _template(TextKind.HELP), "a text with the word STOP"),
    Setting(
        "sms.company_area_code",
        None,
        _area_code,
        "the three digits of a US or Canadian area code in service",
    ),
)
SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _SETTINGS}
DEFAULTS: Mapping[str, Any] = {setting.name: setting.default for setting in _SETTINGS}


def effective(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """All settings by dotted name, as JSON values: the organization's own where it has them."""
    return {name: deepcopy(overrides.get(name, default)) for name, default in DEFAULTS.items()}


def resolve(overrides: Mapping[str, Any]) -> Settings:
    """The typed settings of an organization; `overrides` are ones that `check` accepted."""
    values = {name.removeprefix("sms.").replace(".", "_"): value for name, value in effective(overrides).items()}
    values["send_window_closed_dates"] = tuple(map(date.fromisoformat, values["send_window_closed_dates"]))
    values["send_window_recipient_hours"] = RecipientHours(values["send_window_recipient_hours"])
    values["opt_out_scope"] = OptOutScope(values["opt_out_scope"])
    values["opt_out_replies"] = OptOutReplies(values["opt_out_replies"])
    return Settings(**values)


def check(changes: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The organization's overrides after the changes. None puts a setting back to its default.

    Raises Invalid that lists every wrong setting and what it accepts; nothing is taken then.
    """
    after = dict(current)
    errors = []
    for name, value in changes.items():
        setting = SETTINGS.get(name)
        if setting is None:
            errors.append({"field": name, "message": _unknown(name)})
        elif value is None:
            after.pop(name, None)
        else:
            try:
                after[name] = setting.check(value)
            except Explained as problem:
                errors.append({"field": name, "message": f"Give {setting.accepts}. {problem}".strip()})
            except ValueError:
                errors.append({"field": name, "message": f"Give {setting.accepts}."})
    wrong = {error["field"] for error in errors}
    if not wrong & {"sms.send_window.start_time", "sms.send_window.end_time"}:
        errors += _empty_window(changes, effective(after))
    if errors:
        raise Invalid(errors)
    return after


def _empty_window(changes: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, str]]:
    if values["sms.send_window.start_time"] != values["sms.send_window.end_time"]:
        return []
    field = "sms.send_window.end_time"
    if field not in changes and "sms.send_window.start_time" in changes:
        field = "sms.send_window.start_time"
    return [{"field": field, "message": "Start and end are the same. For the whole day give 00:00 and 24:00."}]


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, SETTINGS, n=1)
    return f"There is no such setting. Did you mean {close[0]}?" if close else "There is no such setting."
