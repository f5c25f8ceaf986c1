"""An automated message leaves inside the window, waits for it, or is told that it will never open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.legal_hours import legal_hours
from engage_sms.domain.message import Status
from engage_sms.domain.phone import zones
from engage_sms.domain.planning import CALL, MAX_VALIDITY, plan
from engage_sms.domain.recipient import locate
from engage_sms.domain.settings import resolve

INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
SETTINGS = resolve({})
CHICAGO, HONOLULU, TWO_ZONES = "+13125550199", "+18085550100", "+18505550100"


@given(INSTANTS)
def test_a_message_leaves_only_while_the_window_is_open(now: datetime) -> None:
    """Now when open, else at an instant at which it is open; with the rule and the reason to show."""
    made = plan(SETTINGS, recipient=locate(CHICAGO), now=now)

    assert SETTINGS.window_rule().holds(made.leaves_at)
    if made.status is Status.QUEUED:
        assert made.leaves_at == now
        assert made.hold is None
    else:
        assert made.status is Status.HELD
        assert made.hold is not None
        assert made.hold.until == made.leaves_at > now
        assert made.hold.rule == "organization"
        assert "08:00-16:00 (America/Chicago)" in made.hold.reason


@given(INSTANTS, st.integers(0, 3600))
def test_twilio_may_not_deliver_after_the_window(now: datetime, later: int) -> None:
    """The validity ends at the closing, within what Twilio takes; outside any window there is none."""
    made = plan(SETTINGS, recipient=locate(CHICAGO), now=now)
    dispatched = now + timedelta(seconds=later)
    validity = made.validity(dispatched)

    if made.closes_at is None:
        assert validity is None
    else:
        assert validity is not None
        assert 0 <= validity <= MAX_VALIDITY
        assert validity == 0 or dispatched + CALL + timedelta(seconds=validity) <= made.closes_at
        assert validity > 0 or dispatched + CALL + timedelta(seconds=1) > made.closes_at


def test_a_window_that_never_opens_skips_with_a_reason() -> None:
    """Closed for longer than we look ahead: the message is skipped, not looped."""
    first = date(2026, 7, 1)
    closed = [(first + timedelta(days=day)).isoformat() for day in range(31)]
    made = plan(
        resolve({"sms.send_window.closed_dates": closed}),
        recipient=locate(CHICAGO),
        now=datetime(2026, 7, 10, tzinfo=UTC),
    )

    assert made.status is Status.SKIPPED
    assert made.failure is not None
    assert made.failure.code == "no-opening"
    assert made.failure.message.endswith(".")


@given(INSTANTS, st.sampled_from([CHICAGO, HONOLULU, TWO_ZONES]))
def test_nothing_arrives_before_eight_or_after_nine_at_night(now: datetime, phone: str) -> None:
    """Whatever the organization's window, the message leaves inside the legal hours of every zone it may be in."""
    wide = resolve({"sms.send_window.start_time": "00:00", "sms.send_window.end_time": "23:59"})
    made = plan(wide, recipient=locate(phone), now=now)

    for zone in zones(phone):
        assert 8 <= made.leaves_at.astimezone(ZoneInfo(zone)).hour < 21
    if made.hold is not None:
        assert made.hold.rule in {"organization", "federal"}


def test_the_legal_hours_can_be_left_to_the_organization() -> None:
    """`off` leaves the organization's window alone."""
    off = resolve({"sms.send_window.recipient_hours": "off"})
    eight_in_chicago = datetime(2026, 7, 15, 13, tzinfo=UTC)

    assert plan(off, recipient=locate(HONOLULU), now=eight_in_chicago).status is Status.QUEUED
    assert plan(SETTINGS, recipient=locate(HONOLULU), now=eight_in_chicago).hold is not None


def test_windows_that_never_meet_skip_with_a_reason() -> None:
    """An organization's window in the middle of the recipient's night: skipped and said, not looped."""
    night = resolve({"sms.send_window.start_time": "01:00", "sms.send_window.end_time": "02:00"})
    made = plan(night, recipient=locate(CHICAGO), now=datetime(2026, 7, 15, 13, tzinfo=UTC))

    assert made.status is Status.SKIPPED
    assert made.failure is not None
    assert made.failure.code == "no-opening"


