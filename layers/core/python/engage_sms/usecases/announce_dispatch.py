"""A worker of dispatch says which automated messages it is about to send, so that a pause can count them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from engage_sms.domain.brake import Underway
from engage_sms.domain.message import MessageRef
from engage_sms.ports import Overwrite, Ports


class AnnounceDispatch(NamedTuple):
    """`worker` names the execution environment: it works on one batch at a time."""

    worker: str
    refs: Sequence[MessageRef]


def announce_dispatch(command: AnnounceDispatch, ports: Ports) -> None:
    """One small write for each organization in the batch, in place of what the worker had in hand before."""
    by_organization: defaultdict[str, list[MessageRef]] = defaultdict(list)
    for ref in command.refs:
        by_organization[ref.org_id].append(ref)
    for org_id, refs in by_organization.items():
        ports.store.commit(Overwrite(Underway(org_id=org_id, worker=command.worker, refs=tuple(refs), at=ports.now())))
