"""Merge fields are filled in neatly, and what the law asks of a text cannot be edited away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.texts import (
    DEFAULT_CONFIRMATION,
    DEFAULT_HELP,
    DEFAULT_REQUEST,
    TextKind,
    check_edit,
    fields,
    render,
)

VALUES = {
    "contact.first_name": "Ann",
    "contact.last_name": "Lee",
    "user.name": "Bob Ray",
    "user.license": "NMLS 123",
    "organization.name": "Acme Home Loans",
}
DEFAULTS = {
    TextKind.OPT_IN_REQUEST: DEFAULT_REQUEST,
    TextKind.OPT_IN_CONFIRMATION: DEFAULT_CONFIRMATION,
    TextKind.HELP: DEFAULT_HELP,
}


def test_the_request_reads_as_designed() -> None:
    """Contact, sender, license and organization stand in their places."""
    assert render(DEFAULT_REQUEST, VALUES) == (
        "Ann, this is Bob Ray NMLS 123 from Acme Home Loans, I'll text you from this number regarding any financing "
        'needs. Reply "YES" to opt-in. Msg & data rates may apply.'
    )


def test_without_a_license_no_double_blank_is_left() -> None:
    """An empty value takes the blank before it along."""
    assert render(DEFAULT_CONFIRMATION, VALUES | {"user.license": ""}) == (
        "You're all set to receive text messages from Bob Ray from Acme Home Loans. "
        'Reply "HELP" for help. To unsubscribe, reply "STOP". Msg frequency will vary by need.'
    )


def test_without_a_first_name_the_text_starts_with_a_word() -> None:
    """No comma is left over at the start."""
    assert render("{contact.first_name}, hello", VALUES | {"contact.first_name": ""}) == "hello"


@given(st.dictionaries(st.sampled_from(sorted(VALUES)), st.text(max_size=20)))
def test_values_are_taken_literally(changed: dict[str, str]) -> None:
    """A value with braces, backslashes or field names in it goes out as it is."""
    values = VALUES | changed
    rendered = render("Hi {user.name} of {organization.name}.", values)

    assert values["user.name"] in rendered
    assert values["organization.name"] in rendered


@given(st.text(max_size=60).filter(lambda text: "{" not in text))
def test_text_without_fields_is_untouched(text: str) -> None:
    """Nothing but fields is changed."""
    assert render(text, {}) == text


def test_every_field_without_a_value_is_named() -> None:
    """One error names all of them."""
    with pytest.raises(ValueError, match=r"\{loan\.rate\}, \{x\}"):
        render("{user.name}: {loan.rate} {x}", VALUES)


def test_fields_are_listed_once_in_order() -> None:
    """Blanks inside the braces do not matter; other braces are plain text."""
    assert fields("{user.name} { organization.name } {user.name} {} {a b} {1}") == ("user.name", "organization.name")


@pytest.mark.parametrize("kind", list(TextKind))
def test_the_defaults_pass_their_own_rule(kind: TextKind) -> None:
    """What we ship is what we ask for."""
    assert check_edit(kind, DEFAULTS[kind]) == []


@pytest.mark.parametrize(
    ("kind", "dropped", "says"),
    [
        (TextKind.OPT_IN_REQUEST, "{user.name}", "the sender's name"),
        (TextKind.OPT_IN_REQUEST, "YES", "the opt-in word"),
        (TextKind.OPT_IN_REQUEST, "Msg & data rates may apply", "the rates notice"),
        (TextKind.OPT_IN_CONFIRMATION, "HELP", "the word HELP"),
        (TextKind.OPT_IN_CONFIRMATION, "STOP", "the word STOP"),
        (TextKind.HELP, "STOP", "the word STOP"),
    ],
)
def test_a_required_part_cannot_be_dropped(kind: TextKind, dropped: str, says: str) -> None:
    """Each missing part is one sentence that names it."""
    problems = check_edit(kind, DEFAULTS[kind].replace(dropped, ""))

    assert len(problems) == 1
    assert says in problems[0]


def test_other_words_for_the_same_parts_are_fine() -> None:
    """An organization may say it its own way."""
    assert check_edit("opt_in_request", "{ user.name } here. Reply YES. Message and data rates may apply.") == []


def test_everything_wrong_is_said_at_once() -> None:
    """Dropped parts, unknown fields and excess length are all reported."""
    problems = check_edit(TextKind.OPT_IN_REQUEST, "{user.nam} " + "a" * 1000)

    assert len(problems) == 5
    assert any("{user.nam}" in problem for problem in problems)
