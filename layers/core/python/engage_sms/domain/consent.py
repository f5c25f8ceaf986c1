"""Who may text whom: consent belongs to (organization, user, phone number).

One `Consent` holds all that an organization knows about one phone, for all of its users, so that a STOP for the whole
organization and a YES to one user are each a single versioned change, and dispatch reads one item to know.

Sources: 47 CFR 64.1200(a)(10) (revocation by any reasonable means), CTIA Messaging Principles 5.1 (opt-in and its
confirmation), the product's own budget of requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from engage_sms.domain.keywords import Keyword, classify

MAX_REQUESTS = 3
REQUEST_INTERVAL = timedelta(hours=12)


class ConsentState(StrEnum):
    """What a phone has said to one user."""

    NONE = "none"
    REQUESTED = "requested"
    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"


class Reply(StrEnum):
    """The automatic answer a text asks for."""

    CONFIRMATION = "confirmation"
    HELP = "help"
    OPTED_OUT = "opted_out"


class OptOutScope(StrEnum):
    """Whom a STOP silences (setting `sms.opt_out.scope`)."""

    ORGANIZATION = "organization"
    USER = "user"


@dataclass(frozen=True, kw_only=True)
class UserConsent:
    """One user's standing with the phone, and how much of the request budget is used."""

    state: ConsentState = ConsentState.NONE
    requests_sent: int = 0
    last_request_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One step that led here: what was said, in the exact words, when, and in which message."""

    at: datetime
    event: str
    user_id: str
    words: str
    message_id: str


@dataclass(frozen=True, kw_only=True)
class Consent:
    """All that one organization knows of one phone's consent. Changes only by a write conditional on `version`."""

    org_id: str
    phone: str
    users: Mapping[str, UserConsent] = field(default_factory=dict)
    opted_out_at: datetime | None = None
    """When the phone said STOP to the whole organization; also binds users it never heard from."""
    suspended_at: datetime | None = None
    """When a text read like a revocation without being a keyword: automation rests until the user decides."""
    evidence: tuple[Evidence, ...] = ()
    version: int = 0

    def of(self, user_id: str) -> UserConsent:
        """The user's effective standing. A STOP to the organization holds for users without an entry too."""
        fallback = ConsentState.OPTED_OUT if self.opted_out_at else ConsentState.NONE
        return self.users.get(user_id, UserConsent(state=fallback, changed_at=self.opted_out_at))

    def allows(self, user_id: str) -> bool:
        return self.of(user_id).state is ConsentState.OPTED_IN


class RequestRefusal(StrEnum):
    """Why no opt-in request may be sent now; the values are the API's problem slugs."""

    NO_VALID_CELL_PHONE = "no-valid-cell-phone"
    USER_HAS_NO_NUMBER = "user-has-no-number"
    ALREADY_OPTED_IN = "already-opted-in"
    OPTED_OUT = "opted-out"
    LIMIT_REACHED = "opt-in-limit-reached"
    TOO_SOON = "opt-in-too-soon"


def next_request_at(standing: UserConsent) -> datetime | None:
    """The earliest instant of another opt-in request; None when nothing stands in its way or nothing will help."""
    if standing.last_request_at is None or standing.requests_sent >= MAX_REQUESTS:
        return None
    return standing.last_request_at + REQUEST_INTERVAL


def request_refusal(standing: UserConsent, *, at: datetime) -> RequestRefusal | None:
    """Why this user may not send an opt-in request that leaves at the instant `at`; None when they may."""
    if standing.state is ConsentState.OPTED_IN:
        return RequestRefusal.ALREADY_OPTED_IN
    if standing.state is ConsentState.OPTED_OUT:
        return RequestRefusal.OPTED_OUT
    if standing.requests_sent >= MAX_REQUESTS:
        return RequestRefusal.LIMIT_REACHED
    earliest = next_request_at(standing)
    if earliest is not None and at < earliest:
        return RequestRefusal.TOO_SOON
    return None


