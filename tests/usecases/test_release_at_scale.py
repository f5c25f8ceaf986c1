"""Many messages of many organizations at their openings, on a virtual clock; `make bench` does it at full size."""

from __future__ import annotations

import pytest

from tests.benchmarks.release import Measured, measure_release

SMALL, LARGE = 200, 800
ORGANIZATIONS = 4


@pytest.fixture(scope="module")
def small() -> Measured:
    return measure_release(SMALL, ORGANIZATIONS)


@pytest.fixture(scope="module")
def large() -> Measured:
    return measure_release(LARGE, ORGANIZATIONS)


def test_every_message_leaves_once(large: Measured) -> None:
    """As many calls of Twilio as there are messages, although the queue is late by up to a second."""
    assert large.sent == LARGE


def test_the_first_leaves_within_two_seconds_after_the_opening(large: Measured) -> None:
    """In every organization, in four time zones, and never before."""
    earliest, latest = large.first

    assert earliest >= 0
    assert latest <= 2


def test_no_second_has_more_than_the_rate(large: Measured) -> None:
    """Rates from 3 to 30 a second, each kept in every second of the clock, and used to the full."""
    assert large.busiest == 1


@pytest.mark.parametrize("phase", ["hold", "dispatch"])
def test_a_message_costs_the_same_however_many_there_are(small: Measured, large: Measured, phase: str) -> None:
    """Units and calls for holding and for dispatching one message do not grow with the number of messages."""
    for few, many in zip(small.units(phase), large.units(phase), strict=True):
        assert many <= few * 1.05


def test_the_release_costs_less_the_more_there_are(small: Measured, large: Measured) -> None:
    """Openings and pages cost, not messages: what remains for each message is its part of a page and of a request."""
    for few, many in zip(small.units("release"), large.units("release"), strict=True):
        assert many < few / 2


def test_hold_and_release_keep_their_budget(large: Measured) -> None:
    """At most $1.50 a million above the common path, even where an opening has only 200 messages."""
    assert large.above_the_common_path <= 1.50
