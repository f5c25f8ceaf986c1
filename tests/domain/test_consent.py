"""Nobody is messaged without consent: the request budget, and who may change what by saying what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage_sms.domain.consent import (
    MAX_REQUESTS,
    REQUEST_INTERVAL,
    Consent,
    ConsentState,
    OptOutScope,
    Reply,
    RequestRefusal,
    UserConsent,
    heard,
    leaving,
    next_request_at,
    request_refusal,
    requested,
)

NOW = datetime(2026, 7, 15, 15, tzinfo=UTC)
USERS = ("ann", "bob")
STOP_TEXTS = ("STOP", "stop.", "Unsubscribe", "opt-out")
START_TEXTS = ("YES", "start", "Unstop!")
OTHER_TEXTS = ("hello", "HELP", "yes please", "please stop texting me", "INFO", "")

HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(("request", "text")),
        st.sampled_from(USERS),
        st.sampled_from(STOP_TEXTS + START_TEXTS + OTHER_TEXTS),
        st.integers(0, 30),
    ),
    max_size=40,
)


def fresh() -> Consent:
    return Consent(org_id="o1", phone="+14155550100")


def ask(consent: Consent, user: str, at: datetime = NOW, message_id: str = "m1") -> Consent:
    assert request_refusal(consent.of(user), at=at) is None
    return requested(consent, user, at=at, words="May I text you?", message_id=message_id)


def hear(consent: Consent, user: str, words: str, at: datetime = NOW, scope: str = "organization") -> Consent:
    return heard(consent, user, at=at, words=words, message_id="m2", scope=OptOutScope(scope))[0]


def opted_in(*users: str) -> Consent:
    consent = fresh()
    for user in users:
        consent = hear(ask(consent, user), user, "YES")
    return consent


@given(HAPPENINGS, st.sampled_from(sorted(OptOutScope)))
def test_the_request_budget_holds_whatever_happens(happenings: list[Any], scope: OptOutScope) -> None:
    """Never more than 3 requests, never two within 12 hours, per user, for any sequence of requests and texts."""
    consent, at = fresh(), NOW
    sent: dict[str, list[datetime]] = {user: [] for user in USERS}
    for what, user, words, hours in happenings:
        at += timedelta(hours=hours)
        if what == "text":
            consent = hear(consent, user, words, at, scope)
        elif request_refusal(consent.of(user), at=at) is None:
            consent = requested(consent, user, at=at, words="May I?", message_id=f"m{at:%j%H}{len(sent[user])}{user}")
            sent[user].append(at)

    for instants in sent.values():
        assert len(instants) <= MAX_REQUESTS
        assert all(later - earlier >= REQUEST_INTERVAL for earlier, later in pairwise(instants))


@given(HAPPENINGS, st.sampled_from(STOP_TEXTS), st.sampled_from(USERS))
def test_stop_always_wins(happenings: list[Any], stop: str, speaker: str) -> None:
    """After a STOP to the organization no user is allowed, whatever came before, known to the phone or not."""
    consent = fresh()
    for what, user, words, _ in happenings:
        if what == "text":
            consent = hear(consent, user, words)
        elif request_refusal(consent.of(user), at=NOW) is None:
            consent = ask(consent, user)
    consent = hear(consent, speaker, stop)

    for user in (*USERS, "somebody new"):
        assert not consent.allows(user)
        assert request_refusal(consent.of(user), at=NOW + timedelta(days=99)) is RequestRefusal.OPTED_OUT


@given(st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(STOP_TEXTS + OTHER_TEXTS)), max_size=15))
def test_only_the_contacts_own_word_brings_consent_back(texts: list[tuple[str, str]]) -> None:
    """After a STOP nothing but YES, START or UNSTOP opts in again."""
    consent = hear(opted_in(*USERS), "ann", "STOP")
    for user, words in texts:
        consent = hear(consent, user, words)

    assert not any(consent.allows(user) for user in USERS)


@pytest.mark.parametrize("words", START_TEXTS)
def test_coming_back_is_with_the_user_who_was_texted(words: str) -> None:
    """YES after a STOP opts in for that user alone."""
    consent = hear(hear(opted_in(*USERS), "ann", "STOP"), "bob", words)

    assert consent.allows("bob")
    assert not consent.allows("ann")
    assert not consent.allows("somebody new")


def test_a_stop_may_be_for_one_user() -> None:
    """With the scope `user` the others go on."""
    consent = hear(opted_in(*USERS), "ann", "STOP", scope="user")

    assert not consent.allows("ann")
    assert consent.allows("bob")
    assert consent.of("somebody new").state is ConsentState.NONE


@given(HAPPENINGS, st.sampled_from(("HELP", "info", " Help! ")))
def test_help_never_changes_consent(happenings: list[Any], words: str) -> None:
    """HELP is answered and nothing else happens."""
    consent = fresh()
    for what, user, said, _ in happenings:
        if what == "text":
            consent = hear(consent, user, said)
    after, reply = heard(consent, "ann", at=NOW, words=words, message_id="m3", scope=OptOutScope.ORGANIZATION)

    assert after == consent
    assert reply is Reply.HELP


def test_yes_answers_an_open_request() -> None:
    """Request, YES, confirmation; each with its words as evidence."""
    consent, reply = heard(
        ask(fresh(), "ann"), "ann", at=NOW, words="Yes!", message_id="m2", scope=OptOutScope.ORGANIZATION
    )

    assert reply is Reply.CONFIRMATION
    assert consent.allows("ann")
    assert [(step.event, step.words) for step in consent.evidence] == [
        ("requested", "May I text you?"),
        ("opted_in", "Yes!"),
    ]


@pytest.mark.parametrize("words", START_TEXTS)
def test_yes_without_a_request_is_a_plain_message(words: str) -> None:
    """Nobody opts in by chance: not without a request, not with another user, not twice."""
    for consent in (fresh(), ask(fresh(), "bob"), opted_in("ann")):
        after, reply = heard(consent, "ann", at=NOW, words=words, message_id="m2", scope=OptOutScope.ORGANIZATION)

        assert after == consent
        assert reply is None


def test_a_free_text_revocation_suspends_until_the_contact_says_yes() -> None:
    """Automation rests, consent stays; it is in the evidence. After a STOP there is nothing left to suspend."""
    consent = hear(opted_in("ann"), "ann", "Please stop texting me")

    assert consent.suspended_at == NOW
    assert consent.allows("ann")
    assert consent.evidence[-1].event == "revocation_suspected"
    assert hear(hear(consent, "ann", "STOP"), "ann", "YES").suspended_at is None
    assert hear(hear(fresh(), "ann", "STOP"), "ann", "Please stop texting me").suspended_at is None


def test_stop_is_answered_once_asked() -> None:
    """Every STOP asks for an answer; whether we or Twilio give it is a setting."""
    reply = heard(fresh(), "ann", at=NOW, words="STOP", message_id="m2", scope=OptOutScope.ORGANIZATION)[1]

    assert reply is Reply.OPTED_OUT


def test_each_refusal_has_its_reason() -> None:
    """Opted in, opted out, budget used, too soon: each is told apart."""
    later = NOW + REQUEST_INTERVAL

    def refusal(standing: UserConsent, at: datetime = later) -> RequestRefusal | None:
        return request_refusal(standing, at=at)

    assert refusal(UserConsent(state=ConsentState.OPTED_IN)) is RequestRefusal.ALREADY_OPTED_IN
    assert refusal(UserConsent(state=ConsentState.OPTED_OUT)) is RequestRefusal.OPTED_OUT
    assert refusal(UserConsent(requests_sent=3, last_request_at=NOW)) is RequestRefusal.LIMIT_REACHED
    assert refusal(UserConsent(requests_sent=1, last_request_at=NOW), later - timedelta(microseconds=1)) is (
        RequestRefusal.TOO_SOON
    )
    assert refusal(UserConsent(requests_sent=1, last_request_at=NOW)) is None


def test_the_next_request_is_known() -> None:
    """12 hours after the last; nothing before the first and after the third."""
    assert next_request_at(UserConsent()) is None
    assert next_request_at(UserConsent(requests_sent=1, last_request_at=NOW)) == NOW + REQUEST_INTERVAL
    assert next_request_at(UserConsent(requests_sent=3, last_request_at=NOW)) is None


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(-20, 60)), max_size=6))
def test_held_requests_keep_their_distance_when_they_leave(requests: list[tuple[int, int]]) -> None:
    """A request that leaves later or earlier than reserved still leaves 12 hours from every other."""
    consent, at, left = fresh(), NOW, list[datetime]()
    for number, (wait, shift) in enumerate(requests):
        at += timedelta(hours=wait)
        if request_refusal(consent.of("ann"), at=at) is not None:
            continue
        consent = ask(consent, "ann", at, f"m{number}")
        moved = at + timedelta(hours=shift)
        after = leaving(consent, "ann", message_id=f"m{number}", at=moved)
        if isinstance(after, Consent):
            consent, left = after, [*left, moved]

    assert len(left) <= MAX_REQUESTS
    assert all(abs(one - other) >= REQUEST_INTERVAL for one in left for other in left if one is not other)


def test_a_held_request_does_not_leave_after_the_answer() -> None:
    """Once the contact said YES or STOP, a request still on its way is pointless or forbidden."""
    asked = ask(fresh(), "ann")

    assert leaving(hear(asked, "ann", "YES"), "ann", message_id="m1", at=NOW) is RequestRefusal.ALREADY_OPTED_IN
    assert leaving(hear(asked, "ann", "STOP"), "ann", message_id="m1", at=NOW) is RequestRefusal.OPTED_OUT
