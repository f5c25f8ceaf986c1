"""What a sending window means for the organization's contacts, in figures and in a sentence each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import Field

from engage_sms.domain.advice import MOST, Advice, Daily, Fit, Group
from engage_sms.domain.settings import RecipientHours, Settings
from engage_sms.domain.window import clock
from engage_sms.edge.schemas.base import Schema, example
from engage_sms.usecases.advise_window import WindowAdvice

MOST_GROUPS = 50
"""Groups listed; what is beyond is in the figures."""
_NO_OFF_DAYS = "The law allows every contact something on every day."
_EARLY = {
    "contacts": 312,
    "minutes": 120,
    "sentence": "It opens too early for 312 of 2,410 contacts, by up to 2 hours.",
}
_LATE = {"contacts": 0, "minutes": 0, "sentence": "It closes too late for nobody."}
_MISSES = {"contacts": 0, "days": 0, "sentence": "It misses nobody's legal hours on any day."}
_NEVER = {"contacts": 0, "sentence": "There is nobody whose legal hours it never meets."}
_NO_HOURS = {"contacts": 0, "days": 0, "sentence": _NO_OFF_DAYS}
_WIDEST = {
    "start_time": "10:00",
    "end_time": "20:00",
    "contacts": 2410,
    "sentence": "10:00-20:00 (America/Chicago) is the widest daily window that suits all 2,410 contacts all year.",
}
_GROUP = {
    "contacts": 312,
    "time_zones": ["America/Los_Angeles"],
    "states": ["CA", "WA"],
    "opens_too_early_minutes": 120,
    "closes_too_late_minutes": 0,
    "days_missed": 0,
    "days_without_legal_hours": 0,
    "never_meets": False,
    "outside_percent": 25.0,
}
ADVICE_EXAMPLE = {
    "from": "2026-07-15",
    "to": "2027-07-14",
    "recipient_hours": "federal",
    "contacts": 2410,
    "suited": 2098,
    "sentence": "The window suits 2,098 of 2,410 contacts; messages to the others wait for their legal hours.",
    "opens_too_early": _EARLY,
    "closes_too_late": _LATE,
    "misses_days": _MISSES,
    "never_meets": _NEVER,
    "days_without_legal_hours": _NO_HOURS,
    "widest_for_all": _WIDEST,
    "widest_for_99_percent": _WIDEST,
    "groups": [_GROUP],
}


class MinutesAnswer(Schema):
    """For how many contacts, and by how much on the worst day."""

    model_config = example(**_EARLY)

    contacts: int
    minutes: int
    sentence: str


class DaysAnswer(Schema):
    """For how many contacts, and on how many days of the year at most."""

    model_config = example(**_MISSES)

    contacts: int
    days: int
    sentence: str


class NeverAnswer(Schema):
    """For how many contacts there is no opening at all."""

    model_config = example(**_NEVER)

    contacts: int
    sentence: str


class WidestAnswer(Schema):
    """A window for every day, in the zone of the organization's window; null times when there is none."""

    model_config = example(**_WIDEST)

    start_time: str | None
    end_time: str | None
    contacts: int
    sentence: str


class AdviceGroupAnswer(Schema):
    """Contacts that the same legal hours bind, and that the window does not suit.

    Of the window's time, `outside_percent` is outside their legal hours.
    """

    model_config = example(**_GROUP)

    contacts: int
    time_zones: list[str]
    states: list[str]
    opens_too_early_minutes: int
    closes_too_late_minutes: int
    days_missed: int
    days_without_legal_hours: int
    never_meets: bool
    outside_percent: float

    @classmethod
    def of(cls, group: Group, fit: Fit) -> AdviceGroupAnswer:
        return cls(
            contacts=group.contacts,
            time_zones=list(group.zones),
            states=list(group.states),
            opens_too_early_minutes=fit.early,
            closes_too_late_minutes=fit.late,
            days_missed=fit.missed,
            days_without_legal_hours=fit.lawless,
            never_meets=fit.never_meets,
            outside_percent=round(100 * fit.outside / fit.open, 1) if fit.open else 0,
        )


