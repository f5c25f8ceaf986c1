"""The system of the topology on this machine: the same handlers, fed the same events."""
