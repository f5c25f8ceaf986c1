"""One call to Twilio for each message that the queues deliver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.bootstrap import real_ports
from engage_sms.domain.message import MessageRef
from engage_sms.edge.batches import QueueMessage, each_message
from engage_sms.ports import Ports
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message


def handler(event: Mapping[str, Any], context: LambdaContext, ports: Ports | None = None) -> dict[str, Any]:
    given = ports or real_ports()

    def dispatch(message: QueueMessage) -> None:
        body = message.body
        ref = MessageRef(body["org_id"], body["user_id"], body["contact_id"], body["message_id"])
        dispatch_message(DispatchMessage(ref=ref), given)

    return each_message(event, context, dispatch)
