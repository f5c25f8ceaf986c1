"""What stops automation: pauses, and refusals that concern the whole account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.brake import (
    FIRST_REST,
    LONGEST_REST,
    MEMORY,
    PAUSED,
    PROBE,
    REFUSED,
    after_refusal,
    probe,
    standstill,
    until_resumed,
)
from engage_sms.domain.directory import AccountRefusal, Organization

NOW = datetime(2026, 7, 15, 15, 0, tzinfo=UTC)
OPEN = AccountRefusal(code="20003", count=1, until=NOW + FIRST_REST)


def organization(**fields: object) -> Organization:
    return Organization(id="acme", name="Acme", created_at=NOW, **fields)  # type: ignore[arg-type]


def test_automation_runs_by_default() -> None:
    """Neither paused nor refused."""
    assert standstill(organization(), NOW) is None


def test_a_pause_stands_before_a_refusal() -> None:
    """The longer standstill says why."""
    both = standstill(organization(paused_at=NOW, refusal=OPEN), NOW)
    refused = standstill(organization(refusal=OPEN), NOW)

    assert both is not None
    assert (both.rule, both.until) == (PAUSED, until_resumed(NOW))
    assert refused is not None
    assert (refused.rule, refused.until) == (REFUSED, OPEN.until)


def test_a_refusal_ends_by_itself() -> None:
    """From `until` on automation runs, by one probe first."""
    probing = probe(OPEN, OPEN.until)

    assert standstill(organization(refusal=OPEN), OPEN.until) is None
    assert probing is not None
    assert probing.until == OPEN.until + PROBE
    assert standstill(organization(refusal=probing), OPEN.until) is not None
    assert probe(probing, probing.until) is None
    assert probe(OPEN, NOW) is None
    assert probe(None, NOW) is None


def test_what_was_on_its_way_says_nothing_new() -> None:
    """Refusals that arrive while the breaker is open leave it as it is."""
    assert after_refusal(OPEN, code="30034", now=NOW + timedelta(seconds=5)) == OPEN


@given(st.integers(0, 40))
def test_refusals_in_a_row_rest_longer_up_to_a_bound(times: int) -> None:
    """Each probe that is refused doubles the rest, never beyond the longest."""
    now, known = NOW, after_refusal(None, code="20003", now=NOW)
    for count in range(1, times + 1):
        now = known.until
        probing = probe(known, now)
        known = after_refusal(probing, code="20003", now=now + PROBE / 2)

        assert known.count == count + 1
        assert known.until - (now + PROBE / 2) == min(LONGEST_REST, FIRST_REST * 2 ** min(count, 9))
        assert not known.probing


def test_a_quiet_day_is_forgotten() -> None:
    """A refusal long after the last one begins anew."""
    probing = probe(OPEN, OPEN.until)
    assert probing is not None
    soon = after_refusal(probing, code="20003", now=probing.until + timedelta(hours=1))
    late = after_refusal(probing, code="20003", now=probing.until + MEMORY)

    assert (soon.count, late.count) == (2, 1)
