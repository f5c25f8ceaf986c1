"""How fast dead letters may go back, in messages a second."""

from __future__ import annotations

DEFAULT_RATE = 3
"""What an organization may send by default: it keeps to its rate even if every letter is its own."""
HIGHEST_RATE = 500
"""Of SQS (StartMessageMoveTask, MaxNumberOfMessagesPerSecond)."""
