"""What a window means for contacts: the tables of the field, and every figure against a count minute by minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage_sms.domain.advice import Advice, Daily, Fit, Group, advise, widest
from engage_sms.domain.places import CONTIGUOUS as CONTIGUOUS_STATES
from engage_sms.domain.places import zones_of
from engage_sms.domain.planning import rules_for
from engage_sms.domain.recipient import Recipient, Source
from engage_sms.domain.settings import resolve
from engage_sms.domain.window import MINUTES_A_DAY, Rule, clock, minutes
from tests.domain.windows import DAYS_OF_CHANGES, RULES, WINDOWS

YEAR = date(2026, 1, 1)
CONTIGUOUS = ("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles")
FARTHER = (
    "America/Anchorage",
    "America/Adak",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
    "Pacific/Pago_Pago",
    "Pacific/Guam",
)


def window(start: str = "08:00", end: str = "16:00", zone: str = "America/Chicago", *closed: date) -> Rule:
    return Rule("organization", zone, minutes(start), minutes(end), frozenset(closed))


def group(*zones: str, contacts: int = 1, hours: tuple[str, str] = ("08:00", "21:00")) -> Group:
    start, end = map(minutes, hours)
    rules = tuple(Rule("legal", zone, start, end) for zone in zones)
    return Group(contacts=contacts, zones=zones, states=(), rules=rules)


def fit_of(zone: str, own: Rule, hours: tuple[str, str] = ("08:00", "21:00")) -> Fit:
    return advise(own, [group(zone, hours=hours)], first=YEAR).groups[0][1]


def shown(daily: Daily | None) -> str | None:
    return None if daily is None else f"{clock(daily.start)}-{clock(daily.end)}"


# --- the tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "early", "percent"),
    [
        ("America/New_York", 0, 0),
        ("America/Chicago", 0, 0),
        ("America/Puerto_Rico", 0, 0),
        ("America/Denver", 60, 12.5),
        ("America/Phoenix", 120, 20.7),
        ("America/Los_Angeles", 120, 25.0),
        ("America/Anchorage", 180, 37.5),
        ("America/Adak", 240, 50.0),
        ("Pacific/Honolulu", 300, 58.2),
        ("Pacific/Pago_Pago", 360, 70.7),
    ],
)
def test_the_default_window_is_too_early_for_the_west(zone: str, early: int, percent: float) -> None:
    """08:00-16:00 in Chicago against the federal hours, all of 2026: so many minutes at worst, so much of its time."""
    fit = fit_of(zone, window())

    assert (fit.early, fit.late) == (early, 0)
    assert round(100 * fit.outside / fit.open, 1) == percent
    assert fit.suits == (early == 0)


@pytest.mark.parametrize("hours", [("08:00", "20:00"), ("08:00", "21:00")])
def test_the_default_window_never_meets_guam(hours: tuple[str, str]) -> None:
    """Nothing could ever be sent there: neither too early nor too late, but never."""
    fit = fit_of("Pacific/Guam", window(), hours)

    assert fit.never_meets
    assert (fit.early, fit.late, fit.missed) == (0, 0, 365)


@pytest.mark.parametrize(
    ("zone", "hours", "outside"),
    [
        *((zone, ("08:00", "20:00"), 0) for zone in CONTIGUOUS),
        ("America/Anchorage", ("08:00", "20:00"), 21_900),
        ("America/Adak", ("08:00", "20:00"), 43_800),
        ("Pacific/Honolulu", ("08:00", "20:00"), 58_080),
        ("America/Puerto_Rico", ("08:00", "20:00"), 7_620),
        ("America/Puerto_Rico", ("08:00", "21:00"), 0),
        ("Pacific/Pago_Pago", ("08:00", "20:00"), 79_980),
        ("Pacific/Guam", ("08:00", "20:00"), 145_680),
    ],
)
@pytest.mark.parametrize("year", [2026, 2027])
def test_the_nationwide_window_suits_the_contiguous_states_only(
    zone: str, hours: tuple[str, str], outside: int, year: int
) -> None:
    """10:00-19:00 in Chicago: illegal minutes a year, in either year."""
    advice = advise(window("10:00", "19:00"), [group(zone, hours=hours)], first=date(year, 1, 1))

    assert advice.groups[0][1].outside == outside


@pytest.mark.parametrize(
    ("beyond", "by_eight", "by_nine"),
    [
        (0, "10:00-19:00", "10:00-20:00"),
        (1, "11:00-19:00", "11:00-20:00"),
        (2, "12:00-19:00", "12:00-20:00"),
        (3, "13:00-19:00", "13:00-20:00"),
        (4, "13:00-18:00", "13:00-19:00"),
        (5, "14:00-18:00", "14:00-19:00"),
        (6, "17:00-18:00", "17:00-19:00"),
    ],
)
def test_the_widest_windows_of_the_country(beyond: int, by_eight: str, by_nine: str) -> None:
    """The 48 states, then Anchorage, Adak, Hawaii, Puerto Rico, Samoa and Guam besides."""
    audiences = [
        [group(zone, hours=("08:00", end)) for zone in CONTIGUOUS + FARTHER[:beyond]] for end in ("20:00", "21:00")
    ]
    advices = [advise(window(), audience, first=YEAR) for audience in audiences]

    assert [shown(advice.widest_for_all) for advice in advices] == [by_eight, by_nine]


def test_one_contact_in_a_hundred_may_be_left_out() -> None:
    """99 in Chicago and 1 in Honolulu: the wider window suits the 99; with 2 of 100 away it has to suit both places."""
    most, few = group("America/Chicago", contacts=99), group("Pacific/Honolulu", contacts=1)
    advice = advise(window(), [most, few], first=YEAR)
    fewer = advise(window(), [group("America/Chicago", contacts=98), group("Pacific/Honolulu", contacts=2)], first=YEAR)

    assert advice.widest_for_most == Daily(start=480, end=1260, contacts=99)
    assert shown(advice.widest_for_all) == "13:00-21:00"
    assert fewer.widest_for_most == fewer.widest_for_all


STATE_HOURS = resolve({"sms.send_window.recipient_hours": "state"})


def people_of(*states: str) -> list[Group]:
    """One contact in each state, somewhere in it, with its hours."""
    found = []
    for state in states:
        recipient = Recipient(zones_of((state,)), (state,), Source.ADDRESS)
        _, *rules = rules_for(STATE_HOURS, recipient)
        found.append(Group(contacts=1, zones=recipient.zones, states=(state,), rules=tuple(rules)))
    return found


@pytest.mark.parametrize(
    ("state", "percent"),
    [
        *((state, 0) for state in ("CT", "FL", "MD", "MA", "MI", "MN", "NM", "NJ", "OK", "WA")),
        ("CA", 11.1),
        ("NV", 11.1),
        ("TX", 4.7),
        ("MS", 14.2),
        ("SD", 28.5),
    ],
)
def test_the_nationwide_window_meets_the_hours_of_states(state: str, percent: float) -> None:
    """10:00-19:00 in Chicago: how much of it is outside a state's own hours in 2026."""
    zones = ("America/Los_Angeles",) if state == "NV" else zones_of((state,))
    recipient = Recipient(zones, (state,), Source.ADDRESS)
    _, *rules = rules_for(STATE_HOURS, recipient)
    audience = [Group(contacts=1, zones=zones, states=(state,), rules=tuple(rules))]
    fit = advise(window("10:00", "19:00"), audience, first=YEAR).groups[0][1]

    assert round(100 * fit.outside / fit.open, 1) == percent


