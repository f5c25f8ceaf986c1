"""Whether automated messages may leave at an instant, and which rule decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engage_sms.domain.settings import resolve
from engage_sms.domain.window import Decision, decide
from engage_sms.ports import Ports
from engage_sms.usecases.lookup import find_organization


@dataclass(frozen=True, kw_only=True)
class ExplainWindow:
    """`at` is aware; None means now."""

    org_id: str
    at: datetime | None = None


def explain_window(command: ExplainWindow, ports: Ports) -> Decision:
    settings = resolve(find_organization(command.org_id, ports).settings)
    return decide((settings.window_rule(),), command.at or ports.now())
