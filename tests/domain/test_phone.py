"""Phone numbers are read in any common spelling, and only real US and Canadian ones are taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain import phone
from engage_sms.domain.area_codes import AREAS, OVERLAYS

NUMBERS = st.builds(
    lambda area, first, rest: f"{area}{first}{rest:06d}",
    st.sampled_from(sorted(AREAS)),
    st.sampled_from("23456789"),
    st.integers(0, 999_999),
).filter(lambda digits: digits[4:6] != "11")
SPELLINGS = (
    "{0}{1}{2}",
    "({0}) {1}-{2}",
    "{0}-{1}-{2}",
    "{0}.{1}.{2}",
    "{0} {1} {2}",
    "1{0}{1}{2}",
    "1-{0}-{1}-{2}",
    "+1{0}{1}{2}",
    "+1 ({0}) {1}-{2}",
    " +1 {0} {1} {2}\n",
    "{0}\u00a0{1}\u2011{2}",
    "\u202d{0}\u2013{1}\u2212{2}\u202c",
)


@given(NUMBERS, st.sampled_from(SPELLINGS))
def test_every_common_spelling_gives_the_same_number(digits: str, spelling: str) -> None:
    """However people write it, one number has one E.164 form."""
    spelled = spelling.format(digits[:3], digits[3:6], digits[6:])

    assert phone.parse(spelled) == f"+1{digits}"


@given(NUMBERS)
def test_what_was_parsed_parses_to_itself(digits: str) -> None:
    """E.164 in, the same E.164 out, with its area code, location and zones."""
    number = phone.parse(digits)

    assert phone.parse(number) == number
    assert phone.area_code(number) == digits[:3]
    assert phone.location(number) == AREAS[digits[:3]].location
    assert phone.zones(number)


@given(st.text(max_size=24))
def test_any_text_is_a_number_or_a_sentence(text: str) -> None:
    """Whatever is typed, the answer is an E.164 number or a sentence that ends with a full stop."""
    try:
        number = phone.parse(text)
    except ValueError as refusal:
        sentence = str(refusal)

        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
    else:
        assert number.startswith("+1")
        assert len(number) == 12
        assert number[2:5] in AREAS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Enter a phone number with area code"),
        ("555-0100", "too short"),
        ("415 555 010", "too short"),
        ("1 415 555 010", "too short"),
        ("415 555 01000", "too long"),
        ("+1 415 555 01000", "too long"),
        ("+44 20 7946 0958", "the country code has to be 1"),
        ("+4155550100", "the country code has to be 1"),
        ("415-555-0100 x12", "digits only"),
        ("415-555-HOME", "digits only"),
        ("٤١٥٥٥٥٠١٠٠", "digits only"),
        ("800-555-0100", "toll-free"),
        ("888-555-0100", "toll-free"),
        ("900-555-0100", "premium-rate"),
        ("242-555-0100", "outside the US and Canada"),
        ("999-555-0100", "not an area code in service"),
        ("500-555-0100", "not an area code in service"),
        ("055-555-0100", "not an area code in service"),
        ("415-911-0100", "No phone number continues with 911"),
        ("415-155-0100", "No phone number continues with 155"),
    ],
)
def test_a_wrong_number_is_told_what_to_do(text: str, says: str) -> None:
    """Each kind of wrong number is refused with a sentence of its own."""
    with pytest.raises(ValueError) as refusal:
        phone.parse(text)

    assert says in str(refusal.value)


def test_fictional_numbers_are_taken() -> None:
    """555-01XX, kept for fiction, serves demonstrations."""
    assert phone.parse("(415) 555-0100") == "+14155550100"


@pytest.mark.parametrize("code", ["357", "436", "457", "621", "624", "679", "729", "837", "861", "924"])
def test_new_area_codes_are_known(code: str) -> None:
    """Codes in service that common phone libraries do not know yet are accepted."""
    assert phone.zones(phone.parse(f"{code}-555-0100"))


def test_the_table_is_the_numbering_plan(vectors: Callable[[str], Any]) -> None:
    """Our own table has exactly the codes, locations and zones of the numbering-plan report."""
    plan = vectors("area_codes.json")["area_codes"]
    ours = {code: {"location": area.location, "zones": list(area.zones)} for code, area in AREAS.items()}

    assert ours == plan


def test_split_codes_have_every_zone() -> None:
    """A code that crosses a zone boundary names each zone, since the number does not say on which side it is."""
    assert phone.zones("+14235550100") == ("America/Chicago", "America/New_York")
    assert phone.zones("+19075550100") == ("America/Adak", "America/Anchorage")
    assert phone.zones("+14075550100") == ("America/New_York",)


def test_overlays_serve_the_same_state() -> None:
    """Overlay codes are in service, in one state, and name each other both ways."""
    for code, others in OVERLAYS.items():
        assert code not in others
        assert {AREAS[other].location for other in others} == {AREAS[code].location}
        assert all(code in OVERLAYS[other] for other in others)


def test_overlays_of_well_known_cities() -> None:
    """Manhattan, San Francisco and Chicago; none for a code that serves its area alone."""
    assert phone.overlays("212") == ("332", "646", "917")
    assert phone.overlays("415") == ("628",)
    assert phone.overlays("312") == ("773", "872")
    assert phone.overlays("307") == ()


def test_an_area_code_is_checked_by_itself() -> None:
    """A code in service passes; anything else is refused with a sentence."""
    assert phone.check_area_code("415") == "415"

    for wrong in ("41", "4155", "abc", "800", "999", ""):
        with pytest.raises(ValueError, match=r"\.$"):
            phone.check_area_code(wrong)
