"""The function `retention`: it keeps to its time, and says what failed after all had their turn."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest

from engage_sms.errors import Permanent, Retryable
from engage_sms.usecases.change_settings import ChangeSettings, change_settings
from functions.retention.handler import handler
from tests.functions.gateway import Context, Gateway, Hurried
from tests.usecases.interruption import Interrupted
from tests.world import ORG, World


@pytest.fixture
def old(opted_in: World) -> World:
    """Three messages whose time is over."""
    change_settings(ChangeSettings(org_id=ORG, changes={"sms.retention.body_days": 30}), opted_in.ports)
    opted_in.clock.advance(days=31)
    return opted_in


def test_the_api_answers_an_empty_text_and_says_why(
    old: World, api: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the conversation, in the message's trace, and in the inbox."""
    answer = handler({}, Context(), old.ports)
    old.settle()
    items = api.get("/v1/conversations/c-1/messages").json["items"]
    traced = api.get(f"/v1/conversations/c-1/messages/{items[0]['id']}").json
    inbox = api.get("/v1/conversations").json["items"]

    assert answer == {"removed": 3}
    assert [(item["body"], item["media_urls"]) for item in items] == [("", [])] * 3
    assert traced["trace"][-1]["event"] == "body_removed"
    assert inbox[0]["last_message"]["body"] == ""
    assert '"BodiesRemoved"' in capsys.readouterr().out


def test_too_short_a_time_is_a_failure_that_lambda_repeats(old: World) -> None:
    """The repetition goes on from there."""
    with pytest.raises(Retryable, match="too short"):
        handler({}, Hurried(), old.ports)

    assert handler({}, Context(), old.ports) == {"removed": 3}


def test_a_failure_is_said_after_all_had_their_turn(old: World, log: io.StringIO) -> None:
    """By organization, and without a word of what was said."""

    def fail() -> None:
        raise Retryable("Busy.")

    store: Any = Interrupted(old.store, "remove_body", fail)
    with pytest.raises(Retryable, match="1 days or organizations"):
        handler({}, Context(), replace(old.ports, store=store))

    assert f'"org_id":"{ORG}"' in log.getvalue().replace(" ", "")
    assert handler({}, Context(), old.ports) == {"removed": 2}


def test_a_run_that_cannot_begin_quotes_nothing(old: World, log: io.StringIO) -> None:
    """The table's own words may name people."""
    nothing: Any = object()
    with pytest.raises(Permanent, match="AttributeError"):
        handler({}, Context(), replace(old.ports, store=nothing))

    assert "could be removed" in log.getvalue()
