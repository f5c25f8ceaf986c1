"""Numbers: one for a user, none without an owner, each step visible."""

from __future__ import annotations

import pytest

from engage_sms.domain.job import JobStatus, Outcome
from engage_sms.errors import Invalid, NotFound, OutcomeUnknown, Rejected, Retryable
from engage_sms.usecases.follow_job import CancelJob, ViewJob, cancel_job, view_job
from engage_sms.usecases.list_users import ListUsers, list_users
from engage_sms.usecases.run_job_subject import RunJobSubject, run_job_subject
from engage_sms.usecases.start_provisioning import (
    StartDeprovisioning,
    StartProvisioning,
    start_deprovisioning,
    start_provisioning,
)
from tests.world import ORG, World


def results(world: World, job_id: str) -> dict[str, tuple[Outcome, str | None]]:
    page = world.store.job_results(ORG, job_id)
    return {result.subject_id: (result.outcome, result.number) for result in page.items}


def test_each_user_gets_a_number_of_their_cells_area_code(world: World) -> None:
    """The number matches the user's cell and is in the organization's Messaging Service."""
    world.organization()
    world.user("u-1", cell_phone="+14155550101")
    world.user("u-2", cell_phone="+12065550102")
    job = world.provision("u-1", "u-2")

    assert job.status is JobStatus.DONE
    assert world.number_of("u-1").startswith("+1415")
    assert world.number_of("u-2").startswith("+1206")


def test_all_users_can_get_the_companys_area_code(world: World) -> None:
    """A company area code wins over the users' cells."""
    world.organization()
    world.user("u-1")
    world.provision("u-1", area_code_source="company", area_code="303")

    assert world.number_of().startswith("+1303")


def test_one_failure_never_spoils_the_rest(world: World) -> None:
    """An unknown user fails alone, with a sentence; the other user has a number."""
    world.organization()
    world.user("u-1")
    job = world.provision("nobody", "u-1")

    assert (job.succeeded, job.failed, job.skipped) == (1, 1, 0)
    assert results(world, job.id)["nobody"] == (Outcome.FAILED, None)


def test_who_has_a_number_is_skipped(ready: World) -> None:
    """A user keeps the number they have; nothing is bought."""
    job = ready.provision("u-1")

    assert job.skipped == 1
    assert len(ready.twilio.numbers()) == 1


def test_a_lost_answer_to_a_purchase_buys_one_number(world: World) -> None:
    """The next delivery finds what the first one bought, by its tag, and pays nothing twice."""
    world.organization()
    world.user("u-1")
    world.twilio.inject("incoming_phone_numbers.create", "timeout_after", 1)
    job = start_provisioning(
        StartProvisioning(org_id=ORG, started_by="u-admin", user_ids=("u-1",), area_code_source="user_cell"),
        world.ports,
    )
    command = RunJobSubject(org_id=ORG, job_id=job.id, subject_id="u-1")
    with pytest.raises(OutcomeUnknown):
        run_job_subject(command, world.ports)
    run_job_subject(command, world.ports)

    assert len(world.twilio.numbers()) == 1
    assert world.number_of() == world.twilio.numbers()[0]["phone_number"]


def test_a_twilio_that_stays_busy_becomes_the_subjects_result(world: World) -> None:
    """The job ends: the last delivery records the failure instead of leaving the job running for ever."""
    world.organization()
    world.user("u-1")
    world.twilio.inject("incoming_phone_numbers.create", "429", 50)
    job = start_provisioning(
        StartProvisioning(org_id=ORG, started_by="u-admin", user_ids=("u-1",), area_code_source="user_cell"),
        world.ports,
    )
    with pytest.raises(Retryable):
        run_job_subject(RunJobSubject(org_id=ORG, job_id=job.id, subject_id="u-1", deliveries=3), world.ports)
    run_job_subject(RunJobSubject(org_id=ORG, job_id=job.id, subject_id="u-1", deliveries=4), world.ports)
    after = view_job(ViewJob(org_id=ORG, user_id="u-admin", job_id=job.id), world.ports)

    assert after.status is JobStatus.DONE
    assert after.failed == 1


def test_a_number_somebody_else_took_is_passed_over(world: World) -> None:
    """21422 means the offer is gone; the next offer is taken."""
    world.organization()
    world.user("u-1")
    world.twilio.inject("incoming_phone_numbers.create", "21422", 2)
    job = world.provision("u-1")

    assert job.succeeded == 1


