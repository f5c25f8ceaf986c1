"""`engage-sms smoke`: what it asks of a running system, and what it says when something is wrong."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator

import pytest

from infra.local.command import main
from infra.local.server import listen
from infra.operations import smoke as module
from infra.operations.smoke import CHECKS, Check
from tests.served import served
from tests.world import World

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def running() -> Iterator[tuple[str, str]]:
    """The address of a system over loopback, and a user's token."""
    world = World().opted_in()
    with served(world) as system:
        yield system.url, system.token


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["smoke", *arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_a_system_that_is_well_passes_every_check(running: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """With a token from a command; every check is named with its outcome and how long it took."""
    url, token = running
    code = run(url, "--token-command", f"{shlex.quote(sys.executable)} -c 'print(\"{token}\")'", "--json")
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])

    assert [(item["check"], item["outcome"]) for item in answer["items"]] == [(check.what, "ok") for check in CHECKS]
    assert answer["sentence"] == f"{len(CHECKS)} of {len(CHECKS)} checks passed."
    assert code == 0


def test_without_a_token_the_front_door_is_still_tried(
    running: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it says how many checks were left out."""
    code = run(running[0])

    assert code == 0
    assert "4 of 4 checks passed. 5 more need a token" in " ".join(capsys.readouterr().out.split())


def test_what_is_wrong_is_said_and_fails(
    running: tuple[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer of another status, and one that lacks what it should have."""
    wrong = (
        Check(what="status", path="/healthz", status=204, with_token=False),
        Check(what="document", path="/healthz", with_token=False, holds=lambda found: found["absent"]),
    )
    monkeypatch.setattr(module, "CHECKS", wrong)
    code = run(running[0], "--json")
    items = json.loads(capsys.readouterr().out.splitlines()[-1])["items"]

    assert code == 1
    assert [item["outcome"] for item in items] == ["answered 200 instead of 204", "the answer is not as described"]


def test_an_address_where_nobody_answers_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """With exit code 1."""
    with listen(0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    code = run(url)

    assert code == 1
    assert f"Nobody answers at {url}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["http://localhost.example.com"], 2, "not an address with https://"),
        (["http://sms.example.com"], 2, "not an address with https://"),
        (["https://sms.example.com", "--token-command", "false"], 1, "printed no token (exit code 1)"),
        (["https://sms.example.com", "--token-command", "no-such-program"], 1, "cannot be run"),
    ],
)
def test_what_cannot_be_tried_is_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, says: str
) -> None:
    """A token never travels in the clear, except on this machine."""
    assert run(*arguments) == code
    assert says in capsys.readouterr().err
