"""One call to Twilio for each message that the queues deliver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.adapters.xray import following
from engage_sms.bootstrap import real_ports
from engage_sms.edge.batches import QueueMessage, each_message, message_ref, messages_from
from engage_sms.ports import Ports
from engage_sms.topology import AUTOMATION
from engage_sms.usecases.announce_dispatch import AnnounceDispatch, announce_dispatch
from engage_sms.usecases.dispatch_message import DispatchMessage, dispatch_message

ONE_MESSAGE = timedelta(seconds=20)
"""How long one message may take from its turn on: 10 s for Twilio, the rest for the table."""


@lru_cache(maxsize=1)
def _own_name(new_id: Callable[[], str]) -> str:
    return new_id()


def _worker(context: LambdaContext, new_id: Callable[[], str]) -> str:
    """The execution environment's name. With SnapStart Lambda gives none, and what was made before the snapshot is the
    same in all of them: the first batch makes one."""
    return context.log_stream_name or _own_name(new_id)


def handler(event: Mapping[str, Any], context: LambdaContext, ports: Ports | None = None) -> dict[str, Any]:
    given = ports or real_ports()
    automated = messages_from(AUTOMATION, event)
    if automated:
        announce_dispatch(AnnounceDispatch(worker=_worker(context, given.new_id), refs=automated), given)

    def dispatch(message: QueueMessage) -> None:
        ref = message_ref(message.body)
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        with following(org_id=ref.org_id, message_id=ref.message_id):
            dispatch_message(DispatchMessage(ref=ref, patience=left - ONE_MESSAGE), given)

    return each_message(event, dispatch)
