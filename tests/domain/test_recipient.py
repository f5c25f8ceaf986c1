"""Where a recipient may be: the best source for the clock, every state that may claim them, no narrow guess."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import TZPATH

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.area_codes import AREAS, TOLL_FREE
from engage_sms.domain.directory import Contact
from engage_sms.domain.places import CANADA, CONTIGUOUS, PLACES, named, posted, zones_of
from engage_sms.domain.recipient import Recipient, Source, locate, recipient_of
from engage_sms.domain.window import is_zone, load_zone

CHICAGO, MIAMI, DENVER = "+13125550199", "+13055550100", "+13035550100"
EASTERN, CENTRAL, MOUNTAIN, PACIFIC = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)
SEASONS = tuple(datetime(2027, month, 1, tzinfo=UTC) for month in (1, 7))


def test_the_contacts_own_zone_comes_first() -> None:
    """A stated zone beats address and area code; the states of both still bind."""
    found = locate(MIAMI, time_zone="Pacific/Honolulu", state="CA", postal_code="94105")

    assert found == Recipient(("Pacific/Honolulu",), ("CA", "FL"), Source.TIME_ZONE)


def test_the_address_comes_next() -> None:
    """An address gives all zones of its state, and its state binds beside the area code's."""
    assert locate(MIAMI, state="TX") == Recipient((CENTRAL, MOUNTAIN), ("FL", "TX"), Source.ADDRESS)
    assert locate(MIAMI, postal_code="94105-1234") == Recipient((PACIFIC,), ("CA", "FL"), Source.ADDRESS)
    assert locate(MIAMI, state="florida") == Recipient((CENTRAL, EASTERN), ("FL",), Source.ADDRESS)


def test_the_area_code_comes_next() -> None:
    """Without an address every zone of the area code counts, corners that the numbering report leaves out too."""
    assert locate(CHICAGO) == Recipient((CENTRAL,), ("IL",), Source.AREA_CODE)
    assert locate("+18505550100") == Recipient((CENTRAL, EASTERN), ("FL",), Source.AREA_CODE)
    assert locate("+17095550100") == Recipient(("America/Halifax", "America/St_Johns"), ("NL",), Source.AREA_CODE)
    assert EASTERN in locate("+18675550100").zones
    assert locate("+19025550100").states == ("NS", "PE")


@pytest.mark.parametrize("phone", ["+18005550100", "+12465550100", "+19995550100", "+447700900123", "", "312"])
def test_an_unknown_number_may_be_anywhere(phone: str) -> None:
    """Toll-free, abroad, not in service, or no number: every zone and every state of the contiguous ones."""
    found = locate(phone)

    assert found.source is Source.ANYWHERE
    assert found.zones == (CENTRAL, MOUNTAIN, PACIFIC, EASTERN, "America/Phoenix")
    assert found.states == tuple(sorted(CONTIGUOUS))
    assert len(found.states) == 49


@pytest.mark.parametrize("gone", ["America/Gone", "America", "../etc/passwd", "/etc/passwd", "zone.tab", "Ame\0rica"])
def test_a_zone_that_does_not_exist_falls_to_the_next_source(gone: str) -> None:
    """The address, else the area code, decides; a note says so."""
    by_address, by_code = locate(CHICAGO, time_zone=gone, state="CO"), locate(CHICAGO, time_zone=gone)

    assert (by_address.source, by_address.zones) == (Source.ADDRESS, (MOUNTAIN,))
    assert (by_code.source, by_code.zones) == (Source.AREA_CODE, (CENTRAL,))
    assert by_code.notes == (f'There is no time zone "{gone}".',)


def test_an_address_that_cannot_be_read_is_noted() -> None:
    """What is no state or postal code is left aside, with a sentence each."""
    found = locate(CHICAGO, state="Bavaria", postal_code="D-80331")

    assert found.source is Source.AREA_CODE
    assert found.notes == (
        '"Bavaria" is no state or province.',
        'The postal code "D-80331" is in no state or province.',
    )


def test_an_address_at_odds_with_itself_counts_twice() -> None:
    """State and postal code that disagree: the zones and hours of both."""
    found = locate(DENVER, state="CA", postal_code="10001")

    assert found.zones == (PACIFIC, EASTERN)
    assert found.states == ("CA", "CO", "NY")
    assert found.notes == ('The postal code "10001" is not in "CA": the hours of both count.',)


