"""Users, contacts, and the evidence of consent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from engage_sms.domain.consent import Evidence, UserConsent
from engage_sms.domain.directory import Contact, User
from engage_sms.edge.schemas.base import CursorPage, Id, Schema, example
from engage_sms.usecases.list_users import UserPage
from engage_sms.usecases.view_contact import ContactView, SmsStanding

_USER = {
    "id": "u-17",
    "name": "Ana Torres",
    "email": "ana@prairie.example",
    "cell_phone": "+13125550142",
    "license": "NMLS 123456",
    "number": "+13125550199",
    "provisioned_at": "2024-08-01T15:04:05Z",
}
_CONTACT = {
    "id": "c-204",
    "owner_id": "u-17",
    "first_name": "Sam",
    "last_name": "Lee",
    "cell_phone": "+14155550123",
    "email": "sam@mail.example",
    "time_zone": "America/Los_Angeles",
    "state": "CA",
    "postal_code": "94105",
}
_SMS = {
    "consent": "requested",
    "can_message": False,
    "can_request_opt_in": False,
    "reason": "opt-in-too-soon",
    "requests_sent": 1,
    "next_request_at": "2024-08-02T03:04:05Z",
}
_EVIDENCE = {
    "at": "2024-08-01T15:10:00Z",
    "event": "opted_in",
    "user_id": "u-17",
    "words": "Yes",
    "message_id": "01J47Z3V9K8Q2W5E7R9T1Y3U5I",
}


class UserBody(Schema):
    """Somebody of the organization; the cell phone in any usual US or Canada form."""

    model_config = example(
        name="Ana Torres", email="ana@prairie.example", cell_phone="(312) 555-0142", license="NMLS 123456"
    )

    name: str = Field(min_length=1, max_length=200)
    email: str = Field(min_length=3, max_length=320)
    cell_phone: str = Field(min_length=1, max_length=40)
    license: str | None = Field(default=None, max_length=100)


class UserAnswer(Schema):
    """A user, with the number it texts from once one is provisioned."""

    model_config = example(**_USER)

    id: str
    name: str
    email: str
    cell_phone: str
    license: str | None
    number: str | None
    provisioned_at: datetime | None

    @classmethod
    def of(cls, user: User) -> UserAnswer:
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            cell_phone=user.cell_phone,
            license=user.license,
            number=user.number,
            provisioned_at=user.provisioned_at,
        )


class UsersAnswer(Schema):
    """One page of the phone-management list, by name."""

    model_config = example(items=[_USER], page=1, per_page=25, total=234, pages=10)

    items: list[UserAnswer]
    page: int
    per_page: int
    total: int
    pages: int

    @classmethod
    def of(cls, page: UserPage) -> UsersAnswer:
        items = [UserAnswer.of(user) for user in page.items]
        return cls(items=items, page=page.page, per_page=page.per_page, total=page.total, pages=page.pages)


class ContactBody(Schema):
    """Somebody the organization texts with. Without `cell_phone` there is nothing to text to."""

    model_config = example(**{key: value for key, value in _CONTACT.items() if key != "id"})

    owner_id: Id
    first_name: str = Field(max_length=100)
    last_name: str = Field(max_length=100)
    cell_phone: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=320)
    time_zone: str | None = Field(default=None, max_length=64, description="An IANA name, such as America/Denver.")
    state: str | None = Field(
        default=None, max_length=64, description="A US state or Canadian province, by name or two letters."
    )
    postal_code: str | None = Field(default=None, max_length=16, description="A ZIP or Canadian postal code.")


class SmsAnswer(Schema):
    """What the caller may do with the contact; `reason` says why no message can go, null when one can."""

    model_config = example(**_SMS)

    consent: str
    can_message: bool
    can_request_opt_in: bool
    reason: str | None
    requests_sent: int
    next_request_at: datetime | None

    @classmethod
    def of(cls, sms: SmsStanding) -> SmsAnswer:
        return cls(
            consent=sms.consent,
            can_message=sms.can_message,
            can_request_opt_in=sms.can_request_opt_in,
            reason=sms.reason,
            requests_sent=sms.requests_sent,
            next_request_at=sms.next_request_at,
        )


class PlainContactAnswer(Schema):
    """A contact as stored."""

    model_config = example(**_CONTACT)

    id: str
    owner_id: str
    first_name: str
    last_name: str
    cell_phone: str | None
    email: str | None
    time_zone: str | None
    state: str | None
    postal_code: str | None

    @classmethod
    def of(cls, contact: Contact) -> PlainContactAnswer:
        return cls(**_contact_fields(contact))


class ContactAnswer(PlainContactAnswer):
    """A contact, and what the caller may do with it."""

    model_config = example(**_CONTACT, sms=_SMS)

    sms: SmsAnswer

    @classmethod
    def seen(cls, view: ContactView) -> ContactAnswer:
        return cls(**_contact_fields(view.contact), sms=SmsAnswer.of(view.sms))


class ContactsAnswer(CursorPage[ContactAnswer]):
    """One page of the organization's contacts."""

    model_config = example(items=[{**_CONTACT, "sms": _SMS}], next_cursor=None)


class EvidenceAnswer(Schema):
    """One step that led to the state: what was said, in the exact words, when, in which message."""

    model_config = example(**_EVIDENCE)

    at: datetime
    event: str
    user_id: str
    words: str
    message_id: str

    @classmethod
    def of(cls, evidence: Evidence) -> EvidenceAnswer:
        return cls(
            at=evidence.at,
            event=evidence.event,
            user_id=evidence.user_id,
            words=evidence.words,
            message_id=evidence.message_id,
        )


class ConsentAnswer(Schema):
    """The contact's consent towards the caller, with all its evidence, oldest first."""

    model_config = example(
        contact_id="c-204",
        state="opted_in",
        requests_sent=1,
        last_request_at="2024-08-01T15:04:05Z",
        changed_at="2024-08-01T15:10:00Z",
        evidence=[_EVIDENCE],
    )

    contact_id: str
    state: str
    requests_sent: int
    last_request_at: datetime | None
    changed_at: datetime | None
    evidence: list[EvidenceAnswer]

    @classmethod
    def of(cls, contact_id: str, standing: UserConsent, evidence: tuple[Evidence, ...]) -> ConsentAnswer:
        return cls(
            contact_id=contact_id,
            state=standing.state,
            requests_sent=standing.requests_sent,
            last_request_at=standing.last_request_at,
            changed_at=standing.changed_at,
            evidence=[EvidenceAnswer.of(step) for step in evidence],
        )


def _contact_fields(contact: Contact) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in PlainContactAnswer.model_fields}