def test_weekday_hours_suit_every_state() -> None:
    """Closed on weekends, 11:00-17:00 in Chicago is the widest for the 48 states; with weekends there is none."""
    weekend = [day for day in (YEAR + timedelta(days=number) for number in range(365)) if day.weekday() >= 5]
    everybody = people_of(*CONTIGUOUS_STATES)
    open_ = advise(window("11:00", "17:00"), everybody, first=YEAR)
    closed = advise(window("11:00", "17:00", "America/Chicago", *weekend), everybody, first=YEAR)

    assert open_.widest_for_all is None
    assert shown(closed.widest_for_all) == "11:00-17:00"
    assert all(fit.suits for _, fit in closed.groups)


def test_zones_together_bind_together() -> None:
    """A contact that may be in either of two zones needs both: Indiana's area codes from 09:00 Eastern on."""
    advice = advise(
        window("09:00", "20:00", "America/New_York"), [group("America/New_York", "America/Chicago")], first=YEAR
    )

    assert advice.groups[0][1].suits
    assert shown(advice.widest_for_all) == "09:00-21:00"


def test_a_window_may_cross_midnight() -> None:
    """Guam alone, seen from Chicago: from the afternoon until after midnight."""
    advice = advise(window(), [group("Pacific/Guam")], first=YEAR)

    assert shown(advice.widest_for_all) == "17:00-05:00"


