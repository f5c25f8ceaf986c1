"""The function `release`: held messages at their opening, paced; timers that are due."""
