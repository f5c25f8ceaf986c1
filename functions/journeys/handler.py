"""Journey steps that ask for an SMS, from the event bus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from engage_sms.adapters.xray import follow
from engage_sms.bootstrap import real_ports
from engage_sms.edge.telemetry import count, quoting_nothing
from engage_sms.errors import Permanent
from engage_sms.metrics import STEPS_ACCEPTED
from engage_sms.ports import Ports
from engage_sms.usecases.accept_journey_step import AcceptJourneyStep, accept_journey_step

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAMES = ("org_id", "event_id", "journey_id", "step_id", "execution_id", "contact_id", "sender")
_NAME = re.compile(r"[^#\x00-\x1f]{1,256}")
"""`#` separates the parts of our keys: with it, two steps could look like one, and the second would be lost."""


def handler(event: Mapping[str, Any], _context: LambdaContext, ports: Ports | None = None) -> dict[str, str | None]:
    """The message that the step became; its id is null when the step was accepted before.

    What it raises ends, after Lambda's retries, in the dead-letter queue: a step that nobody can read or that names
    nobody is kept for a person to see, and holds up no other.
    """
    detail = event.get("detail")
    with quoting_nothing("A journey step was not accepted.", **_ids(detail)):
        message = accept_journey_step(_command(detail), ports or real_ports())
    if message is None:
        return {"message_id": None, "status": None}
    count(STEPS_ACCEPTED)
    follow(org_id=message.org_id, message_id=message.id)
    return {"message_id": message.id, "status": message.status}


def _ids(detail: object) -> dict[str, str]:
    """What the log may say of an event, as far as it is no more than an id."""
    if not isinstance(detail, dict):
        return {}
    found = {name: detail.get(name) for name in ("event_id", "org_id")}
    return {name: value for name, value in found.items() if isinstance(value, str) and _ID.fullmatch(value)}


def _command(detail: object) -> AcceptJourneyStep:
    """The event's detail as a command. Raises Permanent naming every field that is wrong."""
    if not isinstance(detail, dict):
        raise Permanent("The event's detail is no JSON object.")
    merge, expires_at = detail.get("merge") or {}, detail.get("expires_at")
    wrong = [name for name in (*_NAMES, "body") if not isinstance(detail.get(name), str) or not detail[name]]
    wrong += [name for name in _NAMES if name not in wrong and not _NAME.fullmatch(detail[name])]
    if not isinstance(merge, dict) or not all(isinstance(value, str) for value in merge.values()):
        wrong.append("merge")
    expiry = _instant(expires_at) if expires_at is not None else None
    if expires_at is not None and expiry is None:
        wrong.append("expires_at")
    if wrong:
        raise Permanent(f"These fields of the event are missing or wrong: {', '.join(wrong)}.")
    return AcceptJourneyStep(**{name: detail[name] for name in (*_NAMES, "body")}, merge=merge, expires_at=expiry)


def _instant(text: object) -> datetime | None:
    """An RFC 3339 time with its zone; None when it is not one."""
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None
