"""States, provinces and territories: their names, the time zones in use there, and the postal codes that lead there.

A place that crosses a zone boundary has every zone: an address of it does not say on which side it is. Zones are named
by one zone that keeps the same time today. Sources: 49 CFR 71 and the comments of tz's `zone.tab` (2026f) for zones,
held against it by a test; USPS Domestic Mail Manual, Labeling List L002 (ZIP prefixes); Canada Post, "Addressing
guidelines" (first letters).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

# code | name | zones (below America/ unless a region is written)
_PLACES = """
AK | Alaska | Adak Anchorage
AL | Alabama | Chicago
AR | Arkansas | Chicago
AS | American Samoa | Pacific/Pago_Pago
AZ | Arizona | Denver Phoenix
CA | California | Los_Angeles
CO | Colorado | Denver
CT | Connecticut | New_York
DC | District of Columbia | New_York
DE | Delaware | New_York
FL | Florida | Chicago New_York
GA | Georgia | New_York
GU | Guam | Pacific/Guam
HI | Hawaii | Pacific/Honolulu
IA | Iowa | Chicago
ID | Idaho | Denver Los_Angeles
IL | Illinois | Chicago
IN | Indiana | Chicago New_York
KS | Kansas | Chicago Denver
KY | Kentucky | Chicago New_York
LA | Louisiana | Chicago
MA | Massachusetts | New_York
MD | Maryland | New_York
ME | Maine | New_York
MI | Michigan | Chicago New_York
MN | Minnesota | Chicago
MO | Missouri | Chicago
MP | Northern Mariana Islands | Pacific/Guam
MS | Mississippi | Chicago
MT | Montana | Denver
NC | North Carolina | New_York
ND | North Dakota | Chicago Denver
NE | Nebraska | Chicago Denver
NH | New Hampshire | New_York
NJ | New Jersey | New_York
NM | New Mexico | Denver
NV | Nevada | Denver Los_Angeles
NY | New York | New_York
OH | Ohio | New_York
OK | Oklahoma | Chicago
OR | Oregon | Denver Los_Angeles
PA | Pennsylvania | New_York
PR | Puerto Rico | Puerto_Rico
RI | Rhode Island | New_York
SC | South Carolina | New_York
SD | South Dakota | Chicago Denver
TN | Tennessee | Chicago New_York
TX | Texas | Chicago Denver
UT | Utah | Denver
VA | Virginia | New_York
VI | Virgin Islands | Puerto_Rico
VT | Vermont | New_York
WA | Washington | Los_Angeles
WI | Wisconsin | Chicago
WV | West Virginia | New_York
WY | Wyoming | Denver
AB | Alberta | Edmonton
BC | British Columbia | Edmonton Phoenix Vancouver
MB | Manitoba | Winnipeg
NB | New Brunswick | Halifax
NL | Newfoundland and Labrador | Halifax St_Johns
NS | Nova Scotia | Halifax
NT | Northwest Territories | Edmonton
NU | Nunavut | Chicago Denver New_York Panama
ON | Ontario | New_York Panama Winnipeg
PE | Prince Edward Island | Halifax
QC | Quebec | Halifax New_York Puerto_Rico
SK | Saskatchewan | Edmonton Regina
YT | Yukon | Phoenix
"""

# how else people and the numbering plan write them
_OTHER_NAMES = """
CNMI | MP
DISTRICT OF COLUMBIA | DC
WASHINGTON DC | DC
US VIRGIN ISLANDS | VI
NEWFOUNDLAND | NL
NOVA SCOTIA PRINCE EDWARD ISLAND | NS PE
NORTHWEST TERRITORIES YUKON NUNAVUT | NT NU YT
PQ | QC
"""

# place | prefixes of its ZIP codes, as ranges; a longer prefix counts before a shorter one
_ZIP_CODES = """
AK | 995-999
AL | 350-369
AR | 716-729
AS | 96799
AZ | 850-865
CA | 900-961
CO | 800-816
CT | 060-069
DC | 200 202-205 569
DE | 197-199
FL | 320-339 341-349
GA | 300-319 398-399
GU | 969
HI | 967-968
IA | 500-528
ID | 832-838
IL | 600-629
IN | 460-479
KS | 660-679
KY | 400-427
LA | 700-714
MA | 010-027 055
MD | 206-219
ME | 039-049
MI | 480-499
MN | 550-567
MO | 630-658
MP | 969
MS | 386-397
MT | 590-599
NC | 270-289
ND | 580-588
NE | 680-693
NH | 030-038
NJ | 070-089
NM | 870-884
NV | 889-898
NY | 005 100-149 06390
OH | 430-459
OK | 730-732 734-749
OR | 970-979
PA | 150-196
PR | 006-007 009
RI | 028-029
SC | 290-299
SD | 570-577
TN | 370-385
TX | 733 750-799 885
UT | 840-847
VA | 201 220-246
VI | 008
VT | 050-054 056-059
WA | 980-994
WI | 530-549
WV | 247-268
WY | 820-831 83414
ABROAD | 9694 9696 9697
"""

# first letters of Canadian postal codes
_LETTERS = {
    "A": "NL",
    "B": "NS",
    "C": "PE",
    "E": "NB",
    "G": "QC",
    "H": "QC",
    "J": "QC",
    "K": "ON",
    "L": "ON",
    "M": "ON",
    "N": "ON",
    "P": "ON",
    "R": "MB",
    "S": "SK",
    "T": "AB",
    "V": "BC",
    "X": "NT NU",
    "Y": "YT",
}

_ZIP = re.compile(r"([0-9]{3,5})(?:[- ]?[0-9]{4})?")
_CANADIAN = re.compile(r"([A-Z])[0-9][A-Z](?:[ -]?[0-9][A-Z][0-9])?")
_NOT_A_WORD = re.compile(r"[^A-Z]+")


class Place(NamedTuple):
    """A state, province or territory: what people call it, and every IANA zone in use there."""

    name: str
    zones: tuple[str, ...]


def _read_places(text: str) -> dict[str, Place]:
    places = {}
    for line in text.strip().splitlines():
        code, name, zones = line.split(" | ")
        places[code] = Place(name, tuple(zone if "/" in zone else f"America/{zone}" for zone in zones.split()))
    return places


def _read_zip_codes(text: str) -> dict[str, tuple[str, ...]]:
    reached: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        place, ranges = line.split(" | ")
        for span in ranges.split():
            first, _, last = span.partition("-")
            for prefix in range(int(first), int(last or first) + 1):
                key = f"{prefix:0{len(first)}d}"
                reached[key] = (*reached.get(key, ()), place)
    return reached


def _plain(text: str) -> str:
    return _NOT_A_WORD.sub(" ", text.upper()).strip()


PLACES = _read_places(_PLACES)
"""By the two letters of the post: states, the District, territories, and Canada's provinces and territories."""
_NAMES = {
    **{code: (code,) for code in PLACES},
    **{_plain(place.name): (code,) for code, place in PLACES.items()},
    **{name: tuple(codes.split()) for name, codes in (line.split(" | ") for line in _OTHER_NAMES.strip().splitlines())},
}
_ZIP_PREFIXES = _read_zip_codes(_ZIP_CODES)

