"""A message moves forward only: late, repeated and disordered reports change nothing that is settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain import message as messages
from engage_sms.domain.message import (
    FINAL,
    UNSENT,
    WAITING,
    Direction,
    Failure,
    Hold,
    Kind,
    Message,
    MessageRef,
    Status,
    Transition,
    advance,
)

NOW = datetime(2026, 7, 15, 15, tzinfo=UTC)
LEASE = timedelta(seconds=30)
HOLD = Hold(reason="Outside the sending window.", rule="organization", until=NOW + timedelta(hours=1))
FAILURE = Failure(code="21610", message="The contact has opted out.")
REPORTS = ("accepted", "queued", "sending", "sent", "delivered", "undelivered", "failed", "canceled", "read")


def message(status: Status = Status.QUEUED) -> Message:
    return Message(
        id="m1",
        org_id="o1",
        user_id="u1",
        contact_id="c1",
        direction=Direction.OUTBOUND,
        kind=Kind.JOURNEY,
        phone="+14155550100",
        number="+14155550199",
        body="Hello",
        status=status,
        segments=1,
        created_at=NOW,
    )


def report(status: str, code: str | None = None) -> Transition | None:
    return messages.reported(now=NOW, twilio_status=status, sid="SM1", error_code=code)


def every_step() -> list[Transition]:
    steps = [
        messages.claim(now=NOW, lease=LEASE),
        messages.abandoned(now=NOW + 2 * LEASE),
        messages.unanswered(now=NOW),
        messages.accepted(now=NOW, sid="SM1"),
        messages.refused(now=NOW, failure=FAILURE),
        messages.returned(now=NOW, detail="Twilio was busy."),
        messages.held(now=NOW, hold=HOLD, leaves=WAITING | {Status.SENDING, Status.QUEUED}),
        messages.queued(now=NOW),
        *(
            messages.ended(now=NOW, to=to, code=str(to), detail="Ended.")
            for to in (Status.CANCELLED, Status.EXPIRED, Status.SKIPPED)
        ),
    ]
    return steps + [step for step in map(report, REPORTS) if step]


STEPS = every_step()


def run(start: Message, steps: list[Transition]) -> Message:
    for step in steps:
        start = advance(start, step) or start
    return start


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_final_state_is_final(status: Status) -> None:
    """No step of any kind leaves a final state."""
    settled = message(status)

    assert [advance(settled, step) for step in STEPS] == [None] * len(STEPS)


@given(st.sampled_from(sorted(Status)), st.lists(st.sampled_from(STEPS), max_size=12))
def test_after_any_steps_the_first_final_state_stays(status: Status, steps: list[Transition]) -> None:
    """Whatever arrives in whatever order, a message that ended keeps its ending and its whole trace."""
    settled: Message | None = None
    current = message(status)
    for step in steps:
        after = advance(current, step)
        if after is not None:
            assert current.status in step.leaves
            assert after.trace == (*current.trace, step.trace)

        current = after or current
        if current.status in FINAL:
            settled = settled or current

            assert current == settled


@given(
    st.lists(st.sampled_from(REPORTS), min_size=1, max_size=8).filter(lambda told: {"delivered", "read"} & set(told))
)
def test_disordered_reports_end_in_one_state(told: list[str]) -> None:
    """Reports that agree on the outcome end the same in any order, however often each comes."""
    agreeing = [status for status in told if status not in {"undelivered", "failed", "canceled"}]
    steps = [step for step in map(report, agreeing) if step]

    assert run(message(Status.SENDING), steps).status is Status.DELIVERED


@pytest.mark.parametrize("order", list(permutations(("accepted here", "sent", "delivered"))))
@pytest.mark.parametrize("start", [Status.SENDING, Status.UNKNOWN])
def test_the_answer_and_the_callbacks_may_overtake_each_other(start: Status, order: tuple[str, ...]) -> None:
    """Twilio's own answer may come after its callbacks: delivered stays delivered, with Twilio's id."""
    steps = {
        "accepted here": messages.accepted(now=NOW, sid="SM1"),
        "sent": report("sent"),
        "delivered": report("delivered"),
    }
    ended = run(message(start), [step for step in (steps[name] for name in order) if step])

    assert ended.status is Status.DELIVERED
    assert ended.sid == "SM1"
    assert ended.delivered_at == NOW
    assert ended.lease_until is None


@given(st.lists(st.sampled_from(["undelivered", "failed", "delivered", "canceled"]), min_size=1, max_size=5))
def test_of_conflicting_outcomes_the_first_stays(told: list[str]) -> None:
    """When reports disagree, the first outcome heard is kept."""
    steps = [step for step in map(report, told) if step]
    ended = run(message(Status.SENT), steps)

    assert ended.status is steps[0].to
    assert len(ended.trace) == 1


def test_reports_before_sending_add_nothing() -> None:
    """Twilio's own inner states are no news."""
    assert [report(status) for status in ("accepted", "queued", "sending", "scheduled", "")] == [None] * 5


