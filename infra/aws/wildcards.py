"""Every wildcard that a policy of the stack may hold, and why it cannot be narrower. A test refuses any other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wildcard:
    """`actions` may be allowed on a resource that ends in `resource`, for this `reason`."""

    resource: str
    actions: tuple[str, ...]
    reason: str


WILDCARDS = (
    Wildcard("*", ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), "X-Ray's writes know no resources."),
    Wildcard("/index/*", ("dynamodb:*",), "The indexes of one table, which is named before the slash."),
    Wildcard(
        "/twilio/organizations/*",
        ("ssm:*",),
        "One parameter for each organization, made while the system runs; the path above belongs to the stage.",
    ),
    Wildcard(":*", ("lambda:InvokeFunction",), "The versions of one function, which is named before the colon."),
)
