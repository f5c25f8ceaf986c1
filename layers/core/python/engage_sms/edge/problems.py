"""From an exception to the problem that the caller sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from engage_sms.edge.kinds import Problem, known_problem
from engage_sms.edge.sentences import sentence
from engage_sms.edge.telemetry import log_failure
from engage_sms.errors import OutcomeUnknown, Refused, Rejected, Retryable

MOST_ERRORS = 50
LONGEST_FIELD = 100
"""Characters. What is wrong with a body may be as large as the body; an answer has to stay below Lambda's 6 MB."""


def problem_of(error: Exception) -> Problem:
    """The problem that an exception means to the caller. What nobody foresaw is logged and says nothing of itself."""
    match error:
        case Rejected():
            return Problem(slug=error.slug, status=error.status, detail=error.detail, fields=error.fields)
        case Retryable() | OutcomeUnknown():
            return known_problem("try-again")
        case NotFoundError():
            return known_problem("unknown-route")
        case RequestValidationError():
            return _invalid(error.errors())
        case _:
            return _unforeseen(error)


def _invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    if any(error["type"] == "json_invalid" for error in errors):
        return known_problem("malformed-body")
    found = [{"field": _field(error), "message": sentence(error)} for error in errors[:MOST_ERRORS]]
    detail = " ".join(f"{entry['field']}: {entry['message']}" for entry in found)
    return replace(known_problem("invalid", errors=found), detail=detail)


def _field(error: Mapping[str, Any]) -> str:
    """The field's path below the body, query or path: `media_urls.0`."""
    path = [str(part) for part in error["loc"]]
    return (".".join(path[1:]) or path[0])[:LONGEST_FIELD]


def _unforeseen(error: Exception) -> Problem:
    log_failure("The request ended in an error.", error)
    return known_problem("provider-refused" if isinstance(error, Refused) else "internal-error")
