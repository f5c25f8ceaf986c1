"""How many segments a text costs: GSM-7 or UCS-2, counted the way Twilio bills (`NumSegments`).

Sources: 3GPP TS 23.038 (the GSM 7-bit default alphabet and its extension table), TS 23.040 (concatenation), and
twilio.com/docs/glossary/what-sms-character-limit. One segment carries 160 septets or 70 UTF-16 units; parts of a longer
text lose some to a header and carry 153 or 67. An extension character or a surrogate pair is never split over parts.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

GSM_7: Literal["GSM-7"] = "GSM-7"
UCS_2: Literal["UCS-2"] = "UCS-2"
MAX_CHARACTERS = 1600
"""Twilio refuses longer bodies (error 21617)."""

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = "\f^{}\\[~]|€"
_ESCAPE = "\x1b"
_IS_BASIC = re.compile(f"[{re.escape(_BASIC)}]*").fullmatch
_IS_GSM = re.compile(f"[{re.escape(_BASIC + _EXTENSION)}]*").fullmatch
_EXTENDED = re.compile(f"[{re.escape(_EXTENSION)}]")
_COSTLY = re.compile(f"[^{re.escape(_BASIC + _EXTENSION)}]")

_PAIRS = "… ..., ‹ <, › >, ⁄ /, ∕ /, × x, ¦ |, ∗ *, ‼ !!, ⁇ ??, ¼ 1/4, ½ 1/2, ¾ 3/4, ™ (TM), ® (R), © (C)"
# look-alikes that fit GSM-7; letters with accents have none, since leaving the accent out changes the word
_REPLACEMENTS = {
    **dict.fromkeys("`´‘’‚‛ʹʻʼˈ′‵❛❜ˋˊ", "'"),
    **dict.fromkeys("“”„‟«»″‶❝❞〝〞", '"'),
    **dict.fromkeys("‐‑‒–—―−•‣⁃·", "-"),
    **dict.fromkeys(
        "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
    ),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e", ""),
    **dict.fromkeys("\u2028\u2029\u0085\u000b", "\n"),
    **dict(pair.split(" ") for pair in _PAIRS.split(", ")),
    **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code != 0xFF40},
}


class CostlyCharacter(NamedTuple):
    """A character that alone forces UCS-2. `position` counts characters from 0; `replacement` fits GSM-7, or None."""

    character: str
    position: int
    replacement: str | None


class Measure(NamedTuple):
    """What a body costs. `characters` are Unicode code points; `units` are what is counted against a segment's size:
    septets in GSM-7 (an extension character takes two), UTF-16 units in UCS-2 (an emoji takes two or more).
    """

    encoding: Literal["GSM-7", "UCS-2"]
    characters: int
    units: int
    segments: int
    costly_characters: tuple[CostlyCharacter, ...] = ()
    segments_if_replaced: int = 0
    """Segments once every costly character that has a replacement is replaced; otherwise `segments`."""


def measure(body: str) -> Measure:
    """The encoding and segments of the body, and which characters make it dear. An empty body has 0 segments."""
    if _IS_BASIC(body):
        size = len(body)
        segments = 1 if 0 < size <= 160 else -(-size // 153)
        return Measure(GSM_7, size, size, segments, (), segments)
    if _IS_GSM(body):
        units, segments = _septets(body)
        return Measure(GSM_7, len(body), units, segments, (), segments)
    units, segments = _utf16(body)
    costly = tuple(
        CostlyCharacter(found[0], found.start(), _REPLACEMENTS.get(found[0])) for found in _COSTLY.finditer(body)
    )
    replaced = _COSTLY.sub(lambda found: _REPLACEMENTS.get(found[0], found[0]), body)
    after = _septets(replaced) if _IS_GSM(replaced) else _utf16(replaced)
    return Measure(UCS_2, len(body), units, segments, costly, min(segments, after[1]))


def _septets(body: str) -> tuple[int, int]:
    """Units and segments of a body that fits GSM-7."""
    septets = _EXTENDED.sub(_ESCAPE + "x", body)
    units = len(septets)
    if units <= 160:
        return units, min(units, 1)
    segments = start = 0
    while start < units:
        end = start + 153
        if septets[end - 1 : end] == _ESCAPE and end < units:
            end -= 1
        start, segments = end, segments + 1
    return units, segments


def _utf16(body: str) -> tuple[int, int]:
    """Units and segments of a body in UCS-2."""
    encoded = body.encode("utf-16-be", "surrogatepass")
    units = len(encoded) // 2
    if units <= 70:
        return units, min(units, 1)
    segments = start = 0
    while start < units:
        end = start + 67
        if end < units and 0xDC <= encoded[2 * end] <= 0xDF:
            end -= 1
        start, segments = end, segments + 1
    return units, segments
