"""What a text says about consent: the keywords, and free text that reads like a revocation.

A keyword counts only as the whole message; case, surrounding blanks and punctuation are ignored. Sources: 47 CFR
64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel and unsubscribe revoke by themselves; other words do when a
reasonable person would read them so) and Twilio's default keywords (twilio.com/docs, "Twilio support for opt-out
keywords": STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE, OPTOUT; START, YES, UNSTOP; HELP, INFO).
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Keyword(StrEnum):
    """What a whole message asks for. REVOCATION only reads like a STOP; a person has to decide."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    REVOCATION = "revocation"
    NONE = "none"


_WORDS = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT"),
        Keyword.STOP,
    ),
    **dict.fromkeys(("YES", "START", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
_BLANKS = re.compile(r"\s+")
_DASHES = re.compile(r"\s*[-‐-―−]\s*")

_TEXTS = r"(?:texts?|texting|messages?|messaging|msgs?|sms|spam)"
_SENTENCE_ENDS = r"(?=\s*(?:[.!?,;]|$))"
_AGAIN = rf"(?:(?=\s+(?:again|any ?more|ever|please|any longer|at all|period)\b)|{_SENTENCE_ENDS})"

# Each line is one way of saying it. Apostrophes are gone by then: "don't" is "dont".
_REVOCATIONS = re.compile(
    "|".join(
        (
            rf"^(?:please |pls |just )*stop(?: it| this| that| now| please| pls| immediately)+{_SENTENCE_ENDS}",
            rf"^(?:please|pls|just) (?:just )?stop{_SENTENCE_ENDS}",
            r"\b(?:stop|quit|cease) (?:texting|messaging|contacting|spamming|bothering|harassing)\b",
            r"\b(?:stop|quit|cease|end|cancel) (?:sending )?(?:me |us )?(?:(?:all|any|of|the|these|those|your|more) )*"
            rf"{_TEXTS}\b",
            rf"\b(?:dont|do not|never) (?:ever )?(?:text|message|contact|sms) (?:me|us|this (?:number|phone)){_AGAIN}",
            rf"(?:^|[.!?,;] ?|\b(?:please|pls|want|send) )no (?:more|further) {_TEXTS}\b",
            r"\b(?:dont|do not|no longer) (?:want|wish)(?: to| any| more| get| receive| have| these| your| the| be)* "
            rf"(?:{_TEXTS}|texted|messaged|contacted)\b",
            r"\b(?:remove|take|delete) (?:me|my (?:name|number|phone|info)) (?:off|from|out of)(?: of)? "
            r"(?:(?:your|the|this|that|all|any|these|future) )*(?:mailing |contact |call |text )?"
            rf"(?:lists?|database|system|contacts|{_TEXTS})\b",
            rf"\b(?:remove me|delete my (?:number|phone number)|lose my number|leave me alone){_SENTENCE_ENDS}",
            r"\bunsubscribe (?:me|us|from)\b|\b(?:please|pls|to) unsubscribe\b",
            rf"\b(?:opt|opting) (?:me )?out(?: please| now)?{_SENTENCE_ENDS}",
            rf"\b(?:opt|opting) (?:me )?out of (?:(?:all|any|the|these|those|your|receiving|getting) )*{_TEXTS}\b",
            r"\b(?:revoke|withdraw|revoking|withdrawing) (?:my |all )?(?:consent|permission)\b",
        )
    )
)
# "Why did you stop texting me?" and "don't stop texting me" ask for the opposite.
_OPPOSITES = re.compile(
    r"\b(?:dont|do not|didnt|did not|never|wont|will not|cant|cannot|not|(?:did|have|why|when|if) (?:you|they|we|i)) "
    r"(?:ever |just )?(?:stop|quit|cease|end|cancel|unsubscribe)\b"
)


def classify(text: str) -> Keyword:
    """What the whole message asks for; NONE for ordinary conversation."""
    plain = _BLANKS.sub(" ", unicodedata.normalize("NFKC", text)).strip()
    word = _DASHES.sub("-", _AROUND.sub("", plain)).upper()
    if keyword := _WORDS.get(word):
        return keyword
    spoken = re.sub(r"['’`]", "", plain).lower()
    if _REVOCATIONS.search(spoken) and not _OPPOSITES.search(spoken):
        return Keyword.REVOCATION
    return Keyword.NONE
