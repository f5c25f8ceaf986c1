"""The port's promises about failure: what each answer and each silence of Twilio becomes."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import exceptions as wire
from twilio.http import HttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProtocolError

from engage_sms.adapters.twilio_api import TIMEOUT, TwilioApi
from engage_sms.errors import EngageError, OutcomeUnknown, RateLimited, Refused, Retryable
from engage_sms.ports import Account, Outgoing, Twilio
from infra.local.twilio import FakeTwilio, TwilioInProcess

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ACCOUNT = Account("AC" + "1" * 32, "token")
SERVICE, NUMBER = "MG" + "2" * 32, "PN" + "3" * 32
PHONE = "+14155550199"
MESSAGE = Outgoing(
    to=PHONE,
    sender="+14155550100",
    body="Hello",
    messaging_service_sid=SERVICE,
    status_callback="https://sms.example.com/status",
)

Call = Callable[[Twilio], object]
CREATES: dict[str, Call] = {
    "create_account": lambda t: t.create_account("x"),
    "create_messaging_service": lambda t: t.create_messaging_service(
        ACCOUNT, "x", inbound_url="https://e.com/i", status_url="https://e.com/s"
    ),
    "buy_number": lambda t: t.buy_number(ACCOUNT, PHONE, friendly_name="x"),
    "send": lambda t: t.send(ACCOUNT, MESSAGE),
}
REPEATABLE: dict[str, Call] = {
    "find_account": lambda t: t.find_account("x"),
    "find_messaging_service": lambda t: t.find_messaging_service(ACCOUNT, "x"),
    "offered_numbers": lambda t: t.offered_numbers(ACCOUNT, area_code="415"),
    "owned_numbers": lambda t: t.owned_numbers(ACCOUNT),
    "add_to_service": lambda t: t.add_to_service(ACCOUNT, SERVICE, NUMBER),
    "release_number": lambda t: t.release_number(ACCOUNT, NUMBER),
    "messages_to": lambda t: t.messages_to(ACCOUNT, PHONE, since=NOW),
    "messages_on": lambda t: list(t.messages_on(ACCOUNT, date(2026, 3, 2))),
    "reported_usage": lambda t: t.reported_usage(ACCOUNT, date(2026, 3, 1), date(2026, 3, 2)),
}
EVERY = CREATES | REPEATABLE
READS_A_BODY = {name: call for name, call in REPEATABLE.items() if name not in ("release_number", "add_to_service")}


class Scripted(HttpClient):  # type: ignore[misc]
    """Answers every request in one way, and counts them."""

    def __init__(self, answer: Response | BaseException) -> None:
        super().__init__(logging.getLogger("scripted"), False)
        self.answer = answer
        self.requests = 0

    def request(self, *arguments: object, **named: object) -> Response:
        self.requests += 1
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def asked(call: Call, answer: Response | BaseException) -> EngageError:
    """What the call raises when Twilio answers so; it asks exactly once."""
    client = Scripted(answer)

    with pytest.raises(EngageError) as error:
        call(TwilioApi(lambda: ACCOUNT, client))

    assert client.requests == 1
    return error.value


def refusal(status: int, code: int, message: str = "No.") -> Response:
    return Response(status, json.dumps({"code": code, "message": message, "more_info": "", "status": status}))


def unconnected() -> wire.ConnectionError:
    return wire.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused")))  # type: ignore[arg-type]


NEVER_LEFT = {
    "refused": unconnected,
    "connect timeout": lambda: wire.ConnectTimeout(MaxRetryError(None, "/", ConnectTimeoutError())),  # type: ignore[arg-type]
}
SILENCES: dict[str, Callable[[], Response | BaseException]] = {
    "read timeout": wire.ReadTimeout,
    "reset": lambda: wire.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError())),
    "cut off": wire.ChunkedEncodingError,
    "tls": wire.SSLError,
    "socket": lambda: ConnectionResetError("reset"),
    "500": lambda: refusal(500, 20500),
    "502 of a proxy": lambda: Response(502, "<html>Bad gateway</html>"),
    "503": lambda: Response(503, ""),
    "408": lambda: Response(408, ""),
    "307": lambda: Response(307, "{}"),
}
UNREADABLE = ["", "{", "<html>", "null", "[]", "{}", '{"sid": 5}', '{"sid": "XX1"}', '{"meta": {}}', '"text"']


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("answer", [refusal(429, 20429), Response(429, "slow down"), refusal(400, 20429)])
def test_too_many_requests_was_certainly_not_processed(name: str, answer: Response) -> None:
    """A 429 may be tried again later, whichever way it is spelled."""
    assert isinstance(asked(EVERY[name], answer), RateLimited)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("why", NEVER_LEFT)
def test_a_request_that_never_left_was_certainly_not_processed(name: str, why: str) -> None:
    """Without a connection Twilio has seen nothing."""
    assert isinstance(asked(EVERY[name], NEVER_LEFT[why]()), RateLimited)


@pytest.mark.parametrize("name", EVERY)
def test_a_definite_no_keeps_its_code(name: str) -> None:
    """Each 4xx is final, with Twilio's code; lists, whose error has none in the SDK, too."""
    error = asked(EVERY[name], refusal(400, 21999, "Not like this."))

    assert isinstance(error, Refused)
    assert (error.code, error.message) == (21999, "Not like this.")


