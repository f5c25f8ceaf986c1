"""Our tags on things at Twilio, by which they are found again after an ambiguous create; 64 characters at most."""

from __future__ import annotations

import re
from hashlib import sha256

from engage_sms.domain.message import MessageRef

LONGEST = 64
_REFERENCE = re.compile(r"\.".join([r"([A-Za-z0-9_-]{1,64})"] * 3))


def organization_tag(org_id: str) -> str:
    """The tag of an organization's subaccount and Messaging Service."""
    return _fit(f"engage-sms {org_id}")


def number_tag(org_id: str, user_id: str) -> str:
    """The tag of a user's number."""
    return _fit(f"engage-sms {org_id} {user_id}")


def reference(ref: MessageRef) -> str:
    """The message reference that rides in its status callback; the organization stands in the path."""
    return f"{ref.user_id}.{ref.contact_id}.{ref.message_id}"


def parse_reference(org_id: str, text: str) -> MessageRef:
    """The inverse of `reference`. Raises ValueError when the text is not one."""
    parts = _REFERENCE.fullmatch(text)
    if parts is None:
        raise ValueError("A message reference has three ids.")
    return MessageRef(org_id, *parts.groups())


def _fit(tag: str) -> str:
    return tag if len(tag) <= LONGEST else f"engage-sms #{sha256(tag.encode()).hexdigest()[:40]}"
