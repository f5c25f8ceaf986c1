"""Organizations, their settings and Twilio account, their sending window, and numbers for users."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AwareDatetime

from engage_sms.edge.api import Caller, WithPorts, make_app
from engage_sms.edge.describe import operation
from engage_sms.edge.schemas.advice import AdviceAnswer
from engage_sms.edge.schemas.base import Id
from engage_sms.edge.schemas.brake import BrakeAnswer, ParkedAnswer, ParkedMessagesAnswer, PausedAnswer
from engage_sms.edge.schemas.forecast import ForecastAnswer
from engage_sms.edge.schemas.jobs import DeprovisionBody, JobAnswer, JobResultAnswer, JobResultsAnswer, ProvisionBody
from engage_sms.edge.schemas.organizations import (
    OrganizationAnswer,
    OrganizationBody,
    SettingsAnswer,
    SettingsBody,
    WindowAnswer,
)
from engage_sms.usecases.advise_window import AdviseWindow, advise_window
from engage_sms.usecases.change_settings import ChangeSettings, change_settings
from engage_sms.usecases.explain_window import ExplainWindow, explain_window
from engage_sms.usecases.follow_job import CancelJob, ListResults, ViewJob, cancel_job, list_results, view_job
from engage_sms.usecases.forecast_release import ForecastRelease, forecast_release
from engage_sms.usecases.list_parked import ListParked, list_parked
from engage_sms.usecases.lookup import find_organization
from engage_sms.usecases.pause_automation import PauseAutomation, pause_automation
from engage_sms.usecases.provision_twilio_account import ProvisionTwilioAccount, provision_twilio_account
from engage_sms.usecases.put_organization import PutOrganization, put_organization
from engage_sms.usecases.resume_automation import ResumeAutomation, resume_automation
from engage_sms.usecases.start_provisioning import (
    StartDeprovisioning,
    StartProvisioning,
    start_deprovisioning,
    start_provisioning,
)
from engage_sms.usecases.view_brake import ViewBrake, view_brake

app = make_app()
WINDOW_SETTINGS = "sms.send_window."


@app.put(
    "/v1/organizations/<id>",
    **operation(
        "Organizations",
        "Create or rename an organization",
        "The platform's call; repeating it changes nothing.",
        {200: OrganizationAnswer},
        "malformed-body",
        "unknown-route",
    ),
)
def put(id: Annotated[Id, Path()], body: OrganizationBody, ports: WithPorts) -> OrganizationAnswer:  # noqa: A002
    organization, _ = put_organization(PutOrganization(id=id, name=body.name), ports)
    return OrganizationAnswer.of(organization)


@app.get(
    "/v1/organization",
    **operation(
        "Organizations",
        "The caller's organization",
        "Its name, every setting with its value, and where its Twilio account stands.",
        {200: OrganizationAnswer},
        "not-found",
    ),
)
def view(caller: Caller, ports: WithPorts) -> OrganizationAnswer:
    return OrganizationAnswer.of(find_organization(caller.org_id, ports))


@app.patch(
    "/v1/organization/settings",
    **operation(
        "Organizations",
        "Change settings",
        "Any settings by dotted name: all of them are taken or, when one is wrong, none. null restores a default. A "
        "change of the sending window is answered with `advice`: what it means for the organization's contacts.",
        {200: SettingsAnswer},
        "malformed-body",
        "not-found",
    ),
)
def change(body: SettingsBody, caller: Caller, ports: WithPorts) -> SettingsAnswer:
    organization = change_settings(ChangeSettings(org_id=caller.org_id, changes=body.root), ports)
    concerned = any(name.startswith(WINDOW_SETTINGS) for name in body.root)
    advice = advise_window(AdviseWindow(org_id=caller.org_id), ports) if concerned else None
    return SettingsAnswer.with_advice(organization, advice)


@app.post(
    "/v1/organization/twilio-account",
    **operation(
        "Organizations",
        "Provision the Twilio account",
        "A subaccount, a Messaging Service and its webhooks, once. 201 when this call made it, 200 when it was there.",
        {201: OrganizationAnswer, 200: OrganizationAnswer},
        "not-found",
        "twilio-account-in-progress",
        "idempotency-key-reused",
        "request-in-progress",
        "provider-refused",
    ),
)
def provision_account(caller: Caller, ports: WithPorts) -> Response[OrganizationAnswer]:
    organization, created = provision_twilio_account(ProvisionTwilioAccount(org_id=caller.org_id), ports)
    answer = OrganizationAnswer.of(organization)
    return Response(status_code=201 if created else 200, content_type="application/json", body=answer)


@app.get(
    "/v1/organization/pause",
    **operation(
        "Organizations",
        "Whether automation is paused",
        "Since when, and what a resume would send: messages held, by opening.",
        {200: BrakeAnswer},
        "not-found",
    ),
)
def brake(caller: Caller, ports: WithPorts) -> BrakeAnswer:
    return BrakeAnswer.of(view_brake(ViewBrake(org_id=caller.org_id), ports))


@app.post(
    "/v1/organization/pause",
    **operation(
        "Organizations",
        "Stop all automation",
        "Journey and bulk messages and the opt-in requests they start are held from now on; people still text, and "
        "replies are still answered. `past_recall` messages were being handed to Twilio and still leave.",
        {200: PausedAnswer},
        "not-found",
    ),
)
def pause(caller: Caller, ports: WithPorts) -> PausedAnswer:
    _, past_recall = pause_automation(PauseAutomation(org_id=caller.org_id), ports)
    return PausedAnswer.after(view_brake(ViewBrake(org_id=caller.org_id), ports), past_recall)


@app.post(
    "/v1/organization/resume",
    **operation(
        "Organizations",
        "Let automation run again",
        "What was held leaves at the organization's rate, within its windows; what expired meanwhile does not.",
        {200: BrakeAnswer},
        "not-found",
    ),
)
def resume(caller: Caller, ports: WithPorts) -> BrakeAnswer:
    resume_automation(ResumeAutomation(org_id=caller.org_id), ports)
    return BrakeAnswer.of(view_brake(ViewBrake(org_id=caller.org_id), ports))


@app.get(
    "/v1/organization/parked",
    **operation(
        "Organizations",
        "Messages of unknown outcome that Twilio cannot be asked about",
        "They are not sent again; each is looked up every hour until Twilio answers or its callback comes.",
        {200: ParkedMessagesAnswer},
        "not-found",
    ),
)
def parked(
    caller: Caller,
    ports: WithPorts,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> ParkedMessagesAnswer:
    page = list_parked(ListParked(org_id=caller.org_id, cursor=cursor, limit=limit), ports)
    return ParkedMessagesAnswer(items=[ParkedAnswer.of(one) for one in page.items], next_cursor=page.cursor)


@app.get(
    "/v1/sending-window",
    **operation(
        "Organizations",
        "Whether automated messages may leave",
        "Now, or at the instant `at`: open until when, or when the next window opens, and which rule decides. With "
        "`contact_id` or `phone` the legal hours of every zone the recipient may be in count too: the contact's "
        "own zone, else its address's, else its area code's.",
        {200: WindowAnswer},
        "not-found",
        "no-valid-cell-phone",
    ),
)
def window(
    caller: Caller,
    ports: WithPorts,
    at: Annotated[AwareDatetime | None, Query(description="RFC 3339 with a zone; now when left out.")] = None,
    contact_id: Annotated[Id | None, Query(description="A contact of your organization.")] = None,
    phone: Annotated[str | None, Query(description="A US or Canada cell phone.")] = None,
) -> WindowAnswer:
    command = ExplainWindow(org_id=caller.org_id, at=at, contact_id=contact_id, phone=phone)
    return WindowAnswer.of(explain_window(command, ports))


@app.get(
    "/v1/sending-window/advice",
    **operation(
        "Organizations",
        "What a sending window means for the contacts",
        "Over the coming year, to the minute: for how many contacts it opens too early or closes too late, by how "
        "much, and the widest daily window that suits all and that suits 99 %. What is left out is as it is set.",
        {200: AdviceAnswer},
        "not-found",
    ),
)
def advice(
    caller: Caller,
    ports: WithPorts,
    start_time: Annotated[str | None, Query(max_length=5, description="HH:MM")] = None,
    end_time: Annotated[str | None, Query(max_length=5, description="HH:MM")] = None,
    time_zone: Annotated[str | None, Query(max_length=64, description="An IANA name.")] = None,
    recipient_hours: Annotated[str | None, Query(max_length=20, description="As the setting has it.")] = None,
) -> AdviceAnswer:
    named = {"start_time": start_time, "end_time": end_time, "time_zone": time_zone, "recipient_hours": recipient_hours}
    changes = {f"{WINDOW_SETTINGS}{name}": value for name, value in named.items() if value is not None}
    return AdviceAnswer.of(advise_window(AdviseWindow(org_id=caller.org_id, changes=changes), ports))


@app.get(
    "/v1/sending-window/forecast",
    **operation(
        "Organizations",
        "When what is held will be through",
        "For each opening: how many messages are held, from when to when they leave at the organization's rate, "
        "whether the window is long enough, and how many roll over to the next opening.",
        {200: ForecastAnswer},
        "not-found",
    ),
)
def forecast(caller: Caller, ports: WithPorts) -> ForecastAnswer:
    return ForecastAnswer.of(forecast_release(ForecastRelease(org_id=caller.org_id), ports))


@app.post(
    "/v1/numbers/provision",
    **operation(
        "Numbers",
        "Give users a number each",
        "Starts a job with a result for each user; one failure never spoils the rest. Who has a number keeps it.",
        {202: JobAnswer},
        "malformed-body",
        "not-found",
        "twilio-account-required",
        "idempotency-key-reused",
        "request-in-progress",
    ),
)
def provision(body: ProvisionBody, caller: Caller, ports: WithPorts) -> JobAnswer:
    command = StartProvisioning(
        org_id=caller.org_id,
        started_by=caller.user_id,
        user_ids=tuple(body.user_ids),
        area_code_source=body.area_code_source,
        area_code=body.area_code,
        fallback=body.fallback,
    )
    return JobAnswer.of(start_provisioning(command, ports))


@app.post(
    "/v1/numbers/deprovision",
    **operation(
        "Numbers",
        "Give users' numbers back",
        "Releases them at Twilio for good. Needs `irreversible_acknowledged: true`; conversations stay readable.",
        {202: JobAnswer},
        "malformed-body",
        "not-found",
        "acknowledgement-required",
        "idempotency-key-reused",
        "request-in-progress",
    ),
)
def deprovision(body: DeprovisionBody, caller: Caller, ports: WithPorts) -> JobAnswer:
    command = StartDeprovisioning(
        org_id=caller.org_id,
        started_by=caller.user_id,
        user_ids=tuple(body.user_ids),
        irreversible_acknowledged=body.irreversible_acknowledged,
    )
    return JobAnswer.of(start_deprovisioning(command, ports))


@app.get(
    "/v1/jobs/<id>",
    **operation(
        "Numbers",
        "How far a job has come",
        "Counts by outcome. Only who started the job sees it.",
        {200: JobAnswer},
        "not-found",
    ),
)
def job(id: Annotated[Id, Path()], caller: Caller, ports: WithPorts) -> JobAnswer:  # noqa: A002
    return JobAnswer.of(view_job(ViewJob(org_id=caller.org_id, user_id=caller.user_id, job_id=id), ports))


@app.get(
    "/v1/jobs/<id>/results",
    **operation(
        "Numbers",
        "A job's results",
        "One for each user that is done: the number, or why there is none, and the steps that were tried.",
        {200: JobResultsAnswer},
        "not-found",
    ),
)
def results(
    id: Annotated[Id, Path()],  # noqa: A002
    caller: Caller,
    ports: WithPorts,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> JobResultsAnswer:
    command = ListResults(org_id=caller.org_id, user_id=caller.user_id, job_id=id, cursor=cursor, limit=limit)
    page = list_results(command, ports)
    return JobResultsAnswer(items=[JobResultAnswer.of(result) for result in page.items], next_cursor=page.cursor)


@app.post(
    "/v1/jobs/<id>/cancel",
    **operation(
        "Numbers",
        "Cancel a job",
        "Users not begun yet are skipped; what was done stays done.",
        {200: JobAnswer},
        "not-found",
    ),
)
def cancel(id: Annotated[Id, Path()], caller: Caller, ports: WithPorts) -> JobAnswer:  # noqa: A002
    return JobAnswer.of(cancel_job(CancelJob(org_id=caller.org_id, user_id=caller.user_id, job_id=id), ports))
