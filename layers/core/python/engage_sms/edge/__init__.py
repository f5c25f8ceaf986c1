"""What handlers share: who calls, problem+json, events in."""