_ARMED_FORCES = frozenset({"AA", "AE", "AP"})
CANADA = frozenset({"AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"})
CONTIGUOUS = frozenset(PLACES) - CANADA - {"AK", "AS", "GU", "HI", "MP", "PR", "VI"}
"""The 48 states and the District of Columbia."""


def named(text: str) -> tuple[str, ...]:
    """The places of that name or two letters, any case: "Texas" gives TX. Empty for what is none."""
    return _NAMES.get(_plain(text), ())


def posted(postal_code: str) -> tuple[str, ...]:
    """The places that a ZIP (also ZIP+4, or without its leading zeros) or Canadian postal code may lie in.

    Empty for what is none, and for those that lie abroad: military mail, the Freely Associated States.
    """
    code = postal_code.strip().upper()
    if canadian := _CANADIAN.fullmatch(code):
        return tuple(_LETTERS.get(canadian[1], "").split())
    found = _ZIP.fullmatch(code)
    if found is None:
        return ()
    digits = found[1].zfill(5)
    reached = next((_ZIP_PREFIXES[digits[:length]] for length in (5, 4, 3) if digits[:length] in _ZIP_PREFIXES), ())
    return tuple(place for place in reached if place in PLACES)


def is_place(text: str) -> bool:
    """Whether it names a state or province, or is one of the post's two letters for the armed forces abroad."""
    return bool(named(text)) or _plain(text) in _ARMED_FORCES


def is_postal_code(text: str) -> bool:
    """Whether it is written as a ZIP or a Canadian postal code, wherever that leads."""
    code = text.strip().upper()
    return bool(_CANADIAN.fullmatch(code) or _ZIP.fullmatch(code))


def zones_of(codes: Iterable[str]) -> tuple[str, ...]:
    """Every zone in use in any of the places, sorted."""
    return tuple(sorted({zone for code in codes for zone in PLACES[code].zones}))
