"""How many messages are held for each opening, when they will be through, and whether the window is long enough."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from engage_sms.domain.brake import until_resumed
from engage_sms.domain.forecast import Wave, forecast
from engage_sms.domain.settings import resolve
from engage_sms.ports import Ports
from engage_sms.usecases.count_held import count_held
from engage_sms.usecases.lookup import find_organization

MOST_COUNTED = 100_000
"""Messages of all openings together: 100 pages of the index, about 3,000 read units."""


class ForecastRelease(NamedTuple):
    org_id: str


class Forecast(NamedTuple):
    """At `rate` messages a second, as of `at`. With `more` there is more held than was counted, so all takes longer.

    While `paused` nothing leaves: the waves are those of a resume now, without what the pause itself holds.
    """

    at: datetime
    rate: int
    paused: bool
    more: bool
    waves: tuple[Wave, ...]


def forecast_release(command: ForecastRelease, ports: Ports) -> Forecast:
    organization = find_organization(command.org_id, ports)
    settings = resolve(organization.settings)
    now = ports.now()
    pause = until_resumed(organization.paused_at) if organization.paused_at else None
    held: dict[datetime, int] = {}
    counted, more = 0, False
    for opening in sorted(ports.store.openings(command.org_id), key=lambda opening: opening.begins):
        if opening.opens_at == pause:
            continue
        if counted >= MOST_COUNTED:
            more = True
            break
        messages, not_all = count_held(command.org_id, opening.opens_at, ports, most=MOST_COUNTED - counted)
        counted, more = counted + messages, more or not_all
        if messages:
            held[opening.begins] = held.get(opening.begins, 0) + messages
    rate = settings.throughput_messages_per_second
    waves = forecast(settings.window_rule(), rate, held, now)
    return Forecast(at=now, rate=rate, paused=pause is not None, more=more, waves=waves)
