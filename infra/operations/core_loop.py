"""`engage-sms smoke URL --phone NUMBER`: the core loop on a running system, with a phone in somebody's hand.

contact ─► opt-in request ─► YES, from the phone ─► message ─► delivered ─► reply, from the phone

Everything is real: the caller is a user with a number, Twilio carries the texts, and the phone opts in as any other.
It leaves behind the contact `smoke-<phone>` and the conversation, and costs a handful of segments.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from engage_sms.domain.message import FINAL, Status
from infra.operations.answer import CannotDo
from infra.operations.http import ask

T = TypeVar("T")
PAUSE = 2.0
LOOKS = 150
"""So often, PAUSE seconds apart, a step looks for what it waits for: five minutes."""
TEXT = "A test of Engage SMS. Please answer with any text."


class Failed(Exception):
    """Why a step did not come to its end, in a few words."""


class Outcome(NamedTuple):
    """One step or check: what it is, `ok` or why not, and how long it took, people's time included."""

    what: str
    outcome: str
    milliseconds: int


@dataclass(frozen=True, kw_only=True)
class CoreLoop:
    """A user's token and a phone (E.164); `say` tells whoever holds the phone what to do, `pause` waits a little."""

    url: str
    token: str
    user_id: str
    phone: str
    say: Callable[[str], None]
    pause: Callable[[], None] = lambda: time.sleep(PAUSE)

    def run(self) -> Iterator[Outcome]:
        """Step by step; each needs the one before, so the first that fails is the last."""
        for what, step in (
            ("a contact is kept", self._contact),
            ("an opt-in request leaves", self._request),
            ("a YES opts in", self._yes),
            ("a message is delivered", self._message),
            ("a reply arrives", self._reply),
        ):
            begun = time.perf_counter()
            try:
                step()
                outcome = "ok"
            except Failed as failure:
                outcome = str(failure)
            yield Outcome(what, outcome, round((time.perf_counter() - begun) * 1000))
            if outcome != "ok":
                return

    # --- the steps ---

    def _contact(self) -> None:
        contact = {"owner_id": self.user_id, "first_name": "Smoke", "last_name": "Test", "cell_phone": self.phone}
        self._ask(f"/v1/contacts/{self._id}", "PUT", contact)

    def _request(self) -> None:
        if self._opted_in():
            return
        self._ask(f"/v1/contacts/{self._id}/opt-in-requests", "POST")
        self.say(f"{self.phone} gets a request: answer it with YES.")

    def _yes(self) -> None:
        self._wait(self._opted_in, "no YES came")

    def _message(self) -> None:
        message = self._ask(f"/v1/conversations/{self._id}/messages", "POST", {"body": TEXT})
        path = f"/v1/conversations/{self._id}/messages/{message['id']}"
        status = self._wait(lambda: self._end(path), "Twilio has not reported its end")
        if status != Status.DELIVERED:
            raise Failed(f"it ended as {status}")
        self.say(f"{self.phone} has got a message: answer it with any text.")

    def _reply(self) -> None:
        self._wait(lambda: self._newest()["direction"] == "inbound", "no reply came")

    # --- what they are made of ---

    @property
    def _id(self) -> str:
        return f"smoke-{self.phone.lstrip('+')}"

    def _opted_in(self) -> bool:
        return bool(self._ask(f"/v1/contacts/{self._id}")["sms"]["consent"] == "opted_in")

    def _end(self, path: str) -> Status | None:
        """How the message ended; None before it did."""
        status = Status(self._ask(path)["status"])
        return status if status in FINAL else None

    def _newest(self) -> Mapping[str, Any]:
        newest: Mapping[str, Any] = self._ask(f"/v1/conversations/{self._id}/messages?limit=1")["items"][0]
        return newest

    def _wait(self, look: Callable[[], T], otherwise: str) -> T:
        """What is there at last. Raises Failed when it does not come."""
        for _ in range(LOOKS):
            if found := look():
                return found
            self.pause()
        raise Failed(otherwise)

    def _ask(self, path: str, method: str = "GET", body: Mapping[str, Any] | None = None) -> Any:
        status, answer = ask(
            self.url, path, method=method, token=self.token, body=None if body is None else json.dumps(body).encode()
        )
        document = json.loads(answer or b"{}")
        if status >= 400:
            raise Failed(f"{status}: {document.get('detail') or document.get('title') or document}")
        return document


def user_of(token: str) -> str:
    """The token's `sub`, which is the user's id unless the stage says otherwise. Raises CannotDo when it has none."""
    try:
        part = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sub"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error) as error:
        raise CannotDo("The token does not say who is calling: name the user by --user.") from error
