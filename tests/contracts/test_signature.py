"""Twilio's signatures: every recorded vector, and whatever anybody may post at a webhook."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from engage_sms.adapters.signature import parse_form, sign, signed_by

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors" / "twilio_signatures.json"
RECORDED = VECTORS.exists() or os.environ.get("CI") == "true"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["vectors"] if RECORDED else [{"name": "not run"}]
needs_recordings = pytest.mark.skipif(
    not RECORDED, reason="Not run: the recorded signatures (../shared/vectors) are not beside this checkout."
)

TOKEN = "12345"
URL = "https://api.example.com/webhooks/twilio/acme/messages"
texts = st.text(max_size=20)
forms = st.lists(st.tuples(texts, texts), max_size=6)


def is_forged(case: dict[str, Any]) -> bool:
    """The SDK says no to these two rightly; its third no (a bare trailing "?") is a fault of its own."""
    return case["name"] in ("http_vs_https_is_invalid", "json_body_tampered")


@needs_recordings
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_recorded_request_is_judged_rightly(case: dict[str, Any]) -> None:
    """Every recorded request is taken, the two forged ones are not, over the body as it came."""
    form = parse_form(case["form_body"], False)

    verdict = signed_by(
        [case["auth_token"]],
        url=case["validate_url"],
        form=form,
        signature=case["signature"],
        json_body=case.get("json_body"),
        algorithm=case["algorithm"],
    )

    assert verdict is not is_forged(case)


@needs_recordings
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_body_in_base64_has_the_same_fields(case: dict[str, Any]) -> None:
    """API Gateway may hand a body over in base64; nothing changes."""
    encoded = base64.b64encode(case["form_body"].encode()).decode()

    assert parse_form(encoded, True) == parse_form(case["form_body"], False)


@pytest.mark.parametrize(
    ("told", "signed"),
    [
        ("https://user:secret@api.example.com/sms", "https://api.example.com/sms"),
        ("https://api.example.com/sms#rc=2&rp=5xx,ct,rt&rt=6000", "https://api.example.com/sms"),
        ("https://api.example.com/sms?", "https://api.example.com/sms?"),
        ("https://api.example.com?m=a@b", "https://api.example.com?m=a@b"),
        ("https://api.example.com/a@b", "https://api.example.com/a@b"),
        ("https://api.example.com", "https://api.example.com:443"),
        ("http://api.example.com/sms", "http://api.example.com:80/sms"),
        ("http://[::1]:8000/sms", "http://[::1]/sms"),
        ("http://localhost:99999/sms", "http://localhost:99999/sms"),
    ],
)
def test_the_url_counts_as_twilio_signs_it(told: str, signed: str) -> None:
    """Fragment and user are not signed, the port may or may not be, and all else counts to the letter."""
    form = [("Body", "hi")]

    assert signed_by([TOKEN], url=told, form=form, signature=sign(TOKEN, url=signed, form=form))


@given(forms, st.integers(min_value=0, max_value=5), texts)
def test_a_changed_field_breaks_the_signature(form: list[tuple[str, str]], which: int, value: str) -> None:
    """Whoever changes what was signed is found out; the SDK's own signature is accepted."""
    whole = {f"{index}:{name}": text for index, (name, text) in enumerate(form)} or {"Body": "hi"}
    name = list(whole)[which % len(whole)]
    signature = RequestValidator(TOKEN).compute_signature(URL, whole)
    changed = whole | {name: value + "\x00"}

    assert signed_by([TOKEN], url=URL, form=list(whole.items()), signature=signature)
    assert not signed_by([TOKEN], url=URL, form=list(changed.items()), signature=signature)


@given(st.lists(texts), texts, forms, st.none() | texts, st.none() | texts, texts)
def test_nothing_that_is_posted_raises(
    tokens: list[str],
    url: str,
    form: list[tuple[str, str]],
    signature: str | None,
    json_body: str | None,
    algorithm: str,
) -> None:
    """Malformed URLs, headers, fields and algorithms are a plain no."""
    verdict = signed_by(tokens, url=url, form=form, signature=signature, json_body=json_body, algorithm=algorithm)

    assert verdict is False


def test_a_missing_signature_is_a_no() -> None:
    """A request without the header, or with an empty one, was not signed."""
    assert not signed_by([TOKEN], url=URL, form=[], signature=None)
    assert not signed_by([TOKEN], url=URL, form=[], signature="")


def test_an_unset_token_signs_nothing() -> None:
    """An organization without a token takes no webhooks, although anybody can sign with an empty one."""
    form = [("Body", "hi")]

    assert not signed_by(["", ""], url=URL, form=form, signature=sign("", url=URL, form=form))


def test_either_token_counts_while_one_is_rotated() -> None:
    """Around a rotation Twilio may still sign with the token of before."""
    form = [("Body", "hi")]
    signature = sign("old", url=URL, form=form)

    assert signed_by(["new", "old"], url=URL, form=form, signature=signature)
    assert not signed_by(["new"], url=URL, form=form, signature=signature)


def test_a_lone_surrogate_is_a_no() -> None:
    """Text that has no UTF-8 form cannot have been signed."""
    assert not signed_by([TOKEN], url=URL, form=[("Body", "\ud800")], signature="x")
    assert not signed_by([TOKEN], url=URL, form=[], signature="x", json_body="\ud800")


@pytest.mark.parametrize("body", ["Body", "Body=%ff", "&".join(["a=1"] * 501), "a=1&&b=2"])
def test_a_body_that_is_no_form_is_refused(body: str) -> None:
    """A field without "=", bytes that are no UTF-8, or hundreds of fields do not come from Twilio."""
    with pytest.raises(ValueError):
        parse_form(body, False)


@pytest.mark.parametrize("body", ["not base64!", base64.b64encode(b"Body=\xff").decode()])
def test_broken_base64_is_refused(body: str) -> None:
    """A body that says it is base64 of UTF-8 has to be."""
    with pytest.raises(ValueError):
        parse_form(body, True)


def test_no_body_is_no_fields() -> None:
    """A POST without a body is signed over its URL alone."""
    assert parse_form(None, False) == []
    assert parse_form("", True) == []


@given(st.dictionaries(texts.filter(bool), texts, max_size=5))
def test_blanks_and_order_survive(fields: dict[str, str]) -> None:
    """What was encoded comes back whole: blanks kept, order kept, nothing trimmed."""
    from urllib.parse import urlencode

    assert parse_form(urlencode(fields), False) == list(fields.items())
