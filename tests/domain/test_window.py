"""The sending window opens and closes at the exact instant, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engage_sms.domain.window import MINUTES_A_DAY, Rule, Week, clock, decide, minutes, next_closing, next_opening

STEP = 5
ZONES = (
    "America/Chicago",
    "America/Havana",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Pacific/Apia",
    "UTC",
)
CHANGES = ((2026, 3, 8), (2026, 3, 29), (2026, 4, 4), (2026, 9, 5), (2026, 10, 3), (2026, 11, 1), (2011, 12, 29))
TIMES = st.integers(0, MINUTES_A_DAY // STEP - 1).map(lambda step: step * STEP)
INSTANTS = st.builds(
    lambda day, step: datetime(day[0], day[1], day[2], tzinfo=UTC) + timedelta(minutes=step * STEP),
    st.sampled_from(CHANGES),
    st.integers(-300, 300),
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    near = st.builds(
        lambda day, ahead: date(*day) + timedelta(days=ahead), st.sampled_from(CHANGES), st.integers(-1, 3)
    )
    closed = draw(st.frozensets(near, max_size=3))
    week = draw(st.none() | weeks(near))
    return Rule("organization", draw(st.sampled_from(ZONES)), draw(TIMES), draw(TIMES), closed, week)


def weeks(dates: st.SearchStrategy[date]) -> st.SearchStrategy[Week]:
    """Hours that differ by the day, days without any, holidays, and a date they begin or end to bind on."""
    spans = st.none() | st.tuples(TIMES, TIMES)
    ends = st.none() | dates
    holidays = st.frozensets(dates, max_size=2)
    return st.builds(
        Week, weekday=spans, saturday=spans, sunday=spans, holiday=spans, holidays=holidays, since=ends, until=ends
    )


def truth(rule: Rule, instant: datetime) -> bool:
    """The rule said another way: count the minutes since the window's start, and look at the date it started on."""
    local = instant.astimezone(ZoneInfo(rule.zone))
    minute = local.hour * 60 + local.minute
    for started_on, passed in ((local.date(), 0), (local.date() - timedelta(days=1), MINUTES_A_DAY)):
        if started_on in rule.closed_dates:
            continue
        span = (rule.start, rule.end) if rule.week is None else told(rule.week, started_on)
        if span is not None:
            length = (span[1] - span[0]) % MINUTES_A_DAY or MINUTES_A_DAY
            if 0 <= minute + passed - span[0] < length:
                return True
    return False


def told(week: Week, day: date) -> tuple[int, int] | None:
    """The hours of a day as a person would look them up."""
    if (week.since and day < week.since) or (week.until and day >= week.until):
        return 0, MINUTES_A_DAY
    if day in week.holidays:
        return week.holiday
    return {"Sat": week.saturday, "Sun": week.sunday}.get(f"{day:%a}", week.weekday)


