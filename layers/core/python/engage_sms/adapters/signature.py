"""Twilio's webhook signature: whether a request was signed with one of an account's tokens.

HMAC over the URL as configured, then every form field sorted by name, each as name + value, blanks and repeated names
included (twilio.com/docs/usage/webhooks/webhooks-security). The SDK's RequestValidator computes it; its `validate` is
not used, because it raises where a request is merely malformed (no header, repeated names, a port above 65535) and
says no to a URL that ends in a bare "?". Only that one module of the SDK is imported: webhooks start fast.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qs, parse_qsl

from twilio.request_validator import HMAC_SHA1, RequestValidator

MAX_FIELDS = 500
"""Twilio sends some thirty fields and at most ten media; more than this is not Twilio."""


LONGEST_FORM = 256 * 1024
"""Characters; a text of 1,600 characters and ten media take a tenth of it."""


def parse_form(body: str | None, is_base64: bool) -> list[tuple[str, str]]:
    """The fields of a form-encoded body in order, blank ones kept: a dropped blank breaks the signature.

    Raises ValueError when it is not such a body: broken base64 or UTF-8, a field without "=", or too much of it.
    """
    text = body or ""
    if len(text) > LONGEST_FORM:
        raise ValueError("The form is too long.")
    if is_base64:
        text = base64.b64decode(text, validate=True).decode()
    return parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_FIELDS)


def signed_by(
    tokens: Iterable[str],
    *,
    url: str,
    form: Sequence[tuple[str, str]],
    signature: str | None,
    json_body: str | None = None,
    algorithm: str = HMAC_SHA1,
) -> bool:
    """Whether one of the tokens signed this request; several are tried while a token is being rotated. Never raises.

    `url` is the public URL as Twilio was told it, with the query exactly as requested; fragment and user:password@ are
    not signed and may be present. Signed with or without the port both count: Twilio keeps it for messages and drops
    it for voice. With `json_body` the form is empty and the URL carries the body's hash as `bodySHA256`.
    """
    if not signature or (json_body is not None and not _has_hash_of(json_body, url)):
        return False
    return any(
        _is_signature(token, candidate, form, signature, algorithm)
        for token in tokens
        if token  # an unset token would let anybody sign
        for candidate in _spellings(url)
    )


def sign(token: str, *, url: str, form: Sequence[tuple[str, str]], algorithm: str = HMAC_SHA1) -> str:
    """The signature Twilio would send with this request. Raises ValueError for an algorithm Twilio does not have."""
    signature: str = RequestValidator(token).compute_signature(url, _Fields(form), algorithm)
    return signature


def _is_signature(token: str, url: str, form: Sequence[tuple[str, str]], signature: str, algorithm: str) -> bool:
    try:
        expected = sign(token, url=url, form=form, algorithm=algorithm)
        return hmac.compare_digest(expected.encode(), signature.encode())
    except ValueError:  # a lone surrogate somewhere, or an algorithm that Twilio does not have
        return False


def _has_hash_of(body: str, url: str) -> bool:
    query = url.partition("#")[0].partition("?")[2]
    claimed = parse_qs(query).get("bodySHA256", [""])[0]
    actual = hashlib.sha256(body.encode(errors="surrogatepass")).hexdigest()
    return hmac.compare_digest(actual.encode(), claimed.encode(errors="surrogatepass"))


def _spellings(url: str) -> Iterator[str]:
    """The URL as it may have been signed: with and without its port, byte for byte the same otherwise."""
    scheme, separator, rest = url.partition("#")[0].partition("://")
    end = next((at for at, character in enumerate(rest) if character in "/?"), len(rest))
    authority, tail = rest[:end].rpartition("@")[2], rest[end:]
    host, colon, port = authority.rpartition(":")
    if not (colon and port.isdigit()):
        host, port = authority, "443" if scheme == "https" else "80"
    yield f"{scheme}{separator}{host}{tail}"
    yield f"{scheme}{separator}{host}:{port}{tail}"


class _Fields:
    """Form fields in the shape that RequestValidator reads repeated names from."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._fields = fields

    def __len__(self) -> int:
        return len(self._fields)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields)

    def getlist(self, name: str) -> list[str]:
        return [value for field, value in self._fields if field == name]
