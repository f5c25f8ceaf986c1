"""What a sending window means for the organization's contacts: the one it has, or one it thinks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from engage_sms.domain.advice import Advice, Group, advise
from engage_sms.domain.audience import Audience
from engage_sms.domain.planning import rules_for
from engage_sms.domain.settings import RecipientHours, Settings, check, resolve
from engage_sms.domain.window import Rule, load_zone
from engage_sms.ports import Ports
from engage_sms.usecases.lookup import find_organization


@dataclass(frozen=True, kw_only=True)
class AdviseWindow:
    """`changes` to the settings by dotted name, as if they were made."""

    org_id: str
    changes: Mapping[str, Any] = field(default_factory=dict)


class WindowAdvice(NamedTuple):
    """The advice, and the settings it is for."""

    settings: Settings
    advice: Advice


def advise_window(command: AdviseWindow, ports: Ports) -> WindowAdvice:
    """The advice for the coming 365 days, today included. Raises Invalid for changes that cannot be made."""
    organization = find_organization(command.org_id, ports, consistent=True)
    settings = resolve(check(command.changes, organization.settings))
    headcounts = ports.store.headcounts(command.org_id)
    today = ports.now().astimezone(load_zone(settings.send_window_time_zone)).date()
    return WindowAdvice(
        settings=settings, advice=advise(settings.window_rule(), _groups(settings, headcounts), first=today)
    )


def _groups(settings: Settings, headcounts: Mapping[str, int]) -> list[Group]:
    """The audiences by the legal rules that bind them. With recipient hours off the federal ones are the law still."""
    if settings.send_window_recipient_hours is RecipientHours.OFF:
        settings = replace(settings, send_window_recipient_hours=RecipientHours.FEDERAL)
    groups: dict[tuple[Rule, ...], Group] = {}
    for name, contacts in headcounts.items():
        audience = Audience.named(name)
        _, *legal = rules_for(settings, audience.recipient())
        rules = tuple(legal)
        known = groups.get(rules)
        groups[rules] = Group(
            contacts=contacts + (known.contacts if known else 0),
            zones=audience.zones,
            states=tuple(sorted({*audience.states, *(known.states if known else ())})),
            rules=rules,
        )
    return list(groups.values())