def test_no_window_suits_everybody_on_earth() -> None:
    """Honest about it."""
    advice = advise(window(), [group("Pacific/Guam"), group("Europe/London"), group("America/Chicago")], first=YEAR)

    assert advice.widest_for_all is None


def test_no_contacts_no_proposal() -> None:
    """There is nobody whom a window could suit."""
    advice = advise(window(), [], first=YEAR)

    assert (advice.contacts, advice.groups, advice.widest_for_all, advice.widest_for_most) == (0, (), None, None)


def test_dates_without_legal_hours_are_counted_apart() -> None:
    """Where the law closes Sundays no window is to blame; it suits if it suits on all other dates."""
    sundays = frozenset(YEAR + timedelta(days=3 + 7 * week) for week in range(52))
    law = Rule("state", "America/Chicago", 480, 1200, sundays)
    audience = [Group(contacts=5, zones=("America/Chicago",), states=("AL",), rules=(law,))]
    fit = advise(window(), audience, first=YEAR).groups[0][1]

    assert (fit.lawless, fit.missed, fit.suits) == (52, 0, True)
    assert fit.outside == 52 * 480


def test_closed_dates_of_the_organization_do_not_count() -> None:
    """A date without a window has nothing outside the legal hours."""
    days = [YEAR + timedelta(days=number) for number in range(365)]
    closed = advise(window("08:00", "16:00", "America/Chicago", *days), [group("America/Denver")], first=YEAR)

    assert closed.groups[0][1].open == 0
    assert not closed.groups[0][1].never_meets


# --- against a count minute by minute ---------------------------------------------------------------------------------


@dataclass
class Counted:
    """What the oracle finds: the fields of Fit."""

    early: int = 0
    late: int = 0
    sessions: int = 0
    missed: int = 0
    lawless: int = 0
    outside: int = 0
    open: int = 0
    avoidable: int = 0


def _shown(rule: Rule, around: Sequence[datetime]) -> list[tuple[date, int]]:
    """The date and the minute that the rule's clock shows at each instant."""
    zone = ZoneInfo(rule.zone)
    local = (instant.astimezone(zone) for instant in around)
    return [(each.date(), each.hour * 60 + each.minute) for each in local]


