"""An administrator asks for numbers for users, or gives them back: a job with a result for each user."""

from __future__ import annotations

from typing import Any, NamedTuple

from engage_sms.domain.directory import TwilioStatus
from engage_sms.domain.job import Job, JobKind
from engage_sms.domain.phone import check_area_code
from engage_sms.domain.settings import resolve
from engage_sms.errors import Invalid, Rejected
from engage_sms.ports import Create, Ports
from engage_sms.usecases.lookup import find_organization

MOST_USERS = 1000


class StartProvisioning(NamedTuple):
    """`area_code_source` is "user_cell" or "company"; `fallback` "nearby" or "none"."""

    org_id: str
    started_by: str
    user_ids: tuple[str, ...]
    area_code_source: str
    area_code: str | None = None
    fallback: str = "nearby"


class StartDeprovisioning(NamedTuple):
    """Giving a number back cannot be undone, so the caller has to say that they know."""

    org_id: str
    started_by: str
    user_ids: tuple[str, ...]
    irreversible_acknowledged: bool


def start_provisioning(command: StartProvisioning, ports: Ports) -> Job:
    """The job, running. Raises Invalid for an area code that is none, Rejected before there is a Twilio account."""
    organization = find_organization(command.org_id, ports)
    if organization.twilio.status is not TwilioStatus.ACTIVE:
        raise Rejected("twilio-account-required", "Provision the organization's Twilio account first.")
    company = command.area_code or resolve(organization.settings).company_area_code
    if command.area_code_source == "company" and company is None:
        raise Invalid([{"field": "area_code", "message": "Give the company's area code, three digits."}])
    if company is not None:
        _check(company)
    options = {"area_code_source": command.area_code_source, "area_code": company, "fallback": command.fallback}
    return _start(JobKind.PROVISION, command, options, ports)


def start_deprovisioning(command: StartDeprovisioning, ports: Ports) -> Job:
    """The job, running. Raises Rejected `acknowledgement-required` without the acknowledgement."""
    if not command.irreversible_acknowledged:
        raise Rejected(
            "acknowledgement-required",
            "Giving a number back cannot be undone: set irreversible_acknowledged to true.",
            status=422,
        )
    find_organization(command.org_id, ports)
    return _start(JobKind.DEPROVISION, command, {}, ports)


def _check(area_code: str) -> None:
    try:
        check_area_code(area_code)
    except ValueError as wrong:
        raise Invalid([{"field": "area_code", "message": str(wrong)}]) from wrong


def _start(
    kind: JobKind, command: StartProvisioning | StartDeprovisioning, options: dict[str, Any], ports: Ports
) -> Job:
    subjects = tuple(dict.fromkeys(command.user_ids))
    if not 1 <= len(subjects) <= MOST_USERS:
        raise Invalid([{"field": "user_ids", "message": f"Name between 1 and {MOST_USERS} users."}])
    job = Job(
        id=ports.new_id(),
        org_id=command.org_id,
        kind=kind,
        started_by=command.started_by,
        subjects=subjects,
        options=options,
        created_at=ports.now(),
    )
    ports.store.commit(Create(job))
    return job
