"""The law's hours are data: read in full or refused in full, and as the sources have them."""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.legal_hours import FILE, Unreadable, legal_hours, parse, state_of
from engage_sms.domain.places import CANADA, PLACES
from engage_sms.domain.recipient import Recipient, Source, locate
from engage_sms.domain.window import Rule, decide

SHIPPED = FILE.read_text(encoding="utf-8")
WEEKDAY, SATURDAY, SUNDAY = date(2026, 7, 15), date(2026, 7, 18), date(2026, 7, 19)
CHRISTMAS, ELECTION, PIONEERS, LABOR_DAY = date(2026, 12, 25), date(2026, 11, 3), date(2026, 7, 24), date(2026, 9, 7)


def hours(state: str, day: date) -> str | None:
    """The state's own hours on the date, the latest row's."""
    span = legal_hours().rows[state][-1].week.span_on(day)
    return span and f"{span[0] // 60}-{span[1] / 60:g}"


@pytest.mark.parametrize(
    ("states", "weekday", "saturday", "sunday", "holiday"),
    [
        ("FL MA MD NJ OK WA WY", "8-20", "8-20", "8-20", "8-20"),
        ("AL LA", "8-20", "8-20", None, None),
        ("MS", "8-20", "8-20", None, "8-20"),
        ("CA IL MI MN NM", "9-21", "9-21", "9-21", "9-21"),
        ("CT NV", "9-20", "9-20", "9-20", "9-20"),
        ("KY", "10-21", "10-21", "10-21", "10-21"),
        ("PA", "8-21", "8-12", "8-21", None),
        ("RI", "9-18", "10-17", None, None),
        ("SD", "9-21", None, None, "9-21"),
        ("TX", "9-21", "9-21", "12-21", "9-21"),
        ("UT", "8-21", "8-21", None, None),
        (" ".join(sorted(CANADA)), "9-21.5", "10-18", "10-18", "9-21.5"),
    ],
)
def test_each_state_has_its_hours(
    states: str, weekday: str | None, saturday: str | None, sunday: str | None, holiday: str | None
) -> None:
    """Weekdays, Saturdays, Sundays and Labor Day of every state that has hours of its own."""
    for state in states.split():
        days = (WEEKDAY, SATURDAY, SUNDAY, LABOR_DAY)

        assert tuple(hours(state, day) for day in days) == (weekday, saturday, sunday, holiday), state


def test_states_keep_holidays_of_their_own() -> None:
    """Pioneer Day in Utah, Mardi Gras in Louisiana, election day in Pennsylvania; elsewhere they are days like any."""
    assert (hours("UT", PIONEERS), hours("LA", PIONEERS)) == (None, "8-20")
    assert (hours("LA", date(2026, 2, 17)), hours("UT", date(2026, 2, 17))) == (None, "8-21")
    assert (hours("PA", ELECTION), hours("AL", ELECTION)) == (None, "8-20")
    assert [hours(state, CHRISTMAS) for state in ("AL", "LA", "PA", "RI", "UT")] == [None] * 5


def test_every_row_says_where_it_comes_from() -> None:
    """Source and confidence on each; the file as a whole has a version."""
    law = legal_hours()

    assert law.version == "2026-11-25"
    assert law.federal == (480, 1260)
    assert all(row.source and row.confidence for rows in law.rows.values() for row in rows)


def test_a_row_binds_from_its_effective_date() -> None:
    """Maryland's hours of 2024 do not bind in 2023; nothing but the federal ones did."""
    assert [row.week.since for row in legal_hours().rows["MD"]] == [date(2024, 1, 1)]
    assert hours("MD", date(2023, 12, 31)) == "0-24"
    assert hours("MD", date(2024, 1, 1)) == "8-20"


def test_a_later_row_replaces_an_earlier_one() -> None:
    """Two rows of one state follow each other at the later one's effective date, and the opening knows it."""
    text = SHIPPED + "\n".join(
        ("", "[[rows]]", 'places = "FL"', 'hours = "10:00-18:00"', "effective = 2027-01-01", 'source = "a bill"')
    )
    law = parse(text + '\nconfidence = "primary"\n')
    florida = list(law.state_rules(Recipient(("America/New_York",), ("FL",), Source.AREA_CODE)))
    old_year, new_year = datetime(2026, 12, 31, 11, tzinfo=UTC), datetime(2027, 1, 1, 11, tzinfo=UTC)

    assert decide(florida, old_year).opens_at == old_year.replace(hour=13)
    assert decide(florida, new_year).opens_at == new_year.replace(hour=15)


