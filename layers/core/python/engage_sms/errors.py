"""What can go wrong, named for the reaction it asks for.

EngageError
├── Rejected           the caller can mend it: answered as problem+json, never retried
│   ├── NotFound         nothing of that id in the caller's organization (foreign and absent look alike)
│   └── Invalid          a field is wrong; `errors` says which
├── Retryable          later may be better: the queue delivers again, the API answers 503
│   ├── Conflict         a conditional write lost its race
│   └── RateLimited      the provider did not even look at it (HTTP 429)
├── OutcomeUnknown     the provider may or may not have done it: reconcile, never repeat
└── Permanent          no retry will help
    └── Refused          the provider said no, with a code of its own
"""

from __future__ import annotations

from typing import Any


class EngageError(Exception):
    """The root of the tree above."""


class Rejected(EngageError):
    """The caller can mend this. `slug` names the problem for programs, `detail` for people, `fields` ride along."""

    def __init__(self, slug: str, detail: str, *, status: int = 409, **fields: Any) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail
        self.status = status
        self.fields = fields


class NotFound(Rejected):
    """Nothing of that id in the caller's organization. `what` is a noun: "contact", "message"."""

    def __init__(self, what: str) -> None:
        super().__init__("not-found", f"There is no {what} of that id in your organization.", status=404)


class Invalid(Rejected):
    """A value cannot be taken. `errors` lists `{"field", "message"}`, one entry for each wrong field."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        detail = " ".join(f"{error['field']}: {error['message']}" for error in errors)
        super().__init__("invalid", detail, status=422, errors=errors)


class Retryable(EngageError):
    """Trying again later may succeed; nothing was done."""


class Conflict(Retryable):
    """A conditional write lost its race: somebody else changed the item first. Read again and decide again."""


class RateLimited(Retryable):
    """The provider answered 429: it certainly did not process the request."""


class OutcomeUnknown(EngageError):
    """Timeout, reset or 5xx after the request left: it may have been done. Reconcile; never repeat."""


class Permanent(EngageError):
    """No retry will help."""


class Refused(Permanent):
    """The provider refused, with its error `code` (Twilio's dictionary: twilio.com/docs/api/errors)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
