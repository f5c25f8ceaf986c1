"""What can go wrong, and how often: each history draws its own mixture, so that some are calm but for one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

KINDS: Mapping[str, float] = {
    # a process, at each call of a port
    "crash before a call": 0.004,
    "crash after a call": 0.006,
    "slow call": 0.01,
    "frozen until the timeout": 0.001,
    # the table
    "throttled": 0.008,
    "write done, answer lost": 0.004,
    "write repeated by the SDK": 0.006,
    "stale reads": 1.0,
    # queues, stream, schedule, bus
    "queue: delivered twice": 0.08,
    "queue: late": 0.06,
    "queue: delivery lost": 0.04,
    "stream: batch repeated": 0.04,
    "stream: late": 0.04,
    "tick never came": 0.1,
    "tick came twice": 0.1,
    "event delivered twice": 0.2,
    # Twilio
    "Twilio: no answer, not taken": 0.05,
    "Twilio: no answer, taken": 0.1,
    "Twilio: no answer, taken later": 0.06,
    "Twilio: died in the call": 0.03,
    "Twilio: 429": 0.05,
    "Twilio: 500": 0.04,
    "Twilio: slow": 0.08,
    "Twilio: list lags": 1.0,
    "callback dropped": 0.08,
    "callback twice": 0.08,
    "callbacks reordered": 0.15,
}
"""How likely each is at one opportunity, before the history's own mixture."""
_MIXTURES = (0.0, 0.0, 0.0, 1.0, 1.0, 3.0)


@dataclass
class Trouble:
    """The mixture of one history. `over`: from now on nothing goes wrong."""

    chances: dict[str, float] = field(default_factory=dict)
    over: bool = False

    @classmethod
    def draw(cls, random: Random) -> Trouble:
        drawn = {kind: chance * random.choice(_MIXTURES) for kind, chance in KINDS.items()}
        return cls({kind: chance for kind, chance in drawn.items() if chance})

    def hits(self, kind: str, random: Random) -> bool:
        chance = self.chances.get(kind)
        return chance is not None and not self.over and random.random() < chance
