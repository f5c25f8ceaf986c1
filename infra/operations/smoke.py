"""`engage-sms smoke URL`: whether a running system answers, refuses and reads as it should. It changes nothing.

It sends no message: Twilio's test credentials know neither subaccounts nor callbacks, and an opt-in needs a phone that
says YES. The core loop itself is driven on the local system by README's walk, with a stand-in for phone and Twilio.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from infra.operations.answer import Answer, CannotDo, watched

SECONDS = 15
"""For one answer, a cold start included."""
COLUMNS = ("Check", "Outcome", "Milliseconds")


@dataclass(frozen=True, kw_only=True)
class Check:
    """A request and what its answer must be: a status, and a property of its JSON document."""

    what: str
    path: str
    status: int = 200
    method: str = "GET"
    body: bytes | None = None
    content_type: str = "application/json"
    with_token: bool = True
    holds: Callable[[Mapping[str, Any]], bool] = lambda _: True


CHECKS = (
    Check(what="it is healthy", path="/healthz", with_token=False),
    Check(
        what="it describes itself",
        path="/v1/openapi.json",
        with_token=False,
        holds=lambda found: str(found["openapi"]).startswith("3.1"),
    ),
    Check(what="nobody reads without a token", path="/v1/organization", status=401, with_token=False),
    Check(
        what="an unsigned webhook is refused",
        path="/webhooks/twilio/smoke/status?m=a.b.c",
        status=403,
        method="POST",
        body=b"MessageSid=SM0&AccountSid=AC0&MessageStatus=delivered",
        content_type="application/x-www-form-urlencoded",
        with_token=False,
    ),
    Check(what="the token opens its organization", path="/v1/organization", holds=lambda found: bool(found["id"])),
    Check(what="the sending window is known", path="/v1/sending-window", holds=lambda found: "open" in found),
    Check(what="contacts are read", path="/v1/contacts", holds=lambda found: isinstance(found["items"], list)),
    Check(what="the inbox is read", path="/v1/conversations", holds=lambda found: isinstance(found["items"], list)),
    Check(
        what="segments are counted",
        path="/v1/messages/preview",
        method="POST",
        body=b'{"body": "Hi"}',
        holds=lambda found: found["segments"] == 1,
    ),
)


def smoke(url: str, *, token: str | None) -> tuple[Answer, bool]:
    """Every check in turn, and whether all passed; without a token only those that need none.

    Raises CannotDo when nobody answers at the address.
    """
    checks = [check for check in CHECKS if token or not check.with_token]
    rows = [_row(url, check, token) for check in watched(checks, "checks")]
    passed = sum(outcome == "ok" for _, outcome, _ in rows)
    left_out = "" if token else f" {len(CHECKS) - len(checks)} more need a token: give --token or --token-command."
    sentence = f"{passed} of {len(rows)} checks passed.{left_out}"
    return Answer(sentence=sentence, columns=COLUMNS, rows=rows), passed == len(rows)


def token_from(command: str) -> str:
    """What the command prints. Raises CannotDo when it fails or prints nothing."""
    try:
        ran = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)  # noqa: S603
    except (OSError, ValueError) as error:
        raise CannotDo(f"The token command cannot be run: {error}") from error
    if ran.returncode or not ran.stdout.strip():
        raise CannotDo(f"The token command printed no token (exit code {ran.returncode}).")
    return ran.stdout.strip()


def _row(url: str, check: Check, token: str | None) -> tuple[str, str, int]:
    begun = time.perf_counter()
    status, body = _ask(url, check, token)
    return check.what, _outcome(check, status, body), round((time.perf_counter() - begun) * 1000)


def _outcome(check: Check, status: int, body: bytes) -> str:
    if status != check.status:
        return f"answered {status} instead of {check.status}"
    try:
        right = status >= 400 or check.holds(json.loads(body or b"{}"))
    except (ValueError, KeyError, TypeError):
        right = False
    return "ok" if right else "the answer is not as described"


def _ask(url: str, check: Check, token: str | None) -> tuple[int, bytes]:
    headers = {"content-type": check.content_type} if check.body else {}
    if check.with_token and token:
        headers["authorization"] = f"Bearer {token}"
    request = Request(url + check.path, data=check.body, headers=headers, method=check.method)  # noqa: S310  checked
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read()
    except HTTPError as refusal:
        return refusal.code, refusal.read()
    except (URLError, OSError) as error:
        raise CannotDo(f"Nobody answers at {url}: {getattr(error, 'reason', error)}.") from error
