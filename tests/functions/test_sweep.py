"""The function `sweep`: what it found is counted and logged by ids, and a failure is said after all had their turn."""

from __future__ import annotations

import io
import json

import pytest

from engage_sms.domain.naming import number_tag
from engage_sms.errors import Permanent, Retryable
from functions.sweep.handler import METRIC_OF, handler
from tests.functions.gateway import Context, Hurried
from tests.world import ORG, World


@pytest.fixture
def forgotten(ready: World) -> str:
    """The sid of a number that was bought two hours ago for nobody."""
    account = ready.ports.account(ORG)
    assert account is not None
    offer = ready.ports.twilio.offered_numbers(account, area_code="206")[0]
    number = ready.ports.twilio.buy_number(account, offer.phone, friendly_name=number_tag(ORG, "u-1"))
    ready.clock.advance(hours=2)
    return number.sid


def test_what_it_found_is_counted_and_named_by_ids(
    ready: World, forgotten: str, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """One metric for each kind; the log has the organization, the user and Twilio's sid."""
    answer = handler({}, Context(), ready.ports)
    line, metrics = json.loads(log.getvalue()), capsys.readouterr().out

    assert answer == {"given_back": 1, "rejoined": 0, "lost": 0, "foreign": 0, "expired": 0}
    assert (line["finding"], line["org_id"], line["user_id"], line["number_sid"]) == (
        "given_back",
        ORG,
        "u-1",
        forgotten,
    )
    assert [each.name for each in METRIC_OF.values() if f'"{each.name}"' in metrics] == ["NumbersGivenBack"]


def test_a_failure_is_said_after_all_had_their_turn(ready: World, forgotten: str, log: io.StringIO) -> None:
    """Lambda repeats the run, and it does what is left."""
    ready.twilio.inject("incoming_phone_numbers.delete", "500", 1)
    with pytest.raises(Retryable, match="1 numbers or organizations"):
        handler({}, Context(), ready.ports)
    again = handler({}, Context(), ready.ports)

    assert again["given_back"] == 1
    assert "was not swept" in log.getvalue()


def test_a_run_that_is_too_short_is_repeated(ready: World, forgotten: str) -> None:
    """It says so, instead of leaving organizations out in silence."""
    with pytest.raises(Retryable, match="too short for 1 others"):
        handler({}, Hurried(), ready.ports)

    assert handler({}, Context(), ready.ports)["given_back"] == 1


def test_a_run_that_cannot_begin_quotes_nothing(log: io.StringIO) -> None:
    """The table's own words may name people."""
    with pytest.raises(Permanent, match="AttributeError"):
        handler({}, Context(), object())  # type: ignore[arg-type]

    assert "could not be listed" in log.getvalue()
