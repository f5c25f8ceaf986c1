"""Exceptions as the caller sees them."""

from __future__ import annotations

import ast
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engage_sms.domain.consent import RequestRefusal
from engage_sms.edge.kinds import KINDS, known_problem
from engage_sms.edge.problems import problem_of
from engage_sms.edge.sentences import sentence
from engage_sms.edge.telemetry import logger
from engage_sms.errors import Conflict, Invalid, NotFound, OutcomeUnknown, RateLimited, Refused, Rejected

PRODUCT = Path(__file__).parents[2] / "layers" / "core" / "python" / "engage_sms"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """All that is logged; the logger keeps the stream it was born with."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


@pytest.mark.parametrize(
    ("error", "slug", "status"),
    [
        (NotFound("contact"), "not-found", 404),
        (Invalid([{"field": "body", "message": "Write a text."}]), "invalid", 422),
        (Rejected("opted-out", "They opted out."), "opted-out", 409),
        (Conflict("lost"), "try-again", 503),
        (RateLimited("429"), "try-again", 503),
        (OutcomeUnknown("timeout"), "try-again", 503),
        (Refused(20003, "Authenticate"), "provider-refused", 502),
        (ValueError("secret +13125550199"), "internal-error", 500),
    ],
)
def test_every_error_has_its_problem(error: Exception, slug: str, status: int) -> None:
    """The reaction that the error is named for decides the status."""
    problem = problem_of(error)

    assert (problem.slug, problem.status) == (slug, status)
    assert problem.document()["type"] == f"/problems/{slug}"


def test_what_nobody_foresaw_says_nothing_of_itself(log: io.StringIO) -> None:
    """Neither answer nor log holds the exception's text, which may be a phone number; the log has its place."""
    phone = f"+{13125550199}"

    def fail() -> None:
        raise RuntimeError(phone)

    with pytest.raises(RuntimeError) as failure:
        fail()
    problem = problem_of(failure.value)

    logged = log.getvalue()
    assert phone not in problem.body + logged
    assert "RuntimeError" in logged
    assert "test_problems.py" in logged


def test_a_problem_carries_its_own_fields() -> None:
    """Instants in RFC 3339, beside the members that every problem has."""
    error = Rejected("opt-in-too-soon", "Wait.", next_request_at=datetime(2026, 7, 16, 3, tzinfo=UTC))

    assert json.loads(problem_of(error).body) == {
        "type": "/problems/opt-in-too-soon",
        "title": "Opt in too soon",
        "status": 409,
        "detail": "Wait.",
        "next_request_at": "2026-07-16T03:00:00Z",
    }


def test_a_problem_can_always_be_written() -> None:
    """A field of a kind that JSON lacks becomes text rather than an error on the way to the caller."""
    assert json.loads(known_problem("invalid", day=date(2026, 7, 16)).body)["day"] == "2026-07-16"


def test_only_a_503_asks_to_come_back() -> None:
    """Retry-After stands where trying again helps."""
    assert known_problem("try-again").headers == {"Retry-After": "2"}
    assert known_problem("not-found").headers == {}


def test_every_slug_that_a_use_case_raises_is_described() -> None:
    """What `Rejected(...)` names in the product stands in the table that the API's description is made from."""
    raised = {str(refusal) for refusal in RequestRefusal}
    for path in PRODUCT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rejected":
                first = node.args[0]
                raised |= {str(first.value)} if isinstance(first, ast.Constant) else set()

    assert len(raised) > 10
    assert raised <= KINDS.keys()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"type": "missing", "loc": ("body", "x")}, "Give this; it is required."),
        ({"type": "string_too_long", "loc": (), "ctx": {"max_length": 9}}, "Give at most 9 characters."),
        ({"type": "literal_error", "loc": (), "ctx": {"expected": "'a' or 'b'"}}, "Give 'a' or 'b'."),
        ({"type": "string_pattern_mismatch", "loc": (), "ctx": {"pattern": "^x$"}, "msg": "no match"}, "no match"),
        ({"type": "datetime_from_date_parsing", "loc": ()}, "2024-08-01T14:00:00Z"),
        ({"type": "something_new", "loc": ()}, "something_new"),
    ],
)
def test_every_wrong_value_gets_a_sentence(error: dict[str, object], expected: str) -> None:
    """Known errors say what to do; new ones still say something."""
    assert expected in sentence(error)
    assert sentence(error).endswith(".")
