"""The legal hours are there before anything runs."""

from __future__ import annotations

from engage_sms.domain.legal_hours import FILE, legal_hours
from engage_sms.errors import Permanent


def check_rule_data() -> None:
    """Reads the rule data once. Raises Permanent with one sentence when it cannot be read: nothing runs without it."""
    try:
        legal_hours()
    except (OSError, ValueError) as wrong:
        raise Permanent(f"Restore the rule data {FILE.name}, which cannot be read: {wrong}") from wrong
