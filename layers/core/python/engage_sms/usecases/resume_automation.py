"""The brake is released: what the pause held leaves, at the organization's rate and within its windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from engage_sms.domain.directory import Organization
from engage_sms.ports import Ports, Replace
from engage_sms.usecases.lookup import decide_again, find_organization


class ResumeAutomation(NamedTuple):
    org_id: str


def resume_automation(command: ResumeAutomation, ports: Ports) -> Organization:
    """The organization, its automation running. The change stream then opens the pause's opening."""

    def attempt() -> Organization:
        organization = find_organization(command.org_id, ports, consistent=True)
        if organization.paused_at is None:
            return organization
        running = replace(organization, paused_at=None)
        ports.store.commit(Replace(running))
        return replace(running, version=running.version + 1)

    return decide_again(attempt)


def open_pause(org_id: str, opens_at: datetime, ports: Ports) -> None:
    """Makes the opening of a pause that is over due now: `release` then lets its messages go, wave by wave.

    Called for the resume, and for each message that the pause still caught; whichever comes last finds the other done:

        dispatch  reads "paused" ─────────────► message held ─► relay: opening made; organization runs: opens it
        resume                   runs ─► relay: no opening yet
    """

    def attempt() -> None:
        opening = ports.store.opening(org_id, opens_at)
        if opening is None or (opening.resumed_at is not None and opening.due_at <= ports.now()):
            return
        now = ports.now()
        ports.store.commit(Replace(replace(opening, due_at=now, resumed_at=opening.resumed_at or now)))

    decide_again(attempt)