@pytest.mark.parametrize("name", EVERY)
def test_problem_details_are_a_definite_no_too(name: str) -> None:
    """Newer hosts answer with RFC 9457 bodies."""
    body = {"type": "https://e.com", "title": "Bad", "status": 400, "code": 21998, "detail": "Not like that."}
    error = asked(EVERY[name], Response(400, json.dumps(body)))

    assert isinstance(error, Refused)
    assert (error.code, error.message) == (21998, "Not like that.")


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("body", ["<html>Forbidden</html>", "[]", '{"code": "x", "message": "no"}'])
def test_a_no_without_a_code_has_its_status_for_one(name: str, body: str) -> None:
    """What a proxy refuses is refused as well."""
    error = asked(EVERY[name], Response(403, body))

    assert isinstance(error, Refused)
    assert error.code == 403


@pytest.mark.parametrize("name", CREATES)
@pytest.mark.parametrize("why", SILENCES)
def test_a_create_without_an_answer_may_have_been_done(name: str, why: str) -> None:
    """Silence after the request left is no reason to repeat it."""
    assert isinstance(asked(CREATES[name], SILENCES[why]()), OutcomeUnknown)


@pytest.mark.parametrize("name", CREATES)
@pytest.mark.parametrize("body", UNREADABLE)
def test_a_create_with_an_unreadable_answer_may_have_been_done(name: str, body: str) -> None:
    """A 201 whose body cannot be read leaves us without the SID: it is looked up, not repeated."""
    assert isinstance(asked(CREATES[name], Response(201, body)), OutcomeUnknown)


@pytest.mark.parametrize("name", REPEATABLE)
@pytest.mark.parametrize("why", SILENCES)
def test_a_read_without_an_answer_may_be_repeated(name: str, why: str) -> None:
    """Reads, deletes and joining a pool do no harm twice."""
    error = asked(REPEATABLE[name], SILENCES[why]())

    assert isinstance(error, Retryable)
    assert not isinstance(error, RateLimited)


@pytest.mark.parametrize("name", READS_A_BODY)
@pytest.mark.parametrize("body", ["", "{", "<html>", "null", '"text"'])
def test_an_unreadable_list_may_be_read_again(name: str, body: str) -> None:
    """Half a page is not mistaken for an empty one."""
    assert isinstance(asked(READS_A_BODY[name], Response(200, body)), Retryable)


def test_a_usage_row_without_a_day_is_not_guessed() -> None:
    """A row that cannot be dated is an error, not a zero."""
    body = json.dumps({"usage_records": [{"start_date": "?", "usage": "3"}]})

    assert isinstance(asked(REPEATABLE["reported_usage"], Response(200, body)), Retryable)


def test_a_number_without_a_date_is_not_guessed_to_be_old() -> None:
    """What cannot be dated is an error: an old number without an owner would be given back."""
    row = {"sid": NUMBER, "phone_number": PHONE, "friendly_name": "x", "date_created": None}
    body = json.dumps({"incoming_phone_numbers": [row]})

    assert isinstance(asked(REPEATABLE["owned_numbers"], Response(200, body)), Retryable)


def test_success_of_a_repeat_is_success() -> None:
    """A number that is already in the pool, or already gone, is where it should be."""
    TwilioApi(lambda: ACCOUNT, Scripted(refusal(409, 21710))).add_to_service(ACCOUNT, SERVICE, NUMBER)
    TwilioApi(lambda: ACCOUNT, Scripted(refusal(404, 20404))).release_number(ACCOUNT, NUMBER)


