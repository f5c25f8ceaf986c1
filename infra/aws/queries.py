"""Questions to the logs that operators ask, kept with the stack (CloudWatch Logs Insights)."""

from __future__ import annotations

from dataclasses import dataclass

from engage_sms import metrics, topology


@dataclass(frozen=True)
class Query:
    """`functions` are those whose logs are asked; capitals in the `text` are to be replaced."""

    name: str
    functions: tuple[str, ...]
    text: str


QUERIES = (
    Query(
        "one message's life",
        tuple(topology.FUNCTION),
        """fields @timestamp, was, status, kind, code, org_id, message, error
| filter message_id = "MESSAGE_ID"
| sort @timestamp""",
    ),
    Query(
        "failures by code",
        ("relay",),
        f"""filter ispresent({metrics.FAILED.name})
| stats count(*) as messages, count_distinct(org_id) as organizations by code
| sort messages desc""",
    ),
    Query(
        "slow webhooks",
        ("webhooks",),
        """filter @type = "REPORT" and @duration > 500
| fields @timestamp, @duration, @initDuration, @maxMemoryUsed, @requestId
| sort @duration desc
| limit 100""",
    ),
    Query(
        "one organization's sends",
        ("relay",),
        f"""filter org_id = "ORG_ID" and ispresent({metrics.DISPATCHED.name})
| stats count(*) as messages by kind, bin(1h)""",
    ),
)