def test_a_contact_is_where_its_record_says() -> None:
    """The contact's zone and address, with the phone a message was written to; without the contact, the phone alone."""
    contact = Contact(
        id="c-1",
        org_id="acme",
        owner_id="u-1",
        first_name="Bo",
        last_name="Diaz",
        cell_phone=CHICAGO,
        state="CO",
        created_at=SEASONS[0],
    )

    assert recipient_of(contact, MIAMI) == Recipient((MOUNTAIN,), ("CO", "FL"), Source.ADDRESS)
    assert recipient_of(None, MIAMI) == locate(MIAMI)


ANY = st.none() | st.text(max_size=20)
PHONES = st.builds(lambda code: f"+1{code}5550100", st.sampled_from([*AREAS, *TOLL_FREE, "999"])) | st.text(max_size=14)


@given(PHONES, ANY | st.sampled_from([EASTERN, "UTC"]), ANY | st.sampled_from(list(PLACES)), ANY)
def test_everybody_is_somewhere(phone: str, time_zone: str | None, state: str | None, postal: str | None) -> None:
    """Whatever is given there are zones that exist and states that do; adding an area code never frees from a state."""
    found = locate(phone, time_zone=time_zone, state=state, postal_code=postal)

    assert found.zones == tuple(sorted(found.zones)) != ()
    assert all(is_zone(zone) for zone in found.zones)
    assert set(found.states) <= set(PLACES)
    assert found.states == tuple(sorted(found.states)) != ()
    if found.source is not Source.ANYWHERE:
        assert set(named(state or "")) <= set(found.states) or posted(postal or "")
    hash(found)


def test_every_area_code_lies_in_a_known_place() -> None:
    """Each code's state or province has a name, and its zones are among the place's by the clock."""
    strays = {
        code: area
        for code, area in AREAS.items()
        if not named(area.location)
        or not {clock(zone) for zone in area.zones} <= {clock(zone) for zone in zones_of(named(area.location))}
    }

    # northwestern Ontario and the territories no longer change their clocks; the report has the US zones they had
    assert set(strays) == {"807", "867"}


@pytest.mark.parametrize(
    ("postal", "places"),
    [
        ("33101", ("FL",)),
        ("02139", ("MA",)),
        ("2139", ("MA",)),
        ("601", ("PR",)),
        ("94105-1234", ("CA",)),
        ("941051234", ("CA",)),
        ("06390", ("NY",)),
        ("83414", ("WY",)),
        ("96799", ("AS",)),
        ("96813", ("HI",)),
        ("96910", ("GU", "MP")),
        ("88510", ("TX",)),
        ("K1A 0B1", ("ON",)),
        ("k1a0b1", ("ON",)),
        ("V6B", ("BC",)),
        ("X0A 0H0", ("NT", "NU")),
        ("96960", ()),
        ("09012", ()),
        ("96201", ()),
        ("00000", ()),
        ("12", ()),
        ("D1A 0B1", ()),
        ("SW1A 1AA", ()),
        ("", ()),
    ],
)
def test_a_postal_code_leads_to_its_state(postal: str, places: tuple[str, ...]) -> None:
    """ZIP, ZIP+4, with lost zeros, and Canadian codes; what lies abroad leads nowhere."""
    assert posted(postal) == places


def clock(zone: str) -> tuple[object, ...]:
    """What a zone's clock shows in winter and in summer of 2027: zones that agree are one for a sending window."""
    return tuple(each.astimezone(load_zone(zone)).utcoffset() for each in SEASONS)


def test_every_split_the_zone_database_knows_is_in_the_table() -> None:
    """Each US or Canadian zone of `zone.tab` whose comment names states is among the zones of each of them."""
    missing = []
    for line in (Path(TZPATH[0]) / "zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith(("US", "CA")):
            continue
        country, _, zone, *comment = line.split("\t")
        words = set((comment or [""])[0].replace("(", " ").replace(",", " ").replace("&", " ").split())
        home = CANADA if country == "CA" else CONTIGUOUS
        missing += [
            (zone, code) for code in words & home if clock(zone) not in {clock(known) for known in PLACES[code].zones}
        ]

    assert missing == []


def test_every_zip_prefix_is_in_use_once() -> None:
    """Every state has ZIP codes, and only Guam shares its prefix with the Northern Marianas."""
    reached = [posted(f"{prefix:03d}00") for prefix in range(5, 1000)]

    assert {place for places in reached for place in places} | {"AS"} == set(PLACES) - CANADA
    assert {places for places in reached if len(places) > 1} == {("GU", "MP")}