def count_by_minute(own: Rule, legal: Sequence[Rule], days: Sequence[date]) -> tuple[Counted, Mapping[int, bool]]:
    """Asks the rules about every minute; also which minutes of a date and the next are legal on all lawful dates."""
    begin = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC) - timedelta(days=1)
    around = [begin + timedelta(minutes=minute) for minute in range((len(days) + 3) * MINUTES_A_DAY)]
    clock_ = _shown(own, around)
    allowed = [all(rule.holds(instant) for rule in legal) for instant in around]
    counted, good = Counted(), dict.fromkeys(range(2 * MINUTES_A_DAY), True)
    lawful_dates = 0
    for day in days:
        if day in own.closed_dates:
            continue
        lawful = any(ok for (date_, _), ok in zip(clock_, allowed, strict=True) if date_ == day)
        lawful_dates += lawful
        session = []
        for index, (date_, minute) in enumerate(clock_):
            after_midnight = date_ == day + timedelta(days=1)
            wall = minute + MINUTES_A_DAY if after_midnight else minute if date_ == day else None
            if wall is None:
                continue
            if lawful and not allowed[index]:
                good[wall] = False
            closes = own.end if own.start < own.end else own.end + MINUTES_A_DAY
            if own.start <= wall < closes:
                session.append(index)
        inside = [index for index in session if allowed[index]]
        counted.lawless += not lawful
        counted.sessions += bool(session)
        counted.open += len(session)
        counted.outside += len(session) - len(inside)
        if lawful and session:
            counted.avoidable += len(session) - len(inside)
            counted.missed += not inside
            counted.early = max(counted.early, inside[0] - session[0] if inside else 0)
            counted.late = max(counted.late, session[-1] - inside[-1] if inside else 0)
    return counted, good if lawful_dates else dict.fromkeys(good, False)


@settings(max_examples=40, deadline=None)
@given(own=WINDOWS, legal=st.lists(RULES, min_size=1, max_size=3), first=DAYS_OF_CHANGES, days=st.integers(1, 4))
def test_every_figure_is_as_counted_by_minute(own: Rule, legal: list[Rule], first: date, days: int) -> None:
    """Whatever the windows, the zones, the closed dates and the clock changes."""
    audience = Group(contacts=1, zones=(), states=(), rules=tuple(legal))
    fit = advise(own, [audience], first=first, days=days).groups[0][1]
    counted, good = count_by_minute(own, legal, [first + timedelta(days=number) for number in range(days)])

    assert {name: getattr(fit, name) for name in vars(counted)} == vars(counted)
    assert [bool(fit.good >> minute & 1) for minute in good] == list(good.values())


RUNS = st.lists(st.tuples(st.integers(0, 47), st.integers(1, 48)), min_size=1, max_size=3)


def mask_of(runs: list[tuple[int, int]]) -> int:
    """Good minutes of two days, alike, in runs of half hours that may cross midnight."""
    day = 0
    for start, length in runs:
        for half_hour in range(start, start + length):
            day |= ((1 << 30) - 1) << (half_hour % 48 * 30)
    return day | day << MINUTES_A_DAY


@settings(max_examples=40, deadline=None)
@given(
    drawn=st.lists(st.tuples(RUNS, st.integers(1, 30)), min_size=1, max_size=4), percent=st.sampled_from((60, 99, 100))
)
def test_no_window_is_wider(drawn: list[tuple[list[tuple[int, int]], int]], percent: int) -> None:
    """Every start and every length by the half hour: none that suits enough is longer, or as long and earlier."""
    masks = {}
    for runs, contacts in drawn:
        masks[mask_of(runs)] = masks.get(mask_of(runs), 0) + contacts
    total = sum(masks.values())

    def suited(start: int, length: int) -> int:
        wanted = ((1 << length) - 1) << start
        return sum(contacts for mask, contacts in masks.items() if mask & wanted == wanted)

    enough = [
        (-length, start)
        for start in range(0, MINUTES_A_DAY, 30)
        for length in (*range(30, MINUTES_A_DAY, 30), MINUTES_A_DAY if start == 0 else MINUTES_A_DAY - 1)
        if 100 * suited(start, length) >= percent * total
    ]
    found = widest(masks, percent=percent)

    if not enough:
        assert found is None
    else:
        length, start = -min(enough)[0], min(enough)[1]
        end = start + length
        expected = end if end <= MINUTES_A_DAY else end - MINUTES_A_DAY
        assert found == Daily(start=start, end=expected, contacts=suited(start, length))


def test_advice_lists_the_largest_groups_first() -> None:
    """Whoever reads only the beginning reads what matters most."""
    audience = [group("America/Denver", contacts=3), group("America/Chicago", contacts=50)]
    advice: Advice = advise(window(), audience, first=YEAR)

    assert [found.contacts for found, _ in advice.groups] == [50, 3]
    assert advice.contacts == 53
