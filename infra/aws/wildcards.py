"""Every wildcard that a role's policy may hold, and why it cannot be narrower. A test refuses any other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wildcard:
    """`actions` may be allowed on a resource that ends in `resource`, for this `reason`."""

    resource: str
    actions: tuple[str, ...]
    reason: str


ACTIONS = {
    "kms:GenerateDataKey*": "The CDK's grant to send to a queue: with and without plain text, of the stack's one key.",
    "kms:ReEncrypt*": "The same grant: from and to, of the stack's one key.",
}
"""Every wildcard in an action, likewise."""

WILDCARDS = (
    Wildcard("*", ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), "X-Ray's writes know no resources."),
    Wildcard(
        "/twilio/organizations/*",
        ("ssm:*",),
        "One parameter for each organization, made while the system runs; the path above belongs to the stage.",
    ),
    Wildcard(":*", ("lambda:InvokeFunction",), "The versions of one function, which is named before the colon."),
)
