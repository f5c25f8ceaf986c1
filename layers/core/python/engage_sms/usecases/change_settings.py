"""Change an organization's settings: all of the changes or, when one is wrong, none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from engage_sms.domain.directory import Organization
from engage_sms.domain.settings import check
from engage_sms.errors import NotFound
from engage_sms.ports import Ports, Replace
from engage_sms.usecases.lookup import decide_again


class ChangeSettings(NamedTuple):
    """`changes` by dotted name; None puts a setting back to its default."""

    org_id: str
    changes: Mapping[str, Any]


def change_settings(command: ChangeSettings, ports: Ports) -> Organization:
    """The organization with its new settings. Raises Invalid naming every setting that cannot be taken."""

    def attempt() -> Organization:
        organization = ports.store.organization(command.org_id, consistent=True)
        if organization is None:
            raise NotFound("organization")
        changed = replace(organization, settings=check(command.changes, organization.settings))
        ports.store.commit(Replace(changed))
        return replace(changed, version=changed.version + 1)

    return decide_again(attempt)