class AdviceAnswer(Schema):
    """What the window means for the contacts with a cell phone over the coming year, to the minute.

    Compared with the legal hours of `recipient_hours`; when that setting is off, with the federal ones. Contacts may be
    counted some seconds late.
    """

    model_config = example(**ADVICE_EXAMPLE)

    first: date = Field(alias="from")
    last: date = Field(alias="to")
    recipient_hours: str
    contacts: int
    suited: int
    sentence: str
    opens_too_early: MinutesAnswer
    closes_too_late: MinutesAnswer
    misses_days: DaysAnswer
    never_meets: NeverAnswer
    days_without_legal_hours: DaysAnswer
    widest_for_all: WidestAnswer
    widest_for_99_percent: WidestAnswer
    groups: list[AdviceGroupAnswer]

    @classmethod
    def of(cls, given: WindowAdvice) -> AdviceAnswer:
        advice, settings = given.advice, given.settings
        early = [(group, fit.early) for group, fit in advice.groups if fit.early]
        late = [(group, fit.late) for group, fit in advice.groups if fit.late]
        missed = [(group, fit.missed) for group, fit in advice.groups if fit.missed and not fit.never_meets]
        lawless = [(group, fit.lawless) for group, fit in advice.groups if fit.lawless]
        never = _contacts(group for group, fit in advice.groups if fit.never_meets)
        values = {
            "from": advice.first,
            "to": advice.last,
            "recipient_hours": settings.send_window_recipient_hours,
            "contacts": advice.contacts,
            "suited": _contacts(group for group, fit in advice.groups if fit.suits),
            "sentence": _overall(advice, settings),
            "opens_too_early": _minutes("opens too early", early, advice),
            "closes_too_late": _minutes("closes too late", late, advice),
            "misses_days": _days(missed, advice),
            "never_meets": NeverAnswer(contacts=never, sentence=_never(never, advice, settings)),
            "days_without_legal_hours": _lawless(lawless, advice),
            "widest_for_all": _widest(advice.widest_for_all, "all contacts", advice, settings),
            "widest_for_99_percent": _widest(advice.widest_for_most, f"{MOST} % of the contacts", advice, settings),
            "groups": [AdviceGroupAnswer.of(*pair) for pair in advice.groups if not pair[1].suits][:MOST_GROUPS],
        }
        return cls.model_validate(values)


_Affected = list[tuple[Group, int]]


def _contacts(groups: Iterable[Group]) -> int:
    return sum(group.contacts for group in groups)


def _most(affected: _Affected) -> int:
    return max((much for _, much in affected), default=0)


def _of_all(contacts: int, advice: Advice) -> str:
    return f"{contacts:,} of {advice.contacts:,} contacts"


def _overall(advice: Advice, settings: Settings) -> str:
    suited = _contacts(group for group, fit in advice.groups if fit.suits)
    if not advice.contacts:
        return "There are no contacts with a cell phone yet, so there is nobody the window could be wrong for."
    if suited == advice.contacts:
        return f"The window suits all {suited:,} contacts."
    off = settings.send_window_recipient_hours is RecipientHours.OFF
    others = (
        "recipient hours are off, so messages to the others may leave at an illegal hour"
        if off
        else "messages to the others wait for their legal hours"
    )
    return f"The window suits {_of_all(suited, advice)}; {others}."


def _minutes(what: str, affected: _Affected, advice: Advice) -> MinutesAnswer:
    contacts, minutes = _contacts(group for group, _ in affected), _most(affected)
    sentence = (
        f"It {what} for {_of_all(contacts, advice)}, by up to {_long(minutes)}."
        if contacts
        else f"It {what} for nobody."
    )
    return MinutesAnswer(contacts=contacts, minutes=minutes, sentence=sentence)


def _days(affected: _Affected, advice: Advice) -> DaysAnswer:
    contacts, days = _contacts(group for group, _ in affected), _most(affected)
    sentence = (
        f"It misses the legal hours of {_of_all(contacts, advice)} altogether on up to {_counted(days, 'day')}."
        if contacts
        else "It misses nobody's legal hours on any day."
    )
    return DaysAnswer(contacts=contacts, days=days, sentence=sentence)


def _lawless(affected: _Affected, advice: Advice) -> DaysAnswer:
    contacts, days = _contacts(group for group, _ in affected), _most(affected)
    sentence = (
        f"For {_of_all(contacts, advice)} the law allows nothing on up to {_counted(days, 'day')}, whatever the window."
        if contacts
        else _NO_OFF_DAYS
    )
    return DaysAnswer(contacts=contacts, days=days, sentence=sentence)


def _never(contacts: int, advice: Advice, settings: Settings) -> str:
    if not contacts:
        return "There is nobody whose legal hours it never meets."
    if settings.send_window_recipient_hours is RecipientHours.OFF:
        return f"It never meets the legal hours of {_of_all(contacts, advice)}."
    return f"It never meets the legal hours of {_of_all(contacts, advice)}: messages to them are skipped."


def _widest(daily: Daily | None, whom: str, advice: Advice, settings: Settings) -> WidestAnswer:
    if daily is None:
        sentence = f"There is no daily window that suits {whom}." if advice.contacts else "There are no contacts yet."
        return WidestAnswer(start_time=None, end_time=None, contacts=0, sentence=sentence)
    start, end = clock(daily.start), clock(daily.end)
    suits = f"all {daily.contacts:,} contacts" if daily.contacts == advice.contacts else _of_all(daily.contacts, advice)
    window = f"{start}-{end} ({settings.send_window_time_zone})"
    aside = any(fit.lawless for _, fit in advice.groups)
    days = "on every day on which the law allows them anything" if aside else "all year"
    sentence = f"{window} is the widest daily window that suits {suits} {days}."
    return WidestAnswer(start_time=start, end_time=end, contacts=daily.contacts, sentence=sentence)


def _long(minutes: int) -> str:
    """A length of time in words: "1 hour 30 minutes"."""
    hours, rest = divmod(minutes, 60)
    parts = [_counted(number, noun) for number, noun in ((hours, "hour"), (rest, "minute")) if number]
    return " ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
