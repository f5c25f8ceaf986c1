"""The forecast of what is held."""

from __future__ import annotations

from datetime import datetime

from engage_sms.domain.forecast import Wave
from engage_sms.edge.schemas.base import Schema, example
from engage_sms.usecases.forecast_release import Forecast

_WAVE = {
    "opens_at": "2024-08-02T13:00:00Z",
    "starts_at": "2024-08-02T13:00:00Z",
    "closes_at": "2024-08-02T21:00:00Z",
    "through_at": "2024-08-02T20:59:59.666667Z",
    "held": 90000,
    "rolled_in": 0,
    "fits": False,
    "rolls_over": 3600,
}


class WaveAnswer(Schema):
    """What one opening lets go, `held` for it and `rolled_in` from the one before.

    The first message leaves at `starts_at`, the last at `through_at`; both are null when none can. What the window is
    too short for `rolls_over` to the next opening, which then has a wave of its own here.
    """

    model_config = example(**_WAVE)

    opens_at: datetime
    starts_at: datetime | None
    closes_at: datetime | None
    through_at: datetime | None
    held: int
    rolled_in: int
    fits: bool
    rolls_over: int

    @classmethod
    def of(cls, wave: Wave) -> WaveAnswer:
        return cls(
            opens_at=wave.opens_at,
            starts_at=wave.starts_at,
            closes_at=wave.closes_at,
            through_at=wave.through_at,
            held=wave.held,
            rolled_in=wave.rolled_in,
            fits=wave.fits,
            rolls_over=wave.rolls_over,
        )


class ForecastAnswer(Schema):
    """When everything held will be through at `messages_per_second`, by the organization's own window.

    A recipient's hours may hold single messages longer. `more`: more is held than was counted (100,000 messages).
    """

    model_config = example(at="2024-08-02T03:12:45Z", messages_per_second=3, paused=False, more=False, openings=[_WAVE])

    at: datetime
    messages_per_second: int
    paused: bool
    more: bool
    openings: list[WaveAnswer]

    @classmethod
    def of(cls, forecast: Forecast) -> ForecastAnswer:
        return cls(
            at=forecast.at,
            messages_per_second=forecast.rate,
            paused=forecast.paused,
            more=forecast.more,
            openings=[WaveAnswer.of(wave) for wave in forecast.waves],
        )