def first(now: datetime, wanted: Callable[[datetime], bool], *, days: int = 3) -> datetime | None:
    steps = (now + timedelta(minutes=step * STEP) for step in range(days * MINUTES_A_DAY // STEP))
    return next((instant for instant in steps if wanted(instant)), None)


def rules_of(case: dict[str, Any]) -> list[Rule]:
    own = Rule("organization", case["zone"], minutes(case["start"]), minutes(case["end"]))
    start, end = case.get("recipient_window", ("00:00", "24:00"))
    zones = case.get("recipient_zones", [])
    return [own, *(Rule("recipient", zone, minutes(start), minutes(end)) for zone in zones)]


def test_every_vector_is_right(vectors: Callable[[str], Any]) -> None:
    """All cases agree: with recipient zones and without, and those only a current zone database gets right."""
    file = vectors("sending_window.json")
    wrong = []
    for case in file["cases"] + file["tzdata_sensitive"]:
        decision = decide(rules_of(case), datetime.fromisoformat(case["now_utc"]))
        opening = case["expected"]["next_open_utc"]
        expected = (case["expected"]["allowed"], opening and datetime.fromisoformat(opening))
        if (decision.open, decision.opens_at) != expected:
            wrong.append((case["id"], decision, expected))

    assert wrong == []


@given(rules(), INSTANTS)
@example(Rule("r", "America/Chicago", 150, 300), datetime(2026, 3, 8, 7, 55, tzinfo=UTC))
@example(Rule("r", "America/Chicago", 90, 105), datetime(2026, 11, 1, 7, 0, tzinfo=UTC))
@example(Rule("r", "Pacific/Apia", 480, 1200), datetime(2011, 12, 30, 6, 30, tzinfo=UTC))
def test_the_opening_is_the_first_open_instant(rule: Rule, now: datetime) -> None:
    """Walking forward in five-minute steps finds the same opening."""
    found = next_opening([rule], now)
    walked = first(now, lambda instant: truth(rule, instant))

    assert found == walked or (walked is None and (found is None or found > now + timedelta(days=3)))


@given(rules(), INSTANTS)
@example(Rule("r", "America/Chicago", 1320, 90), datetime(2026, 11, 1, 6, 0, tzinfo=UTC))
def test_the_closing_is_the_first_closed_instant(rule: Rule, now: datetime) -> None:
    """Walking forward in five-minute steps finds the same closing."""
    found = next_closing([rule], now)
    walked = first(now, lambda instant: not truth(rule, instant))

    assert found == walked or (walked is None and (found is None or found > now + timedelta(days=3)))


@given(st.lists(rules(), min_size=2, max_size=3), INSTANTS)
def test_several_rules_must_all_hold(several: list[Rule], now: datetime) -> None:
    """The opening is the first instant that suits every rule."""
    found = next_opening(several, now)
    walked = first(now, lambda instant: all(truth(rule, instant) for rule in several), days=2)

    assert found == walked or (walked is None and (found is None or found > now + timedelta(days=2)))


@given(st.lists(rules(), max_size=3), INSTANTS, st.integers(0, 299_999_999))
def test_a_decision_is_consistent(several: list[Rule], step: datetime, microseconds: int) -> None:
    """Open means open now and closing later; closed means a rule is named and the opening lies ahead."""
    several = [replace(rule, name=str(place)) for place, rule in enumerate(several)]
    now = step + timedelta(microseconds=microseconds)
    decision = decide(several, now)

    assert decision.open == all(answer.open for answer in decision.rules)
    if decision.open:
        assert decision.opens_at == now
        assert decision.closes_at is None or decision.closes_at > now
        assert decision.decided_by is None
    else:
        assert decision.opens_at is None or decision.opens_at > now
        assert decision.closes_at is None
        assert {answer.rule: answer.open for answer in decision.rules}[decision.decided_by or ""] is False


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


DEFAULT = Rule("organization", "America/Chicago", minutes("08:00"), minutes("16:00"))


def test_a_decision_says_when_it_closes() -> None:
    """While the window is open, its end is an instant in UTC."""
    decision = decide([DEFAULT], at("2026-07-15T15:00:00Z"))

    assert decision.closes_at == at("2026-07-15T21:00:00Z")
    assert decision.rules[0].start == "08:00"
    assert decision.rules[0].end == "16:00"
    assert decision.rules[0].time_zone == "America/Chicago"


def test_the_earliest_end_closes_the_window() -> None:
    """With several rules the first to end decides."""
    legal = Rule("legal hours", "America/New_York", minutes("08:00"), minutes("16:30"))

    assert decide([DEFAULT, legal], at("2026-07-15T15:00:00Z")).closes_at == at("2026-07-15T20:30:00Z")


def test_the_rule_that_opens_last_is_to_blame() -> None:
    """Of two closed rules the one that keeps messages back longest is named; one that never opens comes first."""
    legal = Rule("legal hours", "Pacific/Honolulu", minutes("08:00"), minutes("21:00"))
    never = replace(DEFAULT, name="holidays", closed_dates=frozenset(date(2026, 7, day) for day in range(10, 31)))
    night = at("2026-07-15T08:00:00Z")

    assert decide([DEFAULT, legal], night).decided_by == "legal hours"
    assert decide([DEFAULT, legal, never], night).decided_by == "holidays"
    assert decide([DEFAULT, legal, never], night).opens_at is None


def test_rules_that_never_meet_have_no_opening() -> None:
    """No overlap is an answer, not a loop."""
    guam = Rule("legal hours", "Pacific/Guam", minutes("08:00"), minutes("20:00"))
    morning = Rule("organization", "America/New_York", minutes("08:00"), minutes("12:00"))
    decision = decide([morning, guam], at("2026-07-15T12:00:00Z"))

    assert not decision.open
    assert decision.opens_at is None
    assert all(answer.opens_at is not None for answer in decision.rules)


def test_no_rules_never_close() -> None:
    """Without any rule messages may always leave."""
    now = at("2026-07-15T12:00:00Z")
    decision = decide([], now)

    assert decision.open
    assert decision.opens_at == now
    assert decision.closes_at is None


def test_a_window_of_the_whole_day_does_not_close() -> None:
    """00:00 to 24:00 stays open, also over a clock change."""
    assert decide([Rule("r", "America/Chicago", 0, 1440)], at("2026-03-08T07:00:00Z")).closes_at is None


def test_a_closed_date_closes_its_own_window_only() -> None:
    """On a holiday nothing leaves; the next opening is that of the next day."""
    rule = replace(DEFAULT, closed_dates=frozenset({date(2026, 12, 25)}))

    assert next_opening([rule], at("2026-12-24T22:00:00Z")) == at("2026-12-26T14:00:00Z")
    assert not decide([rule], at("2026-12-25T16:00:00Z")).open


def test_a_window_over_midnight_belongs_to_the_date_it_starts_on() -> None:
    """Closing the 24th closes its night up to 02:00 on the 25th; the night of the 25th is open."""
    rule = Rule("r", "America/Chicago", minutes("22:00"), minutes("02:00"), frozenset({date(2026, 12, 24)}))

    assert next_opening([rule], at("2026-12-25T05:00:00Z")) == at("2026-12-26T04:00:00Z")
    assert next_closing([rule], at("2026-12-24T05:00:00Z")) == at("2026-12-24T08:00:00Z")


def test_a_whole_day_window_closes_when_a_closed_date_begins() -> None:
    """An open day runs straight into a closed one: that is a closing, and the day after an opening."""
    rule = Rule("r", "America/Chicago", 0, 1440, frozenset({date(2026, 12, 25)}))

    assert next_closing([rule], at("2026-12-24T18:00:00Z")) == at("2026-12-25T06:00:00Z")
    assert next_opening([rule], at("2026-12-25T18:00:00Z")) == at("2026-12-26T06:00:00Z")


def test_an_instant_without_a_zone_is_refused() -> None:
    """A naive time would mean something else on every machine."""
    with pytest.raises(ValueError, match="time zone"):
        decide([DEFAULT], datetime(2026, 7, 15))  # noqa: DTZ001


@given(st.integers(0, MINUTES_A_DAY))
def test_a_time_of_day_reads_back(minute: int) -> None:
    """HH:MM and minutes are the same thing."""
    assert minutes(clock(minute)) == minute


@pytest.mark.parametrize("text", ["", "8:00", "08:60", "24:01", "25:00", "0800", "08:00:00", "ab:cd", "-1:00", "٠٨:٠٠"])
def test_a_malformed_time_is_refused(text: str) -> None:
    """Only HH:MM from 00:00 to 24:00 is a time of day."""
    with pytest.raises(ValueError, match="HH:MM"):
        minutes(text)
