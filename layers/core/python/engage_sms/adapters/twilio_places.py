"""Where a number belongs in Twilio's words: ISO country and two-letter region, from the numbering plan's location."""

from __future__ import annotations

_OWN_COUNTRY = {"PR": "PR", "VI": "VI", "GU": "GU", "AS": "AS", "CNMI": "MP"}
"""Territories that Twilio lists as countries of their own."""
_PROVINCES = {
    "ALBERTA": "AB",
    "BRITISH COLUMBIA": "BC",
    "MANITOBA": "MB",
    "NEW BRUNSWICK": "NB",
    "NEWFOUNDLAND AND LABRADOR": "NL",
    "NORTHWEST TERRITORIES -YUKON - NUNAVUT": "NT",
    "NOVA SCOTIA - PRINCE EDWARD ISLAND": "NS",
    "ONTARIO": "ON",
    "QUEBEC": "QC",
    "SASKATCHEWAN": "SK",
}


def place(location: str) -> tuple[str, str]:
    """Country and region of a location as `phone.location` gives it ("CA", "ONTARIO") or as Twilio does ("ON").

    >>> place("ONTARIO"), place("CA"), place("PR")
    (('CA', 'ON'), ('US', 'CA'), ('PR', 'PR'))
    """
    if location in _OWN_COUNTRY:
        return _OWN_COUNTRY[location], _OWN_COUNTRY[location]
    region = _PROVINCES.get(location, location)
    return ("CA" if region in _PROVINCES.values() else "US"), region
