"""When a function that works through much has to come to its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.ports import Ports


def deadline(context: LambdaContext, ports: Ports, *, reserve: timedelta) -> datetime:
    """The instant that leaves `reserve` of what Lambda gives this invocation."""
    return ports.now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - reserve
