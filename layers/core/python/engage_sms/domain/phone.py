"""Phone numbers of the United States and Canada: the spellings people use, E.164, and where a number belongs.

The rule is the North American Numbering Plan's, NXX-NXX-XXXX with N from 2 to 9: an area code in service, and an
exchange that is not a service code (N11). Source: NANPA, "About the North American Numbering Plan".
"""

from __future__ import annotations

import re
import unicodedata

from engage_sms.domain.area_codes import AREAS, CORNERS, OTHER_COUNTRIES, OVERLAYS, TOLL_FREE

_SPELLING = re.compile(r"\+?[0-9 ().\-/]*")
_NOT_DIGITS = re.compile(r"[^0-9]")


def parse(text: str) -> str:
    """The number in E.164, from any common spelling: "(415) 555-0100", "415-555-0100", "+1 415 555 0100", "1415…".

    Numbers of 555-01XX (kept for fiction) pass. Raises ValueError with a sentence that says what to do.
    """
    spelled = _plain(text)
    if not spelled:
        raise ValueError("Enter a phone number with area code, such as (415) 555-0100.")
    if not _SPELLING.fullmatch(spelled):
        raise ValueError("Write the phone number with digits only, without an extension or words.")
    digits = _NOT_DIGITS.sub("", spelled)
    if spelled.startswith("+") and not digits.startswith("1"):
        raise ValueError("Enter a US or Canadian number: after + the country code has to be 1.")
    ten = digits.removeprefix("1")  # no area code starts with 1
    if len(ten) != 10:
        raise ValueError(
            f"The phone number is too {'short' if len(ten) < 10 else 'long'}: enter ten digits, area code first."
        )
    _check_area(ten[:3])
    _check_exchange(ten[3:6])
    return f"+1{ten}"


def area_code(e164: str) -> str:
    """The three digits after +1. `e164` has to be a number that `parse` gave."""
    return e164[2:5]


def location(e164: str) -> str:
    """The state ("CA") or province ("ONTARIO") of the area code; people take numbers with them when they move."""
    return AREAS[area_code(e164)].location


def zones(e164: str) -> tuple[str, ...]:
    """Every IANA zone the area code reaches into, sorted. Raises KeyError for a number that `parse` refuses."""
    code = area_code(e164)
    return tuple(sorted({*AREAS[code].zones, *CORNERS.get(code, ())}))


def overlays(code: str) -> tuple[str, ...]:
    """Other area codes that serve the same area, ascending: 212 gives 332, 646, 917.

    From a table of the well-known overlay complexes (`area_codes`), which may lack the newest; empty when it has none.
    """
    return OVERLAYS.get(code, ())


def check_area_code(code: str) -> str:
    """The code itself, when numbers can be had in it. Raises ValueError with a sentence otherwise."""
    if not re.fullmatch(r"[0-9]{3}", code):
        raise ValueError("An area code has three digits, such as 415.")
    _check_area(code)
    return code


def _plain(text: str) -> str:
    """Without invisible marks (copied contacts bring them along), every dash a hyphen and every blank a space."""
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Pd" or character == "\u2212":
            kept.append("-")
        elif category == "Zs" or character in "\t\r\n":
            kept.append(" ")
        elif category != "Cf":
            kept.append(character)
    return "".join(kept).strip()


def _check_area(code: str) -> None:
    if code in AREAS:
        return
    if code in TOLL_FREE:
        raise ValueError(f"{code} is toll-free and cannot be used here: a local area code is needed.")
    if code == "900":
        raise ValueError("900 is premium-rate and cannot be used here: a local area code is needed.")
    if code in OTHER_COUNTRIES:
        raise ValueError(f"Area code {code} is outside the US and Canada: one of the two countries is needed.")
    raise ValueError(f"{code} is not an area code in service in the US or Canada: check its three digits.")


def _check_exchange(exchange: str) -> None:
    if exchange[0] in "01" or exchange[1:] == "11":
        raise ValueError(f"No phone number continues with {exchange} after the area code: check the middle digits.")