def test_a_state_binds_in_every_zone_of_the_recipient() -> None:
    """Address and area code's states, in each zone; Mississippi's hours on its own clock too."""
    law = legal_hours()
    moved = locate("+16015550100", state="CA")
    rules = [(rule.name, rule.zone) for rule in law.state_rules(moved)]

    assert rules == [
        ("state:CA", "America/Los_Angeles"),
        ("state:MS", "America/Chicago"),
        ("state:MS", "America/Los_Angeles"),
    ]
    assert [rule.zone for rule in law.federal_rules(moved)] == ["America/Los_Angeles"]
    assert (state_of("state:MS"), state_of("federal")) == ("Mississippi", None)


@given(
    st.sampled_from(sorted(PLACES)),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_no_state_opens_outside_its_row(state: str, now: datetime) -> None:
    """Whatever the day, the opening found lies inside the hours the row has for that local date."""
    law = legal_hours()
    recipient = locate("", state=state)
    rules: list[Rule] = [*law.federal_rules(recipient), *law.state_rules(recipient)]
    opening = decide(rules, now).opens_at

    assert opening is not None
    for zone in recipient.zones:
        local = opening.astimezone(ZoneInfo(zone))
        minute = local.hour * 60 + local.minute
        spans = [law.federal, *(row.week.span_on(local.date()) for row in law.rows.get(state, ()))]
        assert all(span is not None and span[0] <= minute < span[1] for span in spans)
        assert opening - now < timedelta(days=5)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[federal]", "[federal", "It is not TOML"),
        ('version = "2026-11-25"', "version = 3", "version: give a text"),
        ('version = "2026-11-25"', "", "the file: there have to be federal, holidays, rows, version"),
        ('hours = "08:00-21:00"\nsource = "47', 'hours = "none"\nsource = "47', "federal: there have to be hours"),
        ('places = "WA"', 'places = "WQ"', "row WQ: places have to be two letters"),
        ('places = "WA"', "places = 7", "row 7: places have to be"),
        ('places = "WA"', 'places = "WA WY"', "row WY: of several rows each needs an effective date"),
        (' WI WV\n"""', ' WI\n"""', "WV has to be in a row, or else among the places of federal"),
        (' WI WV\n"""', ' WA WI WV\n"""', "WA has to be in a row"),
        ('hours = "10:00-21:00"', 'hours = "10:00 to 21:00"', "row KY:"),
        ('hours = "10:00-21:00"', 'hours = "21:00-10:00"', 'row KY: "21:00-10:00" ends before it starts'),
        ('hours = "10:00-21:00"', "hours = 10", "row KY:"),
        ('hours = "10:00-21:00"', 'our = "10:00-21:00"', "row KY: there is no field our"),
        ('time_zone = "America/Chicago"', 'time_zone = "Central"', 'row MS: there is no time zone "Central"'),
        ("effective = 2024-01-01", 'effective = "2024"', "row MD: effective has to be a date"),
        ('source = "RCW 19.158.040(2)"', 'source = ""', "row WA: there has to be a source"),
        ('confidence = "primary"\n\n[[rows]]', 'confidence = "sure"\n\n[[rows]]', "confidence has to be primary"),
        ('holidays = ["federal", "utah"]', 'holidays = ["mormon"]', "row UT: holiday and holidays go together"),
        ('holidays = ["federal", "utah"]', "", "row UT: holiday and holidays go together"),
        ('days = ["july 24"]', 'days = ["july 42"]', "holidays utah:"),
        ('days = ["july 24"]', 'days = ["sometimes"]', 'holidays utah: "sometimes" describes no holiday'),
        ('days = ["july 24"]', "days = 24", "holidays utah:"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    """A slip anywhere in the file is one sentence that names the row and what is wrong."""
    assert SHIPPED.count(old) >= 1
    with pytest.raises(Unreadable) as refusal:
        parse(SHIPPED.replace(old, new, 1))

    assert said in str(refusal.value)


def test_the_data_does_not_change_under_its_version() -> None:
    """Messages keep the version they were decided by: other data needs another one, and then another figure here."""
    data = {name: value for name, value in tomllib.loads(SHIPPED).items() if name != "version"}
    figure = hashlib.sha256(json.dumps(data, default=str, sort_keys=True).encode()).hexdigest()[:12]

    assert (legal_hours().version, figure) == ("2026-11-25", "c770f899c3d5")
