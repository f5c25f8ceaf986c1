"""What an administrator reads before a large send: how long it takes, and whether the window is long enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.functions.gateway import Gateway
from tests.usecases.test_journeys import STEP, accept
from tests.world import CLOSED, NEXT_OPENING, World

PATH = "/v1/sending-window/forecast"


def held(world: World, count: int) -> None:
    world.pass_time(CLOSED)
    for number in range(count):
        accept(world, replace(STEP, step_id=f"s-{number}"))
    world.settle()


def test_it_says_when_everything_is_through(opted_in: World, admin: Gateway) -> None:
    """Ten at three a second: within the fourth second after the opening."""
    held(opted_in, 10)
    answer = admin.get(PATH)
    (wave,) = answer.json["openings"]

    assert answer.status == 200
    assert (answer.json["messages_per_second"], answer.json["paused"], answer.json["more"]) == (3, False, False)
    assert (wave["opens_at"], wave["starts_at"]) == ("2026-07-16T13:00:00Z", "2026-07-16T13:00:00Z")
    assert wave["through_at"].startswith("2026-07-16T13:00:03")
    assert (wave["held"], wave["rolled_in"], wave["fits"], wave["rolls_over"]) == (10, 0, True, 0)


def test_it_says_what_rolls_over(opted_in: World, admin: Gateway) -> None:
    """A window of one minute at one a second lets 39 go in time; the rest stands with the next opening."""
    admin.patch(
        "/v1/organization/settings",
        {"sms.send_window.end_time": "08:01", "sms.throughput.messages_per_second": 1},
    )
    held(opted_in, 70)
    first, second = admin.get(PATH).json["openings"]
    opted_in.pass_time(NEXT_OPENING.replace(minute=4))
    (then,) = admin.get(PATH).json["openings"]

    assert (first["fits"], first["rolls_over"]) == (False, 31)
    assert (second["opens_at"], second["held"], second["rolled_in"]) == ("2026-07-17T13:00:00Z", 0, 31)
    assert (then["opens_at"], then["held"], then["rolled_in"], then["fits"]) == ("2026-07-17T13:00:00Z", 31, 0, True)


def test_nothing_held_is_nothing_to_wait_for(opted_in: World, admin: Gateway) -> None:
    """No openings, and no invented ones."""
    assert admin.get(PATH).json["openings"] == []


def test_a_pause_is_said(opted_in: World, admin: Gateway) -> None:
    """The waves are those of a resume; what the pause itself holds is shown by the pause."""
    held(opted_in, 2)
    admin.post("/v1/organization/pause")
    answer = admin.get(PATH).json

    assert answer["paused"]
    assert [wave["held"] for wave in answer["openings"]] == [2]


def test_counting_has_an_end(opted_in: World, admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound it says that there is more, instead of reading on."""
    monkeypatch.setattr("engage_sms.usecases.forecast_release.MOST_COUNTED", 4)
    held(opted_in, 6)
    admin.patch("/v1/organization/settings", {"sms.send_window.closed_dates": ["2026-07-16"]})
    accept(opted_in, replace(STEP, step_id="another-day"))
    opted_in.settle()
    answer = admin.get(PATH).json

    assert answer["more"]
    assert [wave["held"] for wave in answer["openings"]] == [6]


def test_only_administrators_read_it(opted_in: World, api: Gateway) -> None:
    """It counts what the whole organization holds."""
    assert api.get(PATH).status == 403
