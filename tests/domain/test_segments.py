"""Segments are counted the way Twilio bills them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.segments import CostlyCharacter, measure

PLAIN = "".join(map(chr, range(32, 127))).translate(dict.fromkeys(map(ord, "`^{}\\[~]|")))
EXTENSION = "^{}\\[~]|€\f"
GSM = st.text(PLAIN + EXTENSION, max_size=500)
ANY = st.text(st.sampled_from("aZ ?€’…é☕🙂🇺🇸👩‍\n"), max_size=300)


def test_every_vector_is_right(vectors: Callable[[str], Any]) -> None:
    """Encoding, units, segments and the gain of replacing agree with four counters, the disputed bodies aside."""
    cases = [case for case in vectors("sms_segments.json")["vectors"] if not case.get("disputed")]
    wrong = []
    for case in cases:
        found = measure(case["body"])
        expected = (case["expected_encoding"], case["expected_segments"], case["units"], case["code_points"])
        if (found.encoding, found.segments, found.units, found.characters) != expected:
            wrong.append(case["name"])

    assert len(cases) >= 60
    assert wrong == []


def test_replacing_gains_what_smart_encoding_gains(vectors: Callable[[str], Any]) -> None:
    """Our replacements save as many segments as Twilio's Smart Encoding does."""
    cases = [case for case in vectors("sms_segments.json")["vectors"] if not case.get("disputed")]
    wrong = [
        case["name"]
        for case in cases
        if measure(case["body"]).segments_if_replaced != case["smart_encoding"]["segments"]
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("body", "encoding", "segments"),
    [
        ("", "GSM-7", 0),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 2),
        ("ç", "UCS-2", 1),
        ("世" * 70, "UCS-2", 1),
        ("世" * 71, "UCS-2", 2),
        ("🙂" * 35, "UCS-2", 1),
        ("🙂" * 67, "UCS-2", 3),
        ("\ud83d", "UCS-2", 1),
    ],
)
def test_the_edges_of_a_segment(body: str, encoding: str, segments: int) -> None:
    """160 or 153 septets, 70 or 67 units; an escape or a surrogate pair is never split."""
    found = measure(body)

    assert (found.encoding, found.segments) == (encoding, segments)


@given(GSM)
def test_gsm_text_costs_nothing_extra(body: str) -> None:
    """Text of the GSM alphabet has no costly characters; each extension character counts twice."""
    found = measure(body)

    assert found.encoding == "GSM-7"
    assert found.units == len(body) + sum(body.count(each) for each in EXTENSION)
    assert found.costly_characters == ()
    assert found.segments_if_replaced == found.segments


@given(ANY)
def test_a_measure_is_consistent(body: str) -> None:
    """Units fit the segments, one segment fewer would not do, and replacing never costs more."""
    found = measure(body)
    single, part = (160, 153) if found.encoding == "GSM-7" else (70, 67)

    assert found.characters == len(body)
    assert found.units <= (single if found.segments == 1 else part * found.segments)
    assert found.segments >= -(-found.units // part) or found.units <= single
    assert found.segments_if_replaced <= found.segments
    assert all(body[costly.position] == costly.character for costly in found.costly_characters)
    assert bool(found.costly_characters) == (found.encoding == "UCS-2")


@given(ANY, ANY)
def test_more_text_never_costs_less_in_the_same_encoding(body: str, more: str) -> None:
    """Adding to a text cannot save a segment."""
    assert measure(body + more).segments >= measure(body).segments


def test_a_costly_character_is_pointed_out() -> None:
    """The preview names the character, where it is, and what to write instead."""
    found = measure("a" * 150 + "’" + "a" * 9)

    assert (found.encoding, found.segments, found.segments_if_replaced) == ("UCS-2", 3, 1)
    assert found.costly_characters == (CostlyCharacter("’", 150, "'"),)


def test_a_letter_with_an_accent_is_not_replaced() -> None:
    """Leaving out an accent would change the word: it costs, and there is no replacement."""
    assert measure("Teléfono aquí").costly_characters == (CostlyCharacter("í", 12, None),)


@given(ANY)
def test_replacements_fit_the_cheap_alphabet(body: str) -> None:
    """What we suggest never forces UCS-2 itself."""
    replacements = "".join(costly.replacement or "" for costly in measure(body).costly_characters)

    assert measure(replacements).encoding == "GSM-7"