@pytest.mark.parametrize(("kind", "error"), [("429", RateLimited), ("500", OutcomeUnknown), ("21422", Refused)])
def test_the_fakes_faults_leave_the_port_as_errors(kind: str, error: type[EngageError]) -> None:
    """What the fake Twilio can be told to do wrong arrives as the real one's would."""
    fake = FakeTwilio(lambda: NOW)
    twilio = TwilioApi(lambda: fake.parent, TwilioInProcess(fake))
    fake.inject("incoming_phone_numbers.create", kind, 1)

    with pytest.raises(error):
        twilio.buy_number(fake.parent, twilio.offered_numbers(fake.parent, area_code="415")[0].phone, friendly_name="x")

    assert fake.numbers() == []


@pytest.mark.parametrize(("kind", "made"), [("timeout_before", 0), ("timeout_after", 1)])
def test_after_a_timeout_the_account_is_looked_up(kind: str, made: int) -> None:
    """Both timeouts look alike; only looking tells whether it was done."""
    fake = FakeTwilio(lambda: NOW)
    twilio = TwilioApi(lambda: fake.parent, TwilioInProcess(fake))
    fake.inject("accounts.create", kind, 1)

    with pytest.raises(OutcomeUnknown):
        twilio.create_account("engage-sms acme")

    assert (twilio.find_account("engage-sms acme") is not None) == bool(made)


@given(st.from_regex(r"\+1[2-9]\d{9}", fullmatch=True), st.sampled_from(["{}", "The 'To' number {} is not valid."]))
def test_phone_numbers_stay_out_of_errors(phone: str, text: str) -> None:
    """What is logged of a failure, traceback and all, holds no phone number; codes stay readable."""
    error = asked(CREATES["send"], refusal(400, 21211, text.format(phone)))
    silence = asked(CREATES["send"], wire.ReadTimeout(f"https://api.twilio.com/?To={phone}"))

    assert phone not in "".join(traceback.format_exception(error))
    assert phone not in "".join(traceback.format_exception(silence))
    assert "21211" in str(error)


def test_the_parents_credentials_are_used_for_accounts_alone() -> None:
    """With the parent's credentials messaging.twilio.com would silently act on the parent."""
    used: list[str] = []

    class Watching(Scripted):
        def request(self, *arguments: object, **named: object) -> Response:
            used.append(named["auth"][0])  # type: ignore[index]
            return super().request(*arguments, **named)

    parent = Account("AC" + "9" * 32, "parent")
    twilio = TwilioApi(lambda: parent, Watching(refusal(400, 1)))
    for name, call in EVERY.items():
        with pytest.raises(Refused):
            call(twilio)

        assert used.pop() == (parent.sid if name in ("create_account", "find_account") else ACCOUNT.sid)


def test_the_environment_chooses_no_other_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would read a region and an edge from the environment and call elsewhere."""
    hosts: list[object] = []

    class Watching(Scripted):
        def request(self, *arguments: object, **named: object) -> Response:
            hosts.append(arguments[1])
            return super().request(*arguments, **named)

    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    with pytest.raises(Refused):
        TwilioApi(lambda: ACCOUNT, Watching(refusal(400, 1))).send(ACCOUNT, MESSAGE)

    assert [str(host).startswith("https://api.twilio.com/") for host in hosts] == [True]


def test_real_calls_end_after_a_finite_time_and_are_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client made when none is given has a timeout and no retries, and is made once."""
    sent: list[tuple[TwilioHttpClient, float | None]] = []

    def request(self: TwilioHttpClient, *arguments: object, **named: object) -> Response:
        retries = self.session.get_adapter("https://api.twilio.com").max_retries
        assert (retries.total, retries.connect) == (0, None)
        sent.append((self, self.timeout))
        return refusal(400, 1)

    monkeypatch.setattr(TwilioHttpClient, "request", request)
    twilio = TwilioApi(lambda: ACCOUNT)
    for call in (CREATES["send"], REPEATABLE["owned_numbers"]):
        with pytest.raises(Refused):
            call(twilio)

    assert [timeout for _, timeout in sent] == [TIMEOUT, TIMEOUT]
    assert sent[0][0] is sent[1][0]
    sent[0][0].session.close()


def test_the_sdk_does_not_log_phone_numbers() -> None:
    """At INFO its HTTP client writes every URL with its query."""
    TwilioApi(lambda: ACCOUNT, Scripted(refusal(400, 1)))

    assert not logging.getLogger("twilio.http_client").isEnabledFor(logging.INFO)
