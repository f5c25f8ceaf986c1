"""Keywords decide only as a whole message; a free-text revocation is noticed, small talk is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.keywords import Keyword, classify

STOP_WORDS = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT")
WORDS = {
    **dict.fromkeys(STOP_WORDS, Keyword.STOP),
    **dict.fromkeys(("YES", "START", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}
AROUND = st.text(" \t\n.,;:!?'\"()-_*“”’…\u00a0", max_size=4)


@st.composite
def in_any_case(draw: st.DrawFn) -> tuple[str, Keyword]:
    word = draw(st.sampled_from(sorted(WORDS)))
    cased = "".join(draw(st.sampled_from((letter.lower(), letter.upper()))) for letter in word)
    return draw(AROUND) + cased + draw(AROUND), WORDS[word]


@given(in_any_case())
def test_case_and_surroundings_do_not_matter(spelled: tuple[str, Keyword]) -> None:
    """Every keyword is known in any case, with any blanks and punctuation around it."""
    text, keyword = spelled

    assert classify(text) is keyword


@pytest.mark.parametrize("text", ["opt   out", "Opt\nout", "opt – out", "OPT‑OUT", "ｓｔｏｐ", "STOP 🛑"])
def test_unusual_spellings_of_stop_are_stop(text: str) -> None:
    """Inner blanks, other dashes, full-width letters and an emoji do not hide a STOP."""
    assert classify(text) is Keyword.STOP


@given(st.sampled_from(sorted(WORDS)), st.sampled_from(["the", "by", "tomorrow", "ok"]))
def test_a_keyword_inside_a_sentence_is_no_keyword(word: str, other: str) -> None:
    """Only a whole message counts: "YES tomorrow" neither opts in nor out."""
    assert classify(f"{word} {other}") in {Keyword.NONE, Keyword.REVOCATION}
    assert classify(f"{other} {word}") in {Keyword.NONE, Keyword.REVOCATION}


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    """No text, however strange, breaks the classification."""
    assert classify(text) in Keyword


@pytest.mark.parametrize(
    "text",
    [
        "please stop texting me",
        "Please stop.",
        "stop please",
        "STOP IT",
        "can you stop texting me?",
        "How do I stop these messages?",
        "stop sending me messages",
        "quit contacting me",
        "don't text me again",
        "Don’t ever message me again!",
        "Never contact me again",
        "Do not text this number.",
        "no more texts",
        "Please, no more messages",
        "I don't want your texts",
        "i no longer want to receive messages from you",
        "I do not wish to be contacted",
        "remove me from your list",
        "Take me off this list now",
        "delete my number from your database",
        "Lose my number",
        "leave me alone",
        "please unsubscribe me",
        "I want to opt out",
        "opt me out of these texts",
        "I revoke my consent",
        "I'm withdrawing permission",
    ],
)
def test_free_text_that_revokes_is_noticed(text: str) -> None:
    """A reasonable person reads each of these as "no more texts" (47 CFR 64.1200(a)(10))."""
    assert classify(text) is Keyword.REVOCATION


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "🙂",
        "I can't stop by today",
        "stop by at 5",
        "Can you stop at the bank?",
        "when does it end",
        "The end of the month works",
        "cancel my appointment please",
        "I quit my job last week",
        "why did you stop texting me?",
        "don't stop texting me :)",
        "I don't want to miss your texts",
        "I got no more messages from you",
        "don't text me until monday",
        "do not text me at work",
        "Can I opt out of escrow?",
        "remove me from the loan",
        "yes please",
        "yes, tomorrow at 9",
        "I need help",
        "wrong number",
        "more info please",
        "Never mind, contact me tomorrow",
    ],
)
def test_small_talk_is_left_alone(text: str) -> None:
    """Words like stop, end, cancel and opt out mean other things in a conversation."""
    assert classify(text) is Keyword.NONE