def test_a_reported_error_is_kept() -> None:
    """Twilio's code is what the user sees."""
    step = report("undelivered", "30003")
    assert step is not None
    ended = advance(message(Status.SENT), step)

    assert ended is not None
    assert ended.error == Failure(code="30003", message="Twilio reported error 30003.")


@pytest.mark.parametrize("status", sorted(Status))
def test_only_a_waiting_message_is_claimed(status: Status) -> None:
    """Dispatch takes what is queued or due; a claim in progress, an unknown or an ended one never again."""
    claimed = advance(message(status), messages.claim(now=NOW, lease=LEASE))

    assert (claimed is not None) == (status in {Status.HELD, Status.QUEUED})
    if claimed is not None:
        assert claimed.status is Status.SENDING
        assert claimed.lease_until == NOW + LEASE
        assert claimed.hold is None


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_a_message_is_claimed_once(attempts: list[int]) -> None:
    """However many deliveries the queue makes, one claim succeeds until the message comes back."""
    current = message()
    won = 0
    for _ in attempts:
        after = advance(current, messages.claim(now=NOW, lease=LEASE))
        won += after is not None
        current = after or current

    assert won == 1


def test_a_claim_is_abandoned_only_after_its_lease() -> None:
    """While the holder may be alive nobody declares its outcome unknown."""
    claimed = advance(message(), messages.claim(now=NOW, lease=LEASE))
    assert claimed is not None

    assert advance(claimed, messages.abandoned(now=NOW + LEASE)) is None

    after = advance(claimed, messages.abandoned(now=NOW + LEASE + timedelta(seconds=1)))
    assert after is not None
    assert after.status is Status.UNKNOWN


def test_a_message_without_a_lease_is_not_abandoned() -> None:
    """Only a claim can be abandoned."""
    assert advance(message(Status.SENDING), messages.abandoned(now=NOW)) is None


@pytest.mark.parametrize("status", [Status.SENT, Status.UNKNOWN, *sorted(FINAL)])
def test_what_may_have_left_cannot_be_cancelled(status: Status) -> None:
    """A message that Twilio may have is neither cancelled nor expired nor skipped by us."""
    step = messages.ended(now=NOW, to=Status.CANCELLED, code="cancelled", detail="The user cancelled it.")

    assert advance(message(status), step) is None


@pytest.mark.parametrize("status", sorted(UNSENT))
def test_what_has_not_left_can_be_cancelled(status: Status) -> None:
    """Everything before dispatch can be cancelled, and says why it ended."""
    step = messages.ended(now=NOW, to=Status.CANCELLED, code="cancelled", detail="The user cancelled it.")
    ended = advance(message(status), step)

    assert ended is not None
    assert ended.status is Status.CANCELLED
    assert ended.error == Failure(code="cancelled", message="The user cancelled it.")


def test_a_held_message_says_why_until_it_leaves() -> None:
    """The hold is there while it waits, and gone once it is queued."""
    waiting = advance(message(), messages.held(now=NOW, hold=HOLD, leaves=frozenset({Status.QUEUED})))
    assert waiting is not None
    released = advance(waiting, messages.queued(now=NOW, detail="The window opened."))
    assert released is not None

    assert waiting.hold == HOLD
    assert released.hold is None
    assert [entry.event for entry in released.trace] == ["held", "queued"]


def test_a_message_knows_where_it_lives() -> None:
    """Its reference is its four ids."""
    assert message().ref == MessageRef("o1", "u1", "c1", "m1")
