"""Engage SMS: every person of an organization texts lawfully from a number of their own.

topology    the whole system as plain data: functions, routes, queues, tables, schedules, grants
config      what the environment says, read once
errors      what can go wrong, named for the reaction
ports       what the product needs from the outside world
bootstrap   the composition root: real ports from configuration
domain/     pure rules
usecases/   one verb a file: (command, ports) -> result
adapters/   the only imports of boto3, pynamodb and twilio
edge/       what handlers share: who calls, problem+json, events in
"""
