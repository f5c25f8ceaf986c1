"""Settings are data with defaults; a wrong one is refused with a sentence, and then nothing changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.consent import OptOutScope
from engage_sms.domain.settings import DEFAULTS, SETTINGS, OptOutReplies, RecipientHours, check, effective, resolve
from engage_sms.domain.window import Rule
from engage_sms.errors import Invalid

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def refused(changes: dict[str, Any], current: dict[str, Any] | None = None) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        check(changes, current or {})
    return {error["field"]: error["message"] for error in refusal.value.fields["errors"]}


def test_the_defaults_are_as_designed() -> None:
    """Without any change an organization texts 08:00 to 16:00 Central and keeps the federal hours."""
    settings = resolve({})

    assert settings.window_rule() == Rule("organization", "America/Chicago", 480, 960, frozenset())
    assert settings.send_window_recipient_hours is RecipientHours.FEDERAL
    assert settings.opt_out_scope is OptOutScope.ORGANIZATION
    assert settings.opt_out_replies is OptOutReplies.TWILIO
    assert settings.journey_wait.days == 7
    assert settings.hold_lasts.total_seconds() == 72 * 3600
    assert settings.throughput_messages_per_second == 3
    assert settings.company_area_code is None


@pytest.mark.parametrize("name", [name for name, default in DEFAULTS.items() if default is not None])
def test_every_default_is_acceptable(name: str) -> None:
    """A default given explicitly is taken as it is."""
    assert check({name: DEFAULTS[name]}, {}) == {name: DEFAULTS[name]}


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("sms.send_window.start_time", "00:00", "00:00"),
        ("sms.send_window.end_time", "24:00", "24:00"),
        ("sms.send_window.end_time", "02:00", "02:00"),
        ("sms.send_window.time_zone", "America/New_York", "America/New_York"),
        ("sms.send_window.closed_dates", ["2026-12-25", "2026-07-04", "2026-12-25"], ["2026-07-04", "2026-12-25"]),
        ("sms.opt_out.scope", "user", "user"),
        ("sms.opt_out.replies", "engage", "engage"),
        ("sms.journey.wait_for_opt_in_days", 90, 90),
        ("sms.hold.expires_after_hours", 1, 1),
        ("sms.throughput.messages_per_second", 1000, 1000),
        ("sms.company_area_code", "415", "415"),
    ],
)
def test_good_values_are_stored(name: str, value: Any, stored: Any) -> None:
    """Each setting takes what it says it accepts."""
    overrides = check({name: value}, {})

    assert overrides == {name: stored}
    assert effective(overrides)[name] == stored
    assert resolve(overrides) != resolve({}) or stored == DEFAULTS[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sms.send_window.start_time", "24:00"),
        ("sms.send_window.start_time", "8:00"),
        ("sms.send_window.start_time", 8),
        ("sms.send_window.end_time", "24:01"),
        ("sms.send_window.time_zone", "Central"),
        ("sms.send_window.time_zone", "../etc/passwd"),
        ("sms.send_window.time_zone", ""),
        ("sms.send_window.closed_dates", "2026-12-25"),
        ("sms.send_window.closed_dates", ["2026-02-30"]),
        ("sms.send_window.closed_dates", ["20261225"]),
        ("sms.send_window.closed_dates", [20261225]),
        ("sms.send_window.recipient_hours", "none"),
        ("sms.send_window.recipient_hours", "strict"),
        ("sms.opt_out.scope", "everyone"),
        ("sms.opt_out.replies", ["twilio"]),
        ("sms.journey.wait_for_opt_in_days", 0),
        ("sms.hold.expires_after_hours", 193),
        ("sms.throughput.messages_per_second", 0),
        ("sms.throughput.messages_per_second", 1001),
        ("sms.throughput.messages_per_second", True),
        ("sms.throughput.messages_per_second", 2.5),
        ("sms.texts.opt_in_request", "Hello"),
        ("sms.texts.opt_in_confirmation", "Welcome"),
        ("sms.texts.help", "{unknown} STOP"),
        ("sms.company_area_code", "800"),
        ("sms.company_area_code", 415),
    ],
)
def test_a_wrong_value_is_told_what_is_accepted(name: str, value: Any) -> None:
    """The error names the setting and says what it accepts, as a sentence."""
    errors = refused({name: value})

    assert list(errors) == [name]
    assert errors[name].startswith(f"Give {SETTINGS[name].accepts}.")
    assert errors[name].endswith(".")


def test_every_wrong_setting_is_reported_at_once() -> None:
    """One answer lists them all, and an unknown name is answered with the nearest one."""
    errors = refused({"sms.send_window.start": "08:00", "nonsense": 1, "sms.company_area_code": "999"})

    assert set(errors) == {"sms.send_window.start", "nonsense", "sms.company_area_code"}
    assert "Did you mean sms.send_window.start_time?" in errors["sms.send_window.start"]


def test_a_window_without_length_is_refused() -> None:
    """Start and end may not be equal, whichever of them was changed or is already stored."""
    start, end = "sms.send_window.start_time", "sms.send_window.end_time"

    assert list(refused({start: "16:00"})) == [start]
    assert list(refused({end: "09:00"}, {start: "09:00"})) == [end]
    assert list(refused({start: "10:00", end: "10:00"})) == [end]
    assert list(refused({start: None}, {start: "09:00", end: "08:00"})) == [start]


def test_null_puts_a_setting_back() -> None:
    """After null the default holds again; other overrides stay."""
    current = {"sms.opt_out.scope": "user", "sms.company_area_code": "415"}

    assert check({"sms.opt_out.scope": None}, current) == {"sms.company_area_code": "415"}
    assert current["sms.opt_out.scope"] == "user"


@given(st.dictionaries(st.sampled_from(sorted(SETTINGS)), JSON, max_size=4))
def test_whatever_is_accepted_can_be_resolved(changes: dict[str, Any]) -> None:
    """Any JSON is refused as Invalid or works; without what was refused, the rest is taken."""
    try:
        overrides = check(changes, {})
    except Invalid as refusal:
        wrong = {error["field"] for error in refusal.fields["errors"]}
        overrides = check({name: value for name, value in changes.items() if name not in wrong}, {})
    window = resolve(overrides).window_rule()

    assert window.start != window.end
    assert check(overrides, {}) == overrides


def test_effective_values_can_be_changed_without_harm() -> None:
    """The defaults are not handed out themselves."""
    effective({})["sms.send_window.closed_dates"].append("2026-12-25")

    assert resolve({}).send_window_closed_dates == ()
    assert resolve({"sms.send_window.closed_dates": ["2026-12-25"]}).send_window_closed_dates == (date(2026, 12, 25),)
