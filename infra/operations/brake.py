"""`engage-sms pause` and `engage-sms resume`: the brake of one organization, as its administrators have it.

They are the same use cases as behind the API: what waits stays held, and leaves within its windows at the usual rate.
"""

from __future__ import annotations

import argparse

from engage_sms.ports import Ports
from engage_sms.usecases.pause_automation import PauseAutomation, pause_automation
from engage_sms.usecases.resume_automation import ResumeAutomation, resume_automation
from infra.operations.answer import Answer

COLUMNS = ("Organization", "Paused at", "Past recall")


def pause(options: argparse.Namespace, ports: Ports) -> Answer:
    """Raises NotFound for an organization that is not there."""
    paused, past_recall = pause_automation(PauseAutomation(org_id=options.organization), ports)
    sentence = f"Nothing automated of {paused.id} leaves any more; {past_recall} messages were past recall."
    return Answer(sentence=sentence, columns=COLUMNS, rows=[(paused.id, paused.paused_at, past_recall)])


def resume(options: argparse.Namespace, ports: Ports) -> Answer:
    """Raises NotFound for an organization that is not there."""
    running = resume_automation(ResumeAutomation(org_id=options.organization), ports)
    sentence = f"The automation of {running.id} runs; what waited leaves within its windows, at its usual rate."
    return Answer(sentence=sentence, columns=COLUMNS, rows=[(running.id, running.paused_at, None)])
