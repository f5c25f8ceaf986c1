"""The product's core loop on the deployed system, as README's walk goes: one function a part, in this order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engage_sms import topology
from tests.emulator.emulated import STAGE, Emulated, eventually
from tests.emulator.steps import Steps
from tests.local.caller import Caller, Reply

PHONE = "+13125550199"
CONVERSATION = "/v1/conversations/bo/messages"
OPENING = datetime(2026, 7, 16, 13, 0, tzinfo=UTC)
"""8 o'clock in Chicago, the next morning."""
VISIBILITY = topology.PEOPLE.visibility + 1


@dataclass
class Loop:
    """One run."""

    system: Emulated
    steps: Steps

    @property
    def admin(self) -> Caller:
        return self.system.signed_in("boss", "admin")

    @property
    def ann(self) -> Caller:
        return self.system.signed_in("ann", "user")

    @property
    def number(self) -> str:
        """Ann's, the only one at Twilio."""
        [number] = self.system.twilio.numbers()
        return str(number["phone_number"])

    def run(self) -> None:
        self.heard = self.system.listen()
        self.open_organization()
        self.give_ann_a_number()
        self.opt_bo_in()
        self.talk()
        self.poison()
        self.hold_and_release()
        self.stop()
        self.pull_usage()
        self.give_the_number_back()
        self.hear_events()

    def open_organization(self) -> None:
        with self.steps.step("health for anybody, 401 without a token, 403 for the wrong role"):
            health = self.system.anybody.get("/healthz")
            assert health.json == {"status": "ok"}
            assert self.system.anybody.get("/v1/organization").status == 401
            assert self.ann_may_not_make_organizations().status == 403
        with self.steps.step("an organization"):
            platform = self.system.signed_in("root", "platform")
            assert _ok(platform.put("/v1/organizations/acme", {"name": "Acme Lending"}))["id"] == "acme"
        with self.steps.step("its Twilio account and messaging service"):
            made = _ok(self.admin.post("/v1/organization/twilio-account"), 201)
            assert made["twilio"]["status"] == "active"
            [_, account] = self.system.twilio.accounts()
            assert account["sid"] == made["twilio"]["account_sid"]
            assert len(account["messaging_services"]) == 1

    def ann_may_not_make_organizations(self) -> Reply:
        return self.ann.put("/v1/organizations/other", {"name": "Other"})

    def give_ann_a_number(self) -> None:
        ann = self.system.people.id_of("ann")
        with self.steps.step("a user"):
            body = {"name": "Ann Lee", "email": "ann@acme.example", "cell_phone": "(415) 555-0101", "license": "NMLS 1"}
            assert _ok(self.admin.put(f"/v1/users/{ann}", body))["number"] is None
        with self.steps.step("a number for her by a job: stream, relay, queue, jobs"):
            asked = {"user_ids": [ann, "nobody"], "area_code_source": "user_cell"}
            job = self._done(_ok(self.admin.post("/v1/numbers/provision", asked), 202))
            assert (job["succeeded"], job["failed"]) == (1, 1)
            [user] = _ok(self.admin.get("/v1/users?search=ann"))["items"]
            assert user["number"] == self.number
            assert self.number.startswith("+1415")

    def opt_bo_in(self) -> None:
        contact = {"owner_id": self.system.people.id_of("ann"), "first_name": "Bo", "last_name": "Diaz"}
        with self.steps.step("a contact, who is not messaged before the opt-in"):
            _ok(self.ann.put("/v1/contacts/bo", {**contact, "cell_phone": PHONE}))
            refused = self.ann.post(CONVERSATION, {"body": "Hi Bo"})
            assert (refused.status, refused.json["type"]) == (409, "/problems/opt-in-required")
        with self.steps.step("an opt-in request: relay, people's queue, dispatch, Twilio"):
            _ok(self.ann.post("/v1/contacts/bo/opt-in-requests"), 201)
            again = self.ann.post("/v1/contacts/bo/opt-in-requests")
            assert (again.status, again.json["type"]) == (409, "/problems/opt-in-too-soon")
            self._arrives("Bo, this is Ann Lee NMLS 1 from Acme Lending")
        with self.steps.step("YES by Twilio's signed webhook, and the confirmation"):
            self.system.twilio.text_from_phone(PHONE, self.number, "YES")
            self._arrives("You're all set to receive text messages from Ann Lee")
            assert _ok(self.ann.get("/v1/contacts/bo"))["sms"]["consent"] == "opted_in"

    def talk(self) -> None:
        with self.steps.step("a message from person to person, delivered by status callbacks"):
            sent = _ok(self.ann.post(CONVERSATION, {"body": "Your papers are ready."}), 201)
            message = self._reaches(sent["id"], "delivered")
            assert [entry["event"] for entry in message["trace"]] == ["queued", "dispatching", "sent", "delivered"]
            at_twilio = self.system.twilio.messages()[-1]
            assert (at_twilio["from"], at_twilio["to"]) == (self.number, PHONE)
            assert at_twilio["status_callback"].startswith(self.system.outputs["ApiUrl"])
        with self.steps.step("a reply in the inbox; an unsigned webhook refused"):
            self.system.twilio.text_from_phone(PHONE, self.number, "Thanks, I will sign today")
            inbox = eventually("the reply", lambda: _ok(self.ann.get("/v1/conversations"))["items"], self._has_reply)
            assert inbox[0]["contact_id"] == "bo"
            unsigned = self.system.anybody.call("POST", "/webhooks/twilio/acme/messages", b"Body=STOP&From=%2B1312")
            assert unsigned.status == 403

    @staticmethod
    def _has_reply(items: list[dict[str, Any]]) -> bool:
        return bool(items) and items[0]["last_message"]["body"] == "Thanks, I will sign today"

    def poison(self) -> None:
        """One batch of three messages and something that is none; nobody waits for its five deliveries."""
        with self.steps.step("a poisoned queue message goes to the dead letters, its neighbours in the batch pass"):
            mapping = self._mapping("dispatch", "dispatch-people")
            self._enable(mapping, False)
            sent = [_ok(self.ann.post(CONVERSATION, {"body": f"Page {page}"}), 201)["id"] for page in range(3)]
            sqs, url = self.system.client("sqs"), self.system.queue_url("dispatch-people")
            eventually("three queued", lambda: self.system.queued("dispatch-people"), lambda count: count == len(sent))
            sqs.send_message(QueueUrl=url, MessageBody="poison")
            self._enable(mapping, True)
            for message in sent:
                self._reaches(message, "delivered")
            for delivery in range(1, topology.PEOPLE.max_receives + 1):
                eventually(f"delivery {delivery}", self._failures, delivery.__eq__)
                self.system.leap(VISIBILITY)
            letters = eventually("dead letters", self.system.dead_letters)
            assert letters == {"dispatch-people-dlq": 1}
            dead = self.system.queue_url("dispatch-people-dlq")
            [letter] = sqs.receive_message(QueueUrl=dead)["Messages"]
            assert letter["Body"] == "poison"
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])
            assert [self.system.texts(PHONE).count(f"Page {page}") for page in range(3)] == [1, 1, 1]

    def hold_and_release(self) -> None:
        with self.steps.step("a journey step on the bus after the window closed: held, and once only"):
            self.system.leap_to(self.system.clock.now().replace(hour=22, minute=0))
            self._journey_step("s1", "rates fell today")
            self._journey_step("s1", "rates fell today")
            held = self._held("rates fell today")
            assert (held["hold"]["until"], held["hold"]["rule"]) == ("2026-07-16T13:00:00Z", "organization")
        with self.steps.step("the minute's tick finds the opening and queues with a delay to the second"):
            self.system.leap_to(OPENING - timedelta(minutes=1))
            eventually("a delayed message", lambda: self.system.queued("dispatch-automation", "Delayed"), _one)
            assert self._held("rates fell today")["status"] == "held"
        with self.steps.step(
            "it leaves at the opening, not a second early, and Twilio may not send it after the close"
        ):
            self.system.leap_to(OPENING)
            self._arrives("Hi Bo, rates fell today.")
            at_twilio = self.system.twilio.messages()[-1]
            assert datetime.fromisoformat(at_twilio["created_at"]) >= OPENING
            assert 0 < at_twilio["validity_period"] <= 8 * 3600
            assert self.system.texts(PHONE).count("Hi Bo, rates fell today.") == 1

    def stop(self) -> None:
        with self.steps.step("STOP by webhook: what is held is cancelled, and a message refused"):
            self.system.leap_to(self.system.clock.now().replace(hour=22, minute=0))
            self._journey_step("s2", "houses are cheap")
            held = self._held("houses are cheap")
            dispatched = len(self.system.twilio.messages())
            self.system.twilio.text_from_phone(PHONE, self.number, "stop")
            self._reaches(held["id"], "cancelled")
            refused = self.ann.post(CONVERSATION, {"body": "One more thing"})
            assert (refused.status, refused.json["type"]) == (409, "/problems/opted-out")
            assert len(self.system.twilio.messages()) == dispatched

    def pull_usage(self) -> None:
        with self.steps.step("the nightly schedule brings Twilio's count, which is ours"):
            tomorrow = self.system.clock.now() + timedelta(days=1)
            self.system.leap_to(tomorrow.replace(hour=5, minute=31))
            usage = eventually("usage", self._usage, _reconciled)
            assert usage["current"]["to"] == "2026-07-17"

    def give_the_number_back(self) -> None:
        with self.steps.step("the number given back, acknowledged, by a job"):
            asked: dict[str, Any] = {"user_ids": [self.system.people.id_of("ann")]}
            assert self.admin.post("/v1/numbers/deprovision", asked).status == 422
            job = _ok(self.admin.post("/v1/numbers/deprovision", {**asked, "irreversible_acknowledged": True}), 202)
            assert self._done(job)["succeeded"] == 1
            assert self.system.twilio.numbers() == []
            assert _ok(self.ann.get(CONVERSATION))["items"]

    def hear_events(self) -> None:
        with self.steps.step("events out on the bus"):
            wanted = {"sms.message.sent", "sms.message.delivered", "sms.message.held", "sms.message.received"}
            heard: set[str] = set()

            def listen() -> set[str]:
                heard.update(self._heard())
                return heard

            eventually("the events", listen, lambda seen: wanted <= seen)

    def _failures(self) -> int:
        return self.system.said("dispatch", "A record failed and will be delivered again.")

    # --- AWS ---

    def _mapping(self, function: str, queue: str) -> str:
        mappings = self.system.client("lambda").list_event_source_mappings(FunctionName=f"{STAGE}-{function}")
        [found] = [m for m in mappings["EventSourceMappings"] if m["EventSourceArn"].endswith(f":{STAGE}-{queue}")]
        return str(found["UUID"])

    def _enable(self, mapping: str, enabled: bool) -> None:
        self.system.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=enabled)

    # --- looking ---

    def _usage(self) -> dict[str, Any]:
        """Empty when the function ran out of its 10 s, which a cold start on a busy machine may take."""
        reply = self.admin.get("/v1/usage")
        found: dict[str, Any] = {} if "Sandbox.Timedout" in reply.text else _ok(reply)
        return found

    def _done(self, job: dict[str, Any]) -> dict[str, Any]:
        look = f"/v1/jobs/{job['id']}"
        return eventually("the job", lambda: _ok(self.admin.get(look)), lambda seen: seen["status"] == "done")

    def _arrives(self, beginning: str) -> None:
        def has(texts: list[str]) -> bool:
            return any(text.startswith(beginning) for text in texts)

        eventually(f"{beginning!r} at the phone", lambda: self.system.texts(PHONE), has)

    def _reaches(self, message_id: str, status: str) -> dict[str, Any]:
        def look() -> dict[str, Any]:
            message: dict[str, Any] = _ok(self.ann.get(f"{CONVERSATION}/{message_id}"))
            return message

        return eventually(f"the message {status}", look, lambda seen: seen["status"] == status)

    def _held(self, words: str) -> dict[str, Any]:
        def held() -> list[dict[str, Any]]:
            return [m for m in _ok(self.ann.get(CONVERSATION))["items"] if words in m["body"]]

        [message] = eventually("a held message", held)
        assert message["status"] == "held"
        return message

    def _journey_step(self, step_id: str, words: str) -> None:
        detail = {
            "event_id": f"event-{step_id}",
            "org_id": "acme",
            "journey_id": "j1",
            "step_id": step_id,
            "execution_id": "x1",
            "contact_id": "bo",
            "sender": "owner",
            "body": "Hi {contact.first_name}, " + words + ".",
        }
        entry = {
            "EventBusName": STAGE,
            "Source": topology.EVENT_SOURCE_IN,
            "DetailType": "journey.sms.requested",
            "Detail": json.dumps(detail),
        }
        assert self.system.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0

    def _heard(self) -> list[str]:
        sqs = self.system.client("sqs")
        messages = sqs.receive_message(QueueUrl=self.heard, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"])["detail-type"] for message in messages]


def _ok(reply: Reply, *statuses: int) -> Any:
    assert reply.status in (statuses or (200, 201)), reply.text
    return reply.json


def _one(count: int) -> bool:
    return count == 1


def _reconciled(usage: dict[str, Any]) -> bool:
    return bool(usage) and usage["current"]["segments"] > 0 and usage["reconciliation"]["difference"] == 0
