"""The texts that go out by themselves, merge fields, and what an organization may not edit away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

DEFAULT_REQUEST = (
    "{contact.first_name}, this is {user.name} {user.license} from {organization.name}, "
    "I'll text you from this number regarding any financing needs. "
    'Reply "YES" to opt-in. Msg & data rates may apply.'
)
DEFAULT_CONFIRMATION = (
    "You're all set to receive text messages from {user.name} {user.license} from {organization.name}. "
    'Reply "HELP" for help. To unsubscribe, reply "STOP". Msg frequency will vary by need.'
)
DEFAULT_HELP = (
    "This is {user.name} {user.license} from {organization.name}. Reply to this number to reach me. "
    'To unsubscribe, reply "STOP". Msg & data rates may apply. Msg frequency will vary by need.'
)
FIELDS = frozenset({"contact.first_name", "contact.last_name", "user.name", "user.license", "organization.name"})
"""Merge fields every text may use; a journey adds its own."""
MAX_TEMPLATE_CHARACTERS = 1000

_FIELD = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}")
_FIELD_AND_BLANK_BEFORE = re.compile(r"( ?)" + _FIELD.pattern)


class TextKind(StrEnum):
    """The texts an organization may edit; the value is the last part of the setting's name."""

    OPT_IN_REQUEST = "opt_in_request"
    OPT_IN_CONFIRMATION = "opt_in_confirmation"
    HELP = "help"


# What CTIA's Messaging Principles (5.1.2) and carriers ask of each text: a pattern that finds it, and its name.
_SENDER = (re.compile(r"\{\s*user\.name\s*\}"), "the sender's name: {user.name}")
_RATES = (
    re.compile(r"\b(?:msg|message)s?\b.{0,20}\brates\b", re.IGNORECASE | re.DOTALL),
    "the rates notice: Msg & data rates may apply.",
)
_YES = (re.compile(r"\bYES\b"), "the opt-in word: YES")
_HELP = (re.compile(r"\bHELP\b"), "the word HELP")
_STOP = (re.compile(r"\bSTOP\b"), "the word STOP")
_REQUIRED = {
    TextKind.OPT_IN_REQUEST: (_SENDER, _YES, _RATES),
    TextKind.OPT_IN_CONFIRMATION: (_HELP, _STOP),
    TextKind.HELP: (_STOP,),
}


def fields(template: str) -> tuple[str, ...]:
    """The merge fields a template names, in order, each once."""
    return tuple(dict.fromkeys(_FIELD.findall(template)))


def render(template: str, values: Mapping[str, str]) -> str:
    """The template with its fields filled in; values are taken literally, braces in them too.

    An empty value takes the blank before it along: without a license, "{user.name} {user.license} from" leaves no
    double blank. Raises ValueError naming every field that has no value.
    """
    unknown = [name for name in fields(template) if name not in values]
    if unknown:
        raise ValueError(f"There is no value for {_listed(unknown)}.")

    def fill(found: re.Match[str]) -> str:
        value = values[found[2]]
        return found[1] + value if value else ""

    rendered = _FIELD_AND_BLANK_BEFORE.sub(fill, template)
    return rendered if rendered[:1] == template[:1] else rendered.lstrip(" ,")


def check_edit(kind: TextKind | str, template: str) -> list[str]:
    """What is wrong with an organization's own version of a text, a sentence each; empty when it may be used."""
    problems = [
        f"Keep {name}" if name.endswith(".") else f"Keep {name}."
        for pattern, name in _REQUIRED[TextKind(kind)]
        if not pattern.search(template)
    ]
    unknown = [name for name in fields(template) if name not in FIELDS]
    if unknown:
        problems.append(f"There is no merge field {_listed(unknown)}; there are {_listed(sorted(FIELDS))}.")
    if len(template) > MAX_TEMPLATE_CHARACTERS:
        problems.append(f"Use at most {MAX_TEMPLATE_CHARACTERS} characters.")
    return problems


def _listed(names: list[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
