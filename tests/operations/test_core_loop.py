"""`engage-sms smoke URL --phone NUMBER`: the core loop, with somebody who holds the phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local.command import main
from infra.operations import smoke as module
from infra.operations.answer import CannotDo
from infra.operations.core_loop import LOOKS, CoreLoop, user_of
from tests.served import served
from tests.world import PHONE, World

pytestmark = pytest.mark.enable_socket
STEPS = (
    "a contact is kept",
    "an opt-in request leaves",
    "a YES opts in",
    "a message is delivered",
    "a reply arrives",
)


class Holder:
    """Somebody with the phone: sees what arrives while the loop waits, and answers what they are told to, or not."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.told: list[str] = []
        self.looks = 0
        self.answers = True

    def say(self, what: str) -> None:
        self.told.append(what)

    def pause(self) -> None:
        self.looks += 1
        self.world.arrive()
        if self.told and self.answers:
            self.world.text("Yes" if "YES" in self.told.pop() else "Here I am")


@pytest.fixture
def world() -> World:
    """A user with a number; the phone has not been asked yet."""
    return World().ready()


@pytest.fixture
def running(world: World) -> Iterator[tuple[str, str]]:
    """The address of a system over loopback, and a user's token."""
    with served(world) as system:
        yield system.url, system.token


@pytest.fixture
def holder(world: World) -> Holder:
    return Holder(world)


@pytest.fixture
def loop(running: tuple[str, str], holder: Holder) -> CoreLoop:
    url, token = running
    return CoreLoop(url=url, token=token, user_id="u-1", phone=PHONE, say=holder.say, pause=holder.pause)


def outcomes(loop: CoreLoop) -> list[tuple[str, str]]:
    return [(what, outcome) for what, outcome, _ in loop.run()]


def test_each_step_is_done_and_said(loop: CoreLoop, world: World) -> None:
    """What the phone got is what the product sends: a request, the confirmation, and one message."""
    assert outcomes(loop) == [(step, "ok") for step in STEPS]
    assert len(world.received_by_phone()) == 3


def test_a_phone_that_opted_in_before_is_not_asked_again(loop: CoreLoop, holder: Holder, world: World) -> None:
    """The second run sends the message alone."""
    outcomes(loop)
    received = len(world.received_by_phone())

    assert outcomes(loop) == [(step, "ok") for step in STEPS]
    assert len(world.received_by_phone()) == received + 1


def test_a_phone_that_nobody_answers_is_waited_for_but_not_for_ever(loop: CoreLoop, holder: Holder) -> None:
    """The loop ends with the step that failed."""
    holder.answers = False

    assert outcomes(loop) == [(STEPS[0], "ok"), (STEPS[1], "ok"), (STEPS[2], "no YES came")]
    assert holder.looks == LOOKS


def test_a_refusal_is_told_in_the_words_of_the_problem(loop: CoreLoop, world: World) -> None:
    """A STOP binds this command as everybody."""
    world.text("STOP")
    found = outcomes(loop)

    assert [what for what, _ in found] == list(STEPS[:2])
    assert found[-1][1].startswith("409: ")
    assert world.received_by_phone() == []


def test_a_message_that_is_not_delivered_fails(loop: CoreLoop, world: World, holder: Holder) -> None:
    """With the state it ended in."""
    outcomes(loop)
    world.twilio.inject("messages.create", "30003")

    assert outcomes(loop)[-1] == ("a message is delivered", "it ended as undelivered")


def test_the_command_drives_the_loop_after_its_checks(
    running: tuple[str, str], holder: Holder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one table, told on standard error what to do."""
    prompted: list[Callable[[str], None]] = []

    def attended(**given: Any) -> CoreLoop:
        prompted.append(given["say"])

        def say(what: str) -> None:
            given["say"](what)
            holder.say(what)

        return CoreLoop(**{**given, "say": say, "pause": holder.pause})

    monkeypatch.setattr(module, "CoreLoop", attended)
    url, token = running
    with pytest.raises(SystemExit) as end:
        main(["smoke", url, "--token", token, "--phone", "(312) 555-0199"])
    shown = capsys.readouterr()

    assert end.value.code == 0
    assert "14 of 14 checks passed." in shown.out
    assert "answer it with YES" in shown.err


def test_the_loop_needs_to_know_who_is_calling(running: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """A token that does not say, no token, a phone that is none: one sentence each."""
    with pytest.raises(CannotDo, match="--user"):
        user_of("opaque")
    for arguments, code, says in (
        (["--phone", PHONE], 1, "needs the token"),
        (["--phone", "12"], 2, "too short"),
    ):
        with pytest.raises(SystemExit) as end:
            main(["smoke", running[0], *arguments])

        assert end.value.code == code
        assert says in capsys.readouterr().err
