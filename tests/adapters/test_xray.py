"""One message is followed across functions: its id rides on each function's trace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engage_sms.adapters.xray import HEADER, follow, following

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:0"
IDS = {"org_id": "acme", "message_id": "m-1"}


class Daemon(list[tuple[bytes, tuple[str, int]]]):
    """What the daemon got."""

    def __call__(self, datagram: bytes, address: tuple[str, int]) -> None:
        self.append((datagram, address))

    def subsegment(self) -> dict[str, Any]:
        [(datagram, _)] = self
        header, _, body = datagram.decode().partition("\n")
        assert f"{header}\n" == HEADER
        read: dict[str, Any] = json.loads(body)
        return read


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Daemon:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    return Daemon()


def test_the_trace_of_the_call_gets_the_ids(daemon: Daemon) -> None:
    """X-Ray finds it by `annotation.message_id`, below the function's own segment."""
    with following(daemon, **IDS):
        pass
    sent = daemon.subsegment()

    assert daemon[0][1] == ("169.254.79.129", 2000)
    assert (sent["trace_id"], sent["parent_id"]) == ("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8")
    assert (sent["type"], sent["annotations"]) == ("subsegment", IDS)
    assert len(sent["id"]) == 16
    assert sent["start_time"] <= sent["end_time"]


def test_work_that_fails_is_marked_too(daemon: Daemon) -> None:
    """The failure goes on as it was."""
    with pytest.raises(LookupError, match="gone"), following(daemon, **IDS):
        raise LookupError("gone")

    assert daemon.subsegment()["annotations"] == IDS


@pytest.mark.parametrize(
    ("address", "trace"),
    [
        ("", TRACE),
        ("nowhere", TRACE),
        ("169.254.79.129:2000", ""),
        ("169.254.79.129:2000", TRACE.replace("Sampled=1", "Sampled=0")),
        ("169.254.79.129:2000", "Sampled=1"),
    ],
)
def test_without_a_sampled_trace_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, daemon: Daemon, address: str, trace: str
) -> None:
    """Neither here, nor where X-Ray chose not to look."""
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    follow(daemon, **IDS)

    assert daemon == []


def test_a_daemon_that_cannot_be_reached_harms_nobody(daemon: Daemon) -> None:
    """A mark is worth no message."""

    def refuse(datagram: bytes, address: tuple[str, int]) -> None:
        daemon.append((datagram, address))
        raise OSError("unreachable")

    follow(refuse, **IDS)

    assert len(daemon) == 1
