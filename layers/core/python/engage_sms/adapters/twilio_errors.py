"""What Twilio's answers and silences mean, in one table, as the errors of `engage_sms.errors`.

    what happened                                   sends, creates       reads, deletes, repeatable writes
    ─────────────────────────────────────────────   ─────────────────    ─────────────────────────────────
    HTTP 429 or code 20429                          RateLimited          RateLimited
    no connection was made                          RateLimited          RateLimited
    any other 4xx                                   Refused(code)        Refused(code)
    5xx, 408, 3xx, timeout, reset, unreadable 2xx   OutcomeUnknown       Retryable

Nothing is chained: the SDK's texts and requests' hold phone numbers, and a logged traceback would show them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engage_sms.errors import EngageError, OutcomeUnknown, RateLimited, Refused, Retryable

_TOO_MANY_REQUESTS = 20429
_PREFIX = re.compile(r"^Unable to \w+ (record|page): ")
_PHONE_NUMBER = re.compile(r"(?<![0-9A-Za-z])\+?\d[\d\-() ]{6,}\d(?![0-9A-Za-z])")
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)
"""What the SDK raises while it parses an answer that is not what the API promises."""


@contextmanager
def answers(*, repeatable: bool) -> Iterator[None]:
    """Around one call of the SDK: whatever it raises leaves as an error of ours.

    `repeatable`: doing it twice is the same as doing it once (reads, deletes, putting a number into a pool).
    """
    from twilio.base.exceptions import TwilioException  # here, for functions that never call Twilio

    try:
        yield
    except TwilioException as error:
        raise _from_answer(error, repeatable) from None
    except OSError as error:  # requests' exceptions are OSErrors
        if _never_left(error):
            raise RateLimited("Twilio could not be reached; the request never left.") from None
        raise _unclear(repeatable, f"Twilio did not answer ({type(error).__name__}).") from None
    except _UNREADABLE as error:
        raise _unclear(repeatable, f"Twilio's answer could not be read ({type(error).__name__}).") from None


def _from_answer(error: Exception, repeatable: bool) -> EngageError:
    status, code, message = _read(error)
    if status == 429 or code == _TOO_MANY_REQUESTS:
        return RateLimited(f"Twilio answered {status}: too many requests at once.")
    if 400 <= status < 500 and status != 408:
        return Refused(code, _PHONE_NUMBER.sub("(number)", _PREFIX.sub("", message)))
    return _unclear(repeatable, f"Twilio answered {status}.")


def _read(error: Any) -> tuple[int, int, str]:
    """HTTP status, Twilio's code (the status where there is none) and message.

    Calls on one resource raise an error that has them (legacy or RFC 9457); lists raise one that has only the response.
    """
    status = getattr(error, "status", None)
    if isinstance(status, int):
        message = getattr(error, "detail", None) or getattr(error, "title", None) or getattr(error, "msg", "")
        return status, _number(getattr(error, "code", None), status), str(message)
    response = error.args[1] if len(error.args) > 1 else None
    answered = _number(getattr(response, "status_code", None), 0)
    try:
        body = json.loads(getattr(response, "text", ""))
        return answered, _number(body.get("code"), answered), str(body.get("message") or body.get("detail") or "")
    except (ValueError, AttributeError):
        return answered, answered, "The answer has no error body."


def _number(code: object, otherwise: int) -> int:
    return code if isinstance(code, int) else otherwise


def _never_left(error: OSError) -> bool:
    """Whether no connection was made, so that Twilio certainly saw nothing. A failed TLS handshake is not certain."""
    from requests.exceptions import ConnectTimeout
    from urllib3.exceptions import NewConnectionError

    cause = error.args[0] if error.args else None
    return isinstance(error, ConnectTimeout) or isinstance(getattr(cause, "reason", cause), NewConnectionError)


def _unclear(repeatable: bool, what: str) -> EngageError:
    return Retryable(what) if repeatable else OutcomeUnknown(what)