def test_an_empty_area_code_falls_back_and_says_where_it_looked(world: World) -> None:
    """Overlays, then near numbers: each step stands in the result."""
    world.organization()
    world.user("u-1", cell_phone="+14155550101")
    world.twilio.set_stock("415", 0)
    job = world.provision("u-1")
    result = world.store.job_result(ORG, job.id, "u-1")

    assert result is not None
    assert result.outcome is Outcome.SUCCEEDED
    assert result.steps[0] == "area code 415: none in stock"
    assert len(result.steps) > 1


def test_without_fallback_an_empty_area_code_fails(world: World) -> None:
    """`fallback: "none"` means that area code or nothing."""
    world.organization()
    world.user("u-1")
    world.twilio.set_stock("415", 0)
    job = world.provision("u-1", fallback="none")

    assert job.failed == 1
    assert world.twilio.numbers() == []


def test_deprovisioning_needs_the_acknowledgement(ready: World) -> None:
    """Giving a number back cannot be undone; it does not happen by accident."""
    with pytest.raises(Rejected) as refusal:
        start_deprovisioning(
            StartDeprovisioning(org_id=ORG, started_by="u-admin", user_ids=("u-1",), irreversible_acknowledged=False),
            ready.ports,
        )

    assert refusal.value.slug == "acknowledgement-required"
    assert refusal.value.status == 422


def test_deprovisioning_releases_the_number_and_frees_the_user(opted_in: World) -> None:
    """Twilio has the number back, the user has none, the conversation stays readable."""
    start_deprovisioning(
        StartDeprovisioning(org_id=ORG, started_by="u-admin", user_ids=("u-1",), irreversible_acknowledged=True),
        opted_in.ports,
    )
    opted_in.settle()
    user = opted_in.store.user(ORG, "u-1")

    assert user is not None
    assert user.number is None
    assert opted_in.twilio.numbers() == []
    assert len(opted_in.conversation()) == 3


def test_a_freed_user_can_get_a_number_again(ready: World) -> None:
    """After a release the user is provisioned like anybody else."""
    start_deprovisioning(
        StartDeprovisioning(org_id=ORG, started_by="u-admin", user_ids=("u-1",), irreversible_acknowledged=True),
        ready.ports,
    )
    ready.settle()
    job = ready.provision("u-1")

    assert job.succeeded == 1
    assert len(ready.twilio.numbers()) == 1


def test_a_job_is_its_starters_business(ready: World) -> None:
    """Another user does not see the job, and a cancelled one skips what was not begun."""
    job = start_provisioning(
        StartProvisioning(org_id=ORG, started_by="u-admin", user_ids=("u-9",), area_code_source="user_cell"),
        ready.ports,
    )
    with pytest.raises(NotFound):
        view_job(ViewJob(org_id=ORG, user_id="u-1", job_id=job.id), ready.ports)
    cancel_job(CancelJob(org_id=ORG, user_id="u-admin", job_id=job.id), ready.ports)
    ready.settle()
    after = view_job(ViewJob(org_id=ORG, user_id="u-admin", job_id=job.id), ready.ports)

    assert after.status is JobStatus.CANCELLED
    assert after.skipped == 1


@pytest.mark.parametrize(
    ("users", "source", "area_code"),
    [((), "user_cell", None), (("u-1",), "company", None), (("u-1",), "company", "999")],
)
def test_a_senseless_order_is_refused(ready: World, users: tuple[str, ...], source: str, area_code: str | None) -> None:
    """Nobody to provide for, no area code, or one that does not exist: nothing starts."""
    with pytest.raises(Invalid):
        start_provisioning(
            StartProvisioning(
                org_id=ORG, started_by="u-admin", user_ids=users, area_code_source=source, area_code=area_code
            ),
            ready.ports,
        )


def test_users_are_searched_and_paged(world: World) -> None:
    """Pages are counted, and a search matches the number too."""
    world.organization()
    for index in range(30):
        world.user(f"u-{index:02}")
    world.provision("u-07")
    second = list_users(ListUsers(org_id=ORG, page=2), world.ports)
    found = list_users(ListUsers(org_id=ORG, search=world.number_of("u-07")), world.ports)
    with_number = list_users(ListUsers(org_id=ORG, provisioned=True), world.ports)

    assert (second.total, second.pages, len(second.items)) == (30, 2, 5)
    assert [user.id for user in found.items] == ["u-07"]
    assert [user.id for user in with_number.items] == ["u-07"]
