"""How a route describes itself: what it takes, what it answers, and how it can refuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from engage_sms.edge.kinds import CONTENT_TYPE, KINDS, known_problem
from engage_sms.edge.schemas.base import example_of
from engage_sms.edge.schemas.problem import ProblemAnswer

BEARER = "bearer"
ALWAYS = ("unauthorized", "forbidden", "invalid", "try-again")
"""Problems that every route with a token may answer."""
WITH_BODY = ("malformed-body", "body-too-large", "unsupported-media-type")
"""Problems that every route with a body may answer; naming the first names all of them."""

GATEWAYS_WORDS = {401: "Unauthorized", 413: "Request Entity Too Large"}
"""Statuses that API Gateway answers too: a token that is missing or wrong, a body beyond its own limit."""
GATEWAYS_ANSWER = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}


def operation(
    tag: str,
    summary: str,
    description: str,
    answers: Mapping[int, type[BaseModel] | None],
    *problems: str,
    csv: str | None = None,
) -> dict[str, Any]:
    """The keyword arguments of a route that needs a token. `answers` by status, the first one the usual;
    `csv` is an example of the answer to `Accept: text/csv`."""
    responses: dict[int, Any] = {status: _response(status, model, csv) for status, model in answers.items()}
    return {
        "tags": [tag],
        "summary": summary,
        "description": description,
        "status_code": next(iter(answers)),
        "security": [{BEARER: []}],
        "responses": responses | problem_responses((*ALWAYS, *_with_body(problems), *problems)),
    }


def _with_body(problems: Sequence[str]) -> tuple[str, ...]:
    return WITH_BODY if WITH_BODY[0] in problems else ()


def problem_responses(slugs: Iterable[str]) -> dict[int, Any]:
    """One response a status, with an example for each problem of that status."""
    by_status: dict[int, dict[str, Any]] = {}
    for slug in slugs:
        problem = known_problem(slug)
        by_status.setdefault(problem.status, {})[slug] = {"summary": KINDS[slug][1], "value": problem.document()}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {CONTENT_TYPE: {"model": ProblemAnswer, "examples": examples}, **_of_the_gateway(status)},
        }
        for status, examples in sorted(by_status.items())
    }


def _of_the_gateway(status: int) -> dict[str, Any]:
    """What API Gateway says itself, before any function is asked: it knows no problem+json."""
    said = GATEWAYS_WORDS.get(status)
    example = {"value": {"message": said}}
    return {"application/json": {"schema": GATEWAYS_ANSWER, "examples": {"gateway": example}}} if said else {}


def _response(status: int, model: type[BaseModel] | None, csv: str | None) -> dict[str, Any]:
    description = HTTPStatus(status).phrase
    if model is None:
        return {"description": description, "content": {}}
    content: dict[str, Any] = {
        "application/json": {"model": model, "examples": {"example": {"value": example_of(model)}}}
    }
    if csv is not None:
        content["text/csv"] = {"schema": {"type": "string"}, "examples": {"example": {"value": csv}}}
    return {"description": description, "content": content}
