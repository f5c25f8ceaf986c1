"""`engage-sms smoke URL`: whether a running system answers, refuses and reads as it should.

These checks change nothing. With a phone in somebody's hand the core loop follows them: Twilio's test credentials know
neither subaccounts nor callbacks, so that only real texts can show it.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.operations.answer import Answer, CannotDo, watched
from infra.operations.core_loop import CoreLoop, Outcome, user_of
from infra.operations.http import ask

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


def smoke(url: str, *, token: str | None, phone: str | None = None, user_id: str | None = None) -> tuple[Answer, bool]:
    """Every check in turn, and whether all passed; without a token only those that need none.

    With a phone, once all have passed, also the core loop. Raises CannotDo when nobody answers at the address, and for
    a phone without a user's token.
    """
    if phone and not token:
        raise CannotDo("The core loop needs the token of a user who has a number: give --token or --token-command.")
    checks = [check for check in CHECKS if token or not check.with_token]
    rows = [_row(url, check, token) for check in watched(checks, "checks")]
    if phone and token and _all_well(rows):
        loop = CoreLoop(url=url, token=token, user_id=user_id or user_of(token), phone=phone, say=_say)
        rows += loop.run()
    passed = sum(row.outcome == "ok" for row in rows)
    left_out = "" if token else f" {len(CHECKS) - len(checks)} more need a token: give --token or --token-command."
    sentence = f"{passed} of {len(rows)} checks passed.{left_out}"
    return Answer(sentence=sentence, columns=COLUMNS, rows=rows), _all_well(rows)


def _all_well(rows: Sequence[Outcome]) -> bool:
    return all(row.outcome == "ok" for row in rows)


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def token_from(command: str) -> str:
    """What the command prints. Raises CannotDo when it fails or prints nothing."""
    try:
        ran = subprocess.run(shlex.split(command), capture_output=True, text=True, check=False)  # noqa: S603
    except (OSError, ValueError) as error:
        raise CannotDo(f"The token command cannot be run: {error}") from error
    if ran.returncode or not ran.stdout.strip():
        raise CannotDo(f"The token command printed no token (exit code {ran.returncode}).")
    return ran.stdout.strip()


def _row(url: str, check: Check, token: str | None) -> Outcome:
    begun = time.perf_counter()
    status, body = ask(
        url,
        check.path,
        method=check.method,
        token=token if check.with_token else None,
        body=check.body,
        content_type=check.content_type,
    )
    return Outcome(check.what, _outcome(check, status, body), round((time.perf_counter() - begun) * 1000))


def _outcome(check: Check, status: int, body: bytes) -> str:
    if status != check.status:
        return f"answered {status} instead of {check.status}"
    try:
        right = status >= 400 or check.holds(json.loads(body or b"{}"))
    except (ValueError, KeyError, TypeError):
        right = False
    return "ok" if right else "the answer is not as described"