def requested(consent: Consent, user_id: str, *, at: datetime, words: str, message_id: str) -> Consent:
    """The consent after reserving one request that leaves at `at` (in the future when it is held for an opening)."""
    standing = consent.of(user_id)
    after = replace(
        standing,
        state=ConsentState.REQUESTED,
        requests_sent=standing.requests_sent + 1,
        last_request_at=at,
        changed_at=at,
    )
    return _with(
        consent, user_id, after, Evidence(at=at, event="requested", user_id=user_id, words=words, message_id=message_id)
    )


def leaving(consent: Consent, user_id: str, *, message_id: str, at: datetime) -> Consent | RequestRefusal:
    """The consent with a reserved request's true instant of leaving, or why it may no longer leave.

    A held request leaves later than it was reserved for (pacing, a changed window); what counts for the 12 hours is
    when it leaves, so the distance to every other request is checked again.
    """
    standing = consent.of(user_id)
    if standing.state is ConsentState.OPTED_IN:
        return RequestRefusal.ALREADY_OPTED_IN
    if standing.state is ConsentState.OPTED_OUT:
        return RequestRefusal.OPTED_OUT
    others = _other_requests(consent, user_id, message_id)
    if any(abs(at - other) < REQUEST_INTERVAL for other in others):
        return RequestRefusal.TOO_SOON
    evidence = tuple(
        replace(e, at=at) if e.event == "requested" and e.message_id == message_id else e for e in consent.evidence
    )
    after = replace(standing, last_request_at=max(at, *others) if others else at)
    return replace(consent, users={**consent.users, user_id: after}, evidence=evidence)


def _other_requests(consent: Consent, user_id: str, message_id: str) -> list[datetime]:
    """When this user's other requests left, or are to leave."""
    requests = (e for e in consent.evidence if e.event == "requested" and e.user_id == user_id)
    return [e.at for e in requests if e.message_id != message_id]


def heard(
    consent: Consent, user_id: str, *, at: datetime, words: str, message_id: str, scope: OptOutScope
) -> tuple[Consent, Reply | None]:
    """What a text from the phone to this user's number does to consent, and the answer it asks for.

    STOP opts out at once, for the whole organization unless the scope says otherwise, and is answered when it is the
    first: one text may confirm it (47 CFR 64.1200(a)(12)). YES, START and UNSTOP opt in
    when a request is open or the phone had opted out; with no open request they are a plain message. A text that only
    reads like a revocation suspends automation. Anything else changes nothing.
    """

    def evidence(event: str) -> Evidence:
        return Evidence(at=at, event=event, user_id=user_id, words=words, message_id=message_id)

    standing = consent.of(user_id)
    match classify(words):
        case Keyword.STOP:
            users = {**consent.users, user_id: replace(standing, state=ConsentState.OPTED_OUT, changed_at=at)}
            if scope is OptOutScope.ORGANIZATION:
                users = {
                    user: replace(entry, state=ConsentState.OPTED_OUT, changed_at=at) for user, entry in users.items()
                }
                consent = replace(consent, opted_out_at=at)
            told = standing.state is ConsentState.OPTED_OUT
            return (
                replace(consent, users=users, evidence=(*consent.evidence, evidence("opted_out"))),
                None if told else Reply.OPTED_OUT,
            )
        case Keyword.START if standing.state in {ConsentState.REQUESTED, ConsentState.OPTED_OUT}:
            after = replace(standing, state=ConsentState.OPTED_IN, changed_at=at)
            return _with(replace(consent, suspended_at=None), user_id, after, evidence("opted_in")), Reply.CONFIRMATION
        case Keyword.HELP:
            return consent, Reply.HELP
        case Keyword.REVOCATION if standing.state is not ConsentState.OPTED_OUT:
            return (
                replace(consent, suspended_at=at, evidence=(*consent.evidence, evidence("revocation_suspected"))),
                None,
            )
        case _:
            return consent, None


def _with(consent: Consent, user_id: str, standing: UserConsent, evidence: Evidence) -> Consent:
    return replace(consent, users={**consent.users, user_id: standing}, evidence=(*consent.evidence, evidence))
