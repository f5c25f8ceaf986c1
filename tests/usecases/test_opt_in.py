"""Nobody is messaged before they opted in, and nobody is asked too often."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engage_sms.domain.consent import ConsentState
from engage_sms.domain.message import Kind, Status
from engage_sms.errors import NotFound, Rejected
from engage_sms.usecases.request_opt_in import RequestOptIn, request_opt_in
from engage_sms.usecases.send_message import SendMessage, send_message
from engage_sms.usecases.view_consent import ViewConsent, view_consent
from engage_sms.usecases.view_contact import ViewContact, view_contact
from tests.world import OPEN, ORG, World

ASK = RequestOptIn(org_id=ORG, user_id="u-1", contact_id="c-1")
SEE = ViewContact(org_id=ORG, user_id="u-1", contact_id="c-1")


def test_a_request_reaches_the_phone_in_the_organizations_words(ready: World) -> None:
    """The request names contact, user, license and organization, and says how to opt in."""
    request_opt_in(ASK, ready.ports)
    ready.arrive()

    assert ready.received_by_phone() == [
        "Bo, this is Ann Lee NMLS 1234 from Acme Lending, I'll text you from this number regarding any financing "
        'needs. Reply "YES" to opt-in. Msg & data rates may apply.'
    ]


def test_a_yes_opts_in_and_is_confirmed(opted_in: World) -> None:
    """After YES the contact may be messaged, and has the confirmation on the phone."""
    view = view_contact(SEE, opted_in.ports)

    assert view.sms.consent is ConsentState.OPTED_IN
    assert view.sms.can_message
    assert opted_in.received_by_phone()[-1].startswith("You're all set to receive text messages from Ann Lee")


def test_the_fourth_request_is_refused_and_the_second_within_twelve_hours(ready: World) -> None:
    """Three requests, twelve hours apart, and no more; a refusal says when the next may go."""
    request_opt_in(ASK, ready.ports)
    ready.arrive()
    with pytest.raises(Rejected) as too_soon:
        request_opt_in(ASK, ready.ports)
    for _ in range(2):
        ready.clock.advance(hours=12)
        request_opt_in(ASK, ready.ports)
        ready.arrive()
    ready.clock.advance(hours=12)
    with pytest.raises(Rejected) as too_many:
        request_opt_in(ASK, ready.ports)

    assert too_soon.value.slug == "opt-in-too-soon"
    assert too_soon.value.fields["next_request_at"] == OPEN + timedelta(hours=12)
    assert too_many.value.slug == "opt-in-limit-reached"
    assert len(ready.received_by_phone()) == 3


def test_a_message_without_consent_is_refused(ready: World) -> None:
    """Without a YES there is no message, and the refusal says what to do."""
    with pytest.raises(Rejected) as refusal:
        send_message(SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi"), ready.ports)

    assert refusal.value.slug == "opt-in-required"


def test_a_yes_nobody_asked_for_is_a_plain_message(ready: World) -> None:
    """YES with no open request changes nothing; it stands in the conversation."""
    ready.text("Yes")

    assert view_contact(SEE, ready.ports).sms.consent is ConsentState.NONE
    assert [message.body for message in ready.conversation()] == ["Yes"]


def test_a_stop_opts_out_for_every_user_and_only_the_contact_comes_back(opted_in: World) -> None:
    """STOP to one user silences the organization; START brings back the user whose number is texted, alone."""
    opted_in.user("u-2")
    opted_in.provision("u-2")
    opted_in.text("Stop.")
    first = view_contact(SEE, opted_in.ports).sms
    second = view_contact(ViewContact(org_id=ORG, user_id="u-2", contact_id="c-1"), opted_in.ports).sms
    opted_in.text("start")
    back = view_contact(SEE, opted_in.ports).sms
    still_out = view_contact(ViewContact(org_id=ORG, user_id="u-2", contact_id="c-1"), opted_in.ports).sms

    assert first.reason == second.reason == "opted-out"
    assert back.can_message
    assert still_out.reason == "opted-out"


def test_we_do_not_answer_a_stop_that_twilio_answers(opted_in: World) -> None:
    """Twilio confirms the STOP on long codes; a second confirmation would be one text too many."""
    before = opted_in.received_by_phone()
    opted_in.text("STOP")

    assert opted_in.received_by_phone() == before


def test_help_is_answered_and_changes_nothing(opted_in: World) -> None:
    """HELP gets the help text; consent stays."""
    opted_in.text("HELP")

    assert opted_in.conversation()[-1].kind is Kind.HELP
    assert opted_in.conversation()[-1].status in {Status.SENT, Status.DELIVERED}
    assert view_contact(SEE, opted_in.ports).sms.can_message


def test_the_evidence_holds_every_step_in_its_exact_words(opted_in: World) -> None:
    """Request, YES and STOP are on record with their words and message ids, in order."""
    opted_in.text("sToP")
    standing, evidence = view_consent(ViewConsent(org_id=ORG, user_id="u-1", contact_id="c-1"), opted_in.ports)

    assert standing.state is ConsentState.OPTED_OUT
    assert [(step.event, step.words) for step in evidence[1:]] == [("opted_in", "YES"), ("opted_out", "sToP")]
    assert evidence[0].event == "requested"
    assert all(step.message_id for step in evidence)


def test_a_contact_whose_number_changed_has_to_opt_in_again(opted_in: World) -> None:
    """Consent belongs to the phone number, not to the person's record."""
    opted_in.contact(cell_phone="+13125550177")

    assert view_contact(SEE, opted_in.ports).sms.consent is ConsentState.NONE


