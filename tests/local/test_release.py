"""Tomorrow's opening today: held steps over real HTTP, released at the rate, planned again when the window moves."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from tests.local.caller import Caller
from tests.local.test_core_loop import PHONE, admin, ann, bo, platform

__all__ = ["admin", "ann", "bo", "platform"]
STEPS = 15


def send_steps(user: Caller, count: int) -> None:
    for number in range(count):
        detail = {
            "event_id": f"e{number}",
            "org_id": "acme",
            "journey_id": "j1",
            "step_id": f"s{number}",
            "execution_id": "x1",
            "contact_id": "bo",
            "sender": "owner",
            "body": f"Step {number}.",
        }
        event = {"source": "engage.journeys", "detail-type": "journey.sms.requested", "detail": detail}
        assert user.post("/local/events", event).status in {200, 201, 202}
    user.settle()


def steps_at_twilio(user: Caller) -> list[datetime]:
    messages: list[dict[str, Any]] = user.get("/local/twilio/messages").json["items"]
    return sorted(datetime.fromisoformat(m["created_at"]) for m in messages if m["body"].startswith("Step "))


@pytest.fixture
def night(ann: Caller, bo: str) -> Caller:
    """Ann, after the window closed, with steps of a journey held for the morning."""
    ann.go_to("2026-07-15T22:00:00Z")
    send_steps(ann, STEPS)
    return ann


def test_held_steps_leave_at_the_opening_three_a_second(night: Caller, admin: Caller) -> None:
    """The forecast says so, and so it happens: none before, the first at eight, the last four seconds later."""
    (wave,) = admin.get("/v1/sending-window/forecast").json["openings"]
    night.go_to("2026-07-16T12:59:59Z")
    before = steps_at_twilio(night)
    night.go_to("2026-07-16T13:02:00Z")
    instants = steps_at_twilio(night)
    a_second = Counter(instant.replace(microsecond=0) for instant in instants)
    received = night.get(f"/local/phones/{PHONE}/messages").json["items"]

    assert (wave["held"], wave["fits"], wave["through_at"][:19]) == (STEPS, True, "2026-07-16T13:00:04")
    assert before == []
    assert len(instants) == STEPS
    assert 0 <= (instants[0] - datetime.fromisoformat("2026-07-16T13:00:00+00:00")).total_seconds() < 2
    assert max(a_second.values()) <= 3
    assert len([text for text in received if text["body"].startswith("Step ")]) == STEPS


def test_a_changed_window_plans_them_again(night: Caller, admin: Caller) -> None:
    """Ten o'clock instead of eight: the holds say it within minutes, and nothing leaves before."""
    changed = admin.call("PATCH", "/v1/organization/settings", {"sms.send_window.start_time": "10:00"})
    night.go_to("2026-07-15T22:03:00Z")
    newest = night.get("/v1/conversations/bo/messages?limit=1").json["items"][0]
    night.go_to("2026-07-16T14:59:59Z")
    before = steps_at_twilio(night)
    night.go_to("2026-07-16T15:02:00Z")

    assert changed.status == 200
    assert newest["hold"]["until"] == "2026-07-16T15:00:00Z"
    assert before == []
    assert len(steps_at_twilio(night)) == STEPS
