"""Numbers for sale, by area code: made up from the seed as they are asked for, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice

from engage_sms.adapters.twilio_places import place
from engage_sms.domain import phone as phones
from engage_sms.domain.area_codes import AREAS

USUAL = 250
"""How many numbers an area code has, unless `set` says otherwise."""
NEAREST = 3
"""How many other area codes of the state count as near."""
_LOCALITY = {
    "202": "Washington",
    "206": "Seattle",
    "212": "New York",
    "213": "Los Angeles",
    "214": "Dallas",
    "305": "Miami",
    "312": "Chicago",
    "404": "Atlanta",
    "415": "San Francisco",
    "416": "Toronto",
    "512": "Austin",
    "602": "Phoenix",
    "612": "Minneapolis",
    "617": "Boston",
    "702": "Las Vegas",
    "713": "Houston",
    "720": "Denver",
    "808": "Honolulu",
}


class Stock:
    """What is left in each area code. Sold numbers do not come back (Twilio keeps released ones for a while)."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._capacity: dict[str, int] = {}
        self._sold: set[str] = set()

    def set(self, area_code: str, count: int) -> None:
        """From now on `count` numbers are left in the area code; 0 means none."""
        sold = sum(phones.area_code(number) == area_code for number in self._sold)
        self._capacity[area_code] = sold + count

    def left(self, area_code: str) -> Iterator[str]:
        """The numbers for sale in an area code; none for one that does not exist."""
        if area_code not in AREAS:
            return
        capacity = self._capacity.get(area_code, USUAL)
        for number in islice(self._all(area_code), capacity):
            if number not in self._sold:
                yield number

    def has(self, number: str) -> bool:
        return number in self.left(phones.area_code(number))

    def sell(self, number: str) -> None:
        self._sold.add(number)

    def _all(self, area_code: str) -> Iterator[str]:
        """An endless, fixed sequence: exchanges from 200 up without N11 and 555, which no phone has."""
        drawn = random.Random(f"{self._seed}:{area_code}")  # noqa: S311 - numbers that repeat, not secrets
        seen: set[str] = set()
        while True:
            exchange, line = drawn.randrange(200, 1000), drawn.randrange(10_000)
            number = f"+1{area_code}{exchange}{line:04}"
            if exchange % 100 != 11 and exchange != 555 and number not in seen:
                seen.add(number)
                yield number


def where(number: str) -> tuple[str, str, str | None]:
    """Country, region and locality (where known) of a number."""
    country, region = place(phones.location(number))
    return country, region, _LOCALITY.get(phones.area_code(number))


def area_codes_of(country: str, region: str) -> list[str]:
    """The area codes of a state or province, ascending."""
    return sorted(code for code, area in AREAS.items() if place(area.location) == (country, region))


def near(area_code: str) -> list[str]:
    """The area code itself, its overlays, and a few others of its state: as near as area codes alone can say."""
    if area_code not in AREAS:
        return []
    same_place = [area_code, *phones.overlays(area_code)]
    others = [code for code in area_codes_of(*place(AREAS[area_code].location)) if code not in same_place]
    return same_place + others[:NEAREST]
