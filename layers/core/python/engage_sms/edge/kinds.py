"""What can go wrong, as the caller sees it: `application/problem+json` (RFC 9457).

`type` is `/problems/<slug>`; the slugs stand in KINDS, from which the API's description is made too. Imports nothing
that starts slowly: the webhooks answer with these as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engage_sms.errors import Rejected

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = "2"
"""Seconds that a 503 asks the caller to wait."""

KINDS: Mapping[str, tuple[int, str]] = {
    "malformed-body": (400, "The body is not JSON; send one JSON object."),
    "malformed-webhook": (400, "The body is not a form with the fields that Twilio sends."),
    "unauthorized": (401, "Send a bearer token that has the claim org_id."),
    "forbidden": (403, "This needs the role admin; sign in as somebody who has it."),
    "bad-signature": (403, "The request is not signed with a token of the organization's account."),
    "not-found": (404, "There is no contact of that id in your organization."),
    "unknown-route": (404, "There is nothing at this path and method; see /docs."),
    "already-opted-in": (409, "The contact has opted in already; send a message."),
    "no-valid-cell-phone": (409, "The contact has no valid US or Canada cell phone number; add one first."),
    "not-held": (409, "The message waits no longer, so it cannot be cancelled."),
    "opt-in-limit-reached": (409, "The contact has been asked 3 times, which is the limit."),
    "opt-in-required": (409, "The contact has not opted in; send an opt-in request and wait for the YES."),
    "opt-in-too-soon": (409, "The contact was asked less than 12 hours ago; wait until next_request_at."),
    "opted-out": (409, "The contact has opted out; only they can come back, by texting START."),
    "request-in-progress": (409, "A request with this Idempotency-Key is being answered; ask again in a moment."),
    "twilio-account-in-progress": (409, "The account is being provisioned right now; ask again in a minute."),
    "twilio-account-required": (409, "Provision the organization's Twilio account first."),
    "user-has-no-number": (409, "You have no phone number to send from; ask your administrator for one."),
    "body-too-large": (413, "The body is larger than 1 MB; send less at once."),
    "unsupported-media-type": (415, "Send the body as application/json."),
    "acknowledgement-required": (422, "Set irreversible_acknowledged to true: a released number cannot be had back."),
    "idempotency-key-reused": (422, "This Idempotency-Key came with another request; use a new one."),
    "invalid": (422, "body: Give this; it is required."),
    "internal-error": (500, "Something went wrong on our side; it has been recorded. Try again later."),
    "provider-refused": (502, "Twilio refused this; the administrator of the system can see why."),
    "try-again": (503, "This could not be done just now; send the request again."),
}
"""Every problem's status, and its detail or an example of it."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One answer to a request that did not succeed. `fields` are the members beyond RFC 9457's own."""

    slug: str
    status: int
    detail: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {
            "type": f"/problems/{self.slug}",
            "title": self.slug.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **self.fields,
        }

    @property
    def body(self) -> str:
        return json.dumps(self.document(), default=_text, separators=(",", ":"))

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": RETRY_AFTER} if self.status == 503 else {}


def known_problem(slug: str, **fields: Any) -> Problem:
    """The problem as KINDS has it."""
    status, detail = KINDS[slug]
    return Problem(slug=slug, status=status, detail=detail, fields=fields)


def rejected(slug: str) -> Rejected:
    """The error that becomes this problem."""
    status, detail = KINDS[slug]
    return Rejected(slug, detail, status=status)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
