"""Organizations, their settings and Twilio account, their sending window, and numbers for users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.bootstrap import real_ports
from engage_sms.edge.api import serve
from engage_sms.edge.routes.provisioning import app
from engage_sms.ports import Ports


def handler(event: Mapping[str, Any], context: LambdaContext, ports: Ports | None = None) -> dict[str, Any]:
    return serve(app, event, context, ports or real_ports())
