"""The path of one message, as README tells it: read this file top to bottom to know the system."""

from __future__ import annotations

from engage_sms.domain.message import Status
from engage_sms.usecases.request_opt_in import RequestOptIn, request_opt_in
from engage_sms.usecases.send_message import SendMessage, send_message
from tests.world import ORG, PHONE, World


def test_the_path_of_one_message() -> None:
    """From a provisioned number over the opt-in to a delivered message and its reply."""
    world = World()

    # An administrator provisions the organization's Twilio account, and a number for Ann.
    world.organization()
    world.user("u-1", cell_phone="+14155550101")
    world.provision("u-1")
    number = world.number_of("u-1")
    assert number.startswith("+1415")

    # Ann asks her contact Bo to opt in. The request is written to the table; the change stream puts it on the queue;
    # dispatch claims it and calls Twilio once; Bo's phone has it.
    world.contact("c-1", owner_id="u-1")
    request_opt_in(RequestOptIn(org_id=ORG, user_id="u-1", contact_id="c-1"), world.ports)
    world.arrive()
    assert "opt-in" in world.received_by_phone(PHONE)[0]

    # Bo answers YES. One transaction keeps the text, opts Bo in, and puts the confirmation on its way.
    world.text("YES")
    assert world.store.consent(ORG, PHONE).allows("u-1")
    assert world.received_by_phone(PHONE)[1].startswith("You're all set")

    # Now Ann may write. The message is stored as queued, and that is all the request does.
    message = send_message(
        SendMessage(org_id=ORG, user_id="u-1", contact_id="c-1", body="Hi Bo, your papers are ready."), world.ports
    )
    assert world.message(message).status is Status.QUEUED

    # The stream brings it to the queue and dispatch to Twilio: the call is made, the sid is kept.
    world.settle()
    assert world.message(message).status is Status.SENT
    assert world.message(message).sid is not None

    # Twilio's signed reports move it forward; each step stands in its trace.
    world.arrive()
    delivered = world.message(message)
    assert delivered.status is Status.DELIVERED
    assert [step.event for step in delivered.trace] == ["queued", "dispatching", "sent", "delivered"]

    # Bo's reply stands in the conversation and counts as unread in Ann's inbox.
    world.text("Thanks, I will sign today")
    line = world.store.conversation(ORG, "u-1", "c-1")
    assert line is not None
    assert line.last_body == "Thanks, I will sign today"
    assert world.conversation("c-1", "u-1")[-1].status is Status.RECEIVED

    # What happened was told to the outside, in ids and states.
    assert {"sms.message.sent", "sms.message.delivered", "sms.message.received", "sms.consent.changed"} <= set(
        world.events
    )