def test_a_repeated_webhook_is_one_message(opted_in: World) -> None:
    """Twilio may deliver the same text twice; it stands in the conversation once."""
    opted_in.twilio.inject("callbacks", "duplicated", 5)
    opted_in.text("Are you there?")

    assert [message.body for message in opted_in.conversation()].count("Are you there?") == 1


def test_a_stranger_becomes_a_contact_of_the_user(ready: World) -> None:
    """A text from an unknown phone is kept, under a contact whose id does not show the phone."""
    ready.text("Who is this?", phone="+12125550123")
    strangers = ready.store.contacts_with_phone(ORG, "+12125550123")

    assert [contact.owner_id for contact in strangers] == ["u-1"]
    assert "2125550123" not in strangers[0].id


@pytest.mark.parametrize("written_to", ["c-1", "c-2"])
def test_a_reply_stands_where_the_user_wrote_last(opted_in: World, written_to: str) -> None:
    """Two contacts may share a phone, as a couple does; what it answers belongs to the one it was asked as."""
    opted_in.contact("c-2")
    for contact_id in sorted(("c-1", "c-2"), key=written_to.__eq__):
        command = SendMessage(org_id=ORG, user_id="u-1", contact_id=contact_id, body=f"Hi {contact_id}")
        send_message(command, opted_in.ports)
        opted_in.arrive()
    opted_in.text("Thank you")

    assert [message.body for message in opted_in.conversation(written_to)][-1] == "Thank you"


@pytest.mark.parametrize(
    ("cell_phone", "with_number", "slug"),
    [(None, True, "no-valid-cell-phone"), ("+13125550199", False, "user-has-no-number")],
)
def test_a_request_needs_both_ends(world: World, cell_phone: str | None, with_number: bool, slug: str) -> None:
    """No request without a cell phone to reach or a number to send from."""
    world.organization()
    world.user()
    world.contact(cell_phone=cell_phone)
    if with_number:
        world.provision("u-1")
    with pytest.raises(Rejected) as refusal:
        request_opt_in(ASK, world.ports)

    assert refusal.value.slug == slug


def test_another_organizations_contact_is_not_there(ready: World) -> None:
    """Foreign and absent look the same."""
    ready.organization("other")
    with pytest.raises(NotFound):
        request_opt_in(RequestOptIn(org_id="other", user_id="u-1", contact_id="c-1"), ready.ports)