STATES = resolve(
    {
        "sms.send_window.start_time": "00:00",
        "sms.send_window.end_time": "24:00",
        "sms.send_window.recipient_hours": "state",
    }
)


@pytest.mark.parametrize(
    ("phone", "now", "reason"),
    [
        (
            "+13055550100",
            datetime(2026, 7, 16, 0, 30, tzinfo=UTC),
            "Outside the hours of Florida, 08:00-20:00 (America/New_York) until 2026-07-16 08:00.",
        ),
        (
            "+15045550100",
            datetime(2026, 7, 19, 17, tzinfo=UTC),
            "Outside the hours of Louisiana, none that day (America/Chicago) until 2026-07-20 08:00.",
        ),
        (
            "+12125550100",
            datetime(2026, 7, 16, 2, tzinfo=UTC),
            "Outside the legal hours where the contact may be, 08:00-21:00 (America/New_York) until 2026-07-16 08:00.",
        ),
    ],
)
def test_a_hold_says_which_law_decides(phone: str, now: datetime, reason: str) -> None:
    """The state by name, its hours, on which clock, until when; and the version of the rule data."""
    hold = plan(STATES, recipient=locate(phone), now=now).hold

    assert hold is not None
    assert hold.reason == reason
    assert hold.rule_data_version == legal_hours().version


def test_a_hold_says_what_of_the_record_could_not_be_used() -> None:
    """A zone that no longer exists is named, and the next source decides; also where the message may leave."""
    nowhere = locate(CHICAGO, time_zone="America/Gone", state="CO")
    early, open_now = datetime(2026, 7, 15, 13, 30, tzinfo=UTC), datetime(2026, 7, 15, 15, tzinfo=UTC)
    hold = plan(SETTINGS, recipient=nowhere, now=early).hold

    assert hold is not None
    assert hold.reason.endswith('(America/Denver) until 2026-07-15 08:00. There is no time zone "America/Gone".')
    assert plan(SETTINGS, recipient=nowhere, now=open_now).why == (
        f'Every window is open. There is no time zone "America/Gone". Rule data {legal_hours().version}.'
    )


def test_the_stricter_of_address_and_area_code_counts() -> None:
    """A Floridian number in California: Florida's evening ends the day, California's morning begins it."""
    moved = locate("+13055550100", state="CA")
    eight = datetime(2026, 7, 15, 15, tzinfo=UTC)

    assert plan(STATES, recipient=moved, now=eight).leaves_at == eight + timedelta(hours=1)
    assert plan(STATES, recipient=moved, now=eight + timedelta(hours=2)).closes_at == eight + timedelta(hours=12)


@given(INSTANTS)
def test_a_number_that_may_be_anywhere_meets_every_law(now: datetime) -> None:
    """Weekdays from Kentucky's 10:00 on the Pacific coast to Rhode Island's 18:00 in the east, never on a weekend."""
    made = plan(STATES, recipient=locate("+18005550100"), now=now)
    east, west = (made.leaves_at.astimezone(ZoneInfo(zone)) for zone in ("America/New_York", "America/Los_Angeles"))

    assert made.status in {Status.QUEUED, Status.HELD}
    assert west.hour >= 10
    assert east.hour < 18
    assert east.weekday() < 5


@given(INSTANTS, st.sampled_from([CHICAGO, HONOLULU, TWO_ZONES, "+13055550100", "+14015550100"]))
def test_stricter_settings_never_open_earlier(now: datetime, phone: str) -> None:
    """From `off` to `federal` to `state` an opening only moves later."""
    settings = [resolve({"sms.send_window.recipient_hours": hours}) for hours in ("off", "federal", "state")]
    leaves = [plan(each, recipient=locate(phone), now=now) for each in settings]

    assert [each.leaves_at for each in leaves if each.failure is None] == sorted(each.leaves_at for each in leaves)
    assert all(each.failure is None for each in leaves)
