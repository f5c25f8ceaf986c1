"""New messages: the fields that every kind fills the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from engage_sms.domain.directory import Contact, Organization, User
from engage_sms.domain.message import Direction, Kind, Message, Status, TraceEntry
from engage_sms.domain.planning import Plan
from engage_sms.domain.segments import measure
from engage_sms.domain.texts import render


def merge_values(organization: Organization, user: User, contact: Contact) -> dict[str, str]:
    """The values of the merge fields that every text may use."""
    return {
        "contact.first_name": contact.first_name,
        "contact.last_name": contact.last_name,
        "user.name": user.name,
        "user.license": user.license or "",
        "organization.name": organization.name,
    }


def rendered(template: str, organization: Organization, user: User, contact: Contact) -> str:
    return render(template, merge_values(organization, user, contact))


def outbound(
    *,
    message_id: str,
    now: datetime,
    user: User,
    contact: Contact,
    kind: Kind,
    body: str,
    plan: Plan | None = None,
    media_urls: Sequence[str] = (),
    expires_at: datetime | None = None,
    step_expires_at: datetime | None = None,
    source: Mapping[str, str] | None = None,
) -> Message:
    """A message from the user's number to the contact's, standing where it begins.

    An automated one stands where its plan says; without a plan it is a person's own and goes at once.
    """
    begins = plan or Plan(Status.QUEUED, now)
    detail = begins.hold.reason if begins.hold else begins.failure.message if begins.failure else ""
    return Message(
        id=message_id,
        org_id=user.org_id,
        user_id=user.id,
        contact_id=contact.id,
        direction=Direction.OUTBOUND,
        kind=kind,
        phone=contact.cell_phone or "",
        number=user.number or "",
        body=body,
        media_urls=tuple(media_urls),
        status=begins.status,
        segments=measure(body).segments,
        created_at=now,
        hold=begins.hold,
        error=begins.failure,
        expires_at=expires_at,
        step_expires_at=step_expires_at,
        automated=plan is not None,
        source=source or {},
        trace=(TraceEntry(at=now, event=str(begins.status), detail=detail),),
    )
