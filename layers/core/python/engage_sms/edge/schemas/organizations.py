"""Organizations, their settings, their Twilio account and their sending window."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue, RootModel

from engage_sms.domain.directory import Organization
from engage_sms.domain.settings import effective
from engage_sms.edge.schemas.advice import ADVICE_EXAMPLE, AdviceAnswer
from engage_sms.edge.schemas.base import Schema, example
from engage_sms.usecases.advise_window import WindowAdvice
from engage_sms.usecases.explain_window import WindowExplained

_TWILIO = {
    "status": "active",
    "account_sid": "ACa1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
    "messaging_service_sid": "MGa1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6",
}
_SETTINGS = {
    "sms.send_window.start_time": "08:00",
    "sms.send_window.end_time": "16:00",
    "sms.send_window.time_zone": "America/Chicago",
}
_RULE = {
    "rule": "organization",
    "time_zone": "America/Chicago",
    "start": "08:00",
    "end": "16:00",
    "open": False,
    "opens_at": "2024-08-02T13:00:00Z",
}


_Name = Annotated[str, Field(max_length=100)]


class OrganizationBody(Schema):
    """An organization, as the platform names it."""

    model_config = example(name="Prairie Home Lending")

    name: str = Field(min_length=1, max_length=200)


class SettingsBody(RootModel[Annotated[dict[_Name, JsonValue], Field(max_length=100)]]):
    """Settings to change, by dotted name; null puts one back to its default."""

    model_config = ConfigDict(json_schema_extra={"examples": [dict(_SETTINGS)]})


class TwilioAnswer(Schema):
    """The organization's account at Twilio."""

    model_config = example(**_TWILIO)

    status: str
    account_sid: str | None
    messaging_service_sid: str | None


class OrganizationAnswer(Schema):
    """An organization; `settings` holds every setting by dotted name, defaults included."""

    model_config = example(id="prairie", name="Prairie Home Lending", settings=_SETTINGS, twilio=_TWILIO)

    id: str
    name: str
    settings: dict[str, Any]
    twilio: TwilioAnswer

    @classmethod
    def of(cls, organization: Organization) -> OrganizationAnswer:
        return cls(
            id=organization.id,
            name=organization.name,
            settings=effective(organization.settings),
            twilio=TwilioAnswer(
                status=organization.twilio.status,
                account_sid=organization.twilio.account_sid,
                messaging_service_sid=organization.twilio.messaging_service_sid,
            ),
        )


class SettingsAnswer(OrganizationAnswer):
    """The organization after its settings changed; `advice` when its sending window was among them, else null."""

    model_config = example(
        id="prairie", name="Prairie Home Lending", settings=_SETTINGS, twilio=_TWILIO, advice=ADVICE_EXAMPLE
    )

    advice: AdviceAnswer | None

    @classmethod
    def with_advice(cls, organization: Organization, advice: WindowAdvice | None) -> SettingsAnswer:
        known = OrganizationAnswer.of(organization)
        return cls(**dict(known), advice=AdviceAnswer.of(advice) if advice else None)


class RuleAnswer(Schema):
    """One rule of the sending window at the instant asked for.

    `rule` is `organization`, `federal`, or `state:` and a state. `start` and `end` are wall-clock times of its zone, on
    the date there; null on a date on which it has no hours.
    """

    model_config = example(**_RULE)

    rule: str
    time_zone: str
    start: str | None
    end: str | None
    open: bool
    opens_at: datetime | None


class WindowAnswer(Schema):
    """Whether automated messages may leave, until when, or when the next window opens, and which rule decided.

    `reason` says it in words. Of the recipient, if one was asked about: every zone and state it may be in; how its
    zones are known (`source`: `time_zone`, `address`, `area_code` or `anywhere`); what of its record could not be used.
    `rule_data_version` is the version of the legal hours.
    """

    model_config = example(
        open=False,
        opens_at="2024-08-02T13:00:00Z",
        closes_at=None,
        rules=[_RULE],
        recipient_zones=["America/New_York"],
        recipient_states=["FL"],
        source="area_code",
        notes=[],
        decided_by="organization",
        reason="Outside the sending window 08:00-16:00 (America/Chicago) until 2024-08-02 08:00.",
        rule_data_version="2026-11-25",
    )

    open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    rules: list[RuleAnswer]
    recipient_zones: list[str]
    recipient_states: list[str]
    source: str | None
    notes: list[str]
    decided_by: str | None
    reason: str
    rule_data_version: str

    @classmethod
    def of(cls, explained: WindowExplained) -> WindowAnswer:
        decision, recipient = explained.decision, explained.recipient
        return cls(
            open=decision.open,
            opens_at=decision.opens_at,
            closes_at=decision.closes_at,
            rules=[RuleAnswer(**rule._asdict()) for rule in decision.rules],
            recipient_zones=list(recipient.zones) if recipient else [],
            recipient_states=list(recipient.states) if recipient else [],
            source=recipient.source if recipient else None,
            notes=list(recipient.notes) if recipient else [],
            decided_by=decision.decided_by,
            reason=explained.reason,
            rule_data_version=explained.rule_data_version,
        )
