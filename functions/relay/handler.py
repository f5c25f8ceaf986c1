"""Everything that follows from a change of state, read from the table's stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.adapters.changes import decode_stream_record
from engage_sms.adapters.xray import follow
from engage_sms.bootstrap import real_ports
from engage_sms.edge.batches import each_change
from engage_sms.edge.measure import measured
from engage_sms.edge.telemetry import tally
from engage_sms.ports import Ports
from engage_sms.usecases.relay_change import relay_change


def handler(event: Mapping[str, Any], _context: LambdaContext, ports: Ports | None = None) -> dict[str, Any]:
    given = ports or real_ports()

    def relay(record: Mapping[str, Any]) -> None:
        change = decode_stream_record(record)
        if change is None:
            return
        relay_change(change, given)
        counts = measured(change, at=given.now())
        tally(counts)
        if "message_id" in counts.ids:
            follow(org_id=counts.ids["org_id"], message_id=counts.ids["message_id"])

    return each_change(event, relay)
