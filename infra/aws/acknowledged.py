"""What AWS's own rules (cdk-nag, the pack AwsSolutions) find here and stays as it is, each with its reason.

Their findings about wildcards are answered by `wildcards.py`. A test refuses any finding that neither explains, and any
explanation that nothing needs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Acknowledged:
    """The `rule` may be broken by constructs whose path ends so, for this `reason`."""

    rule: str
    paths: tuple[str, ...]
    reason: str


ACKNOWLEDGED = (
    Acknowledged(
        "AwsSolutions-APIG4",
        ("GET--healthz/Resource", "GET--v1--openapi.json/Resource", "GET--docs/Resource"),
        "They say the same to everybody, and read nothing.",
    ),
    Acknowledged(
        "AwsSolutions-APIG4",
        (
            "POST--webhooks--twilio--{org_id}--messages/Resource",
            "POST--webhooks--twilio--{org_id}--status/Resource",
        ),
        "Twilio has no token of ours: the function checks its signature before anything is looked up.",
    ),
    Acknowledged(
        "AwsSolutions-L1",
        ("/Function/Resource",),
        "Python is pinned: wheels and byte code are made for it, start-up is measured on it; 3.13 is kept until 2029.",
    ),
    Acknowledged(
        "AwsSolutions-SQS3",
        ("/DeadLetters/Queue/Resource",),
        "They are dead-letter queues, of functions that are started without a queue; the rule knows those of queues.",
    ),
    Acknowledged(
        "AwsSolutions-COG2",
        ("/Identity/Users/Resource",),
        "A second factor is on offer, and up to each user: the pool is for a first deployment without an issuer.",
    ),
    Acknowledged(
        "AwsSolutions-COG8",
        ("/Identity/Users/Resource",),
        "The plus plan costs by the user; administrators make all users of this pool, and it is replaced by an issuer.",
    ),
)
