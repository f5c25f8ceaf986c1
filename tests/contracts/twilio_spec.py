"""Holds requests and answers against Twilio's own OpenAPI: an HttpClient for the SDK that checks what passes through.

openapi-core does most of it. What it leaves out is done here: unknown form fields, unknown query names and
`x-twilio.conditional` (one of Body, MediaUrl, ...). Where the specification contradicts Twilio's own examples it is
relaxed; `_relax` lists all of that. Errors are not in the specification: they are held to Twilio's legacy error body.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockResponse
from requests import Request
from twilio.http import HttpClient
from twilio.http.response import Response
from werkzeug.datastructures import Headers, ImmutableMultiDict

FORM = "application/x-www-form-urlencoded"
_ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
SPECIFICATIONS = {
    "api.twilio.com": (
        "twilio_api_v2010.json",
        (
            "/2010-04-01/Accounts.json",
            "/2010-04-01/Accounts/{Sid}.json",
            f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Local.json",
            f"{_ACCOUNT}/IncomingPhoneNumbers.json",
            f"{_ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json",
            f"{_ACCOUNT}/Messages.json",
            f"{_ACCOUNT}/Messages/{{Sid}}.json",
            f"{_ACCOUNT}/Usage/Records/Daily.json",
        ),
    ),
    "messaging.twilio.com": (
        "twilio_messaging_v1.json",
        ("/v1/Services", "/v1/Services/{Sid}", "/v1/Services/{ServiceSid}/PhoneNumbers"),
    ),
}


class Breach(AssertionError):
    """A request or an answer that Twilio's specification does not allow."""


class Specification:
    """The part of one host's OpenAPI that we use."""

    def __init__(self, folder: Path, host: str) -> None:
        file, paths = SPECIFICATIONS[host]
        whole = json.loads((folder / file).read_text())
        whole["paths"] = {path: whole["paths"][path] for path in paths}
        self._document = _relax(whole)
        self._openapi = OpenAPI.from_dict(self._document, config=Config(spec_validator_cls=None))
        self.operations: set[str] = set()
        """The ids of the operations that were seen."""

    def check(self, request: WireRequest, response: Response) -> None:
        """Raises Breach with what is wrong."""
        operation = self._operation(request)
        self.operations.add(operation["operationId"])
        _check_names(request, operation)
        try:
            self._openapi.validate_request(request)
        except OpenAPIError as error:
            raise Breach(f"{operation['operationId']}: {error}: {error.__cause__!r}") from error
        if response.status_code >= 400:
            _check_refusal(response)
            return
        if str(response.status_code) not in operation["responses"]:
            raise Breach(f"{operation['operationId']}: {response.status_code} is not one of its answers")
        if response.status_code == 204:
            return
        try:
            self._openapi.validate_response(request, MockResponse(response.text.encode(), response.status_code))
        except OpenAPIError as error:
            raise Breach(f"answer to {operation['operationId']}: {error}: {error.__cause__!r}") from error
        schema = operation["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
        unknown = sorted(self._unknown(json.loads(response.text), schema))
        if unknown:
            raise Breach(f"answer to {operation['operationId']} has no {unknown}")

    def _unknown(self, value: Any, schema: dict[str, Any]) -> Iterator[str]:
        """Names in an answer that its schema does not have; openapi-core lets them pass."""
        if "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if isinstance(value, list):
            for one in value:
                yield from self._unknown(one, schema.get("items", {}))
        elif isinstance(value, dict) and "properties" in schema:
            for name, part in value.items():
                if name in schema["properties"]:
                    yield from self._unknown(part, schema["properties"][name])
                else:
                    yield name

    def _operation(self, request: WireRequest) -> dict[str, Any]:
        """The operation of a request; the specification is asked by shape, so that a bad SID is a breach of its own."""
        parts = request.path.split("/")
        for template, item in self._document["paths"].items():
            wanted = template.split("/")
            if len(wanted) == len(parts) and all(map(_alike, wanted, parts)) and request.method in item:
                found: dict[str, Any] = item[request.method]
                return found
        raise Breach(f"{request.method} {request.path} is not in the specification")


class WireRequest:
    """A request as `requests` would put it on the wire, in the shape openapi-core reads."""

    def __init__(
        self,
        method: str,
        url: str,
        params: Any,
        data: Any,
        headers: dict[str, str] | None,
        auth: tuple[str, str] | None,
    ) -> None:
        sent: Any = Request(method, url, params=params, data=data, headers=headers, auth=auth).prepare()
        address = urlsplit(sent.url)
        self.host = address.hostname or ""
        self.host_url = f"https://{self.host}"
        self.path = address.path
        self.method = method.lower()
        self.content_type = sent.headers.get("Content-Type", "")
        self.body = (sent.body or "").encode() if isinstance(sent.body, str) else sent.body or b""
        self.query = parse_qsl(address.query, keep_blank_values=True)
        self.form = parse_qsl(self.body.decode(), keep_blank_values=True)
        self.parameters = RequestParameters(
            path={},
            query=ImmutableMultiDict(self.query),
            header=Headers(sent.headers.items()),
            cookie=ImmutableMultiDict(),
        )


class CheckingClient(HttpClient):
    """Passes requests on to `inner` and holds each, and its answer, against the specification."""

    def __init__(self, inner: HttpClient, specifications: dict[str, Specification]) -> None:
        super().__init__(logging.getLogger("twilio.http_client"), False)
        self._inner = inner
        self._specifications = specifications

    def request(
        self,
        method: str,
        url: str,
        params: Any = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        response = self._inner.request(method, url, params, data, headers, auth, timeout, allow_redirects)
        request = WireRequest(method, url, params, data, headers, auth)
        self._specifications[request.host].check(request, response)
        return response


def _check_names(request: WireRequest, operation: dict[str, Any]) -> None:
    """openapi-core drops unknown form fields and ignores unknown query names; a misspelt one would go unseen."""
    declared = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
    unknown = {name for name, _ in request.query} - declared
    if unknown:
        raise Breach(f"{operation['operationId']} has no query parameters {sorted(unknown)}")
    content = operation.get("requestBody", {}).get("content", {})
    fields = content.get(FORM, {}).get("schema", {}).get("properties", {})
    given = {name for name, _ in request.form}
    if given - set(fields):
        raise Breach(f"{operation['operationId']} has no fields {sorted(given - set(fields))}")
    for choice in operation.get("x-twilio", {}).get("conditional", ()):
        names = {"".join(word.capitalize() for word in name.split("_")) for name in choice}
        if not names & given:
            raise Breach(f"{operation['operationId']} needs one of {sorted(names)}")


def _check_refusal(response: Response) -> None:
    body = json.loads(response.text)
    right = {"code": int, "message": str, "more_info": str, "status": int}
    if {name: type(value) for name, value in body.items()} != right or body["status"] != response.status_code:
        raise Breach(f"not Twilio's error body: {body}")


def _alike(wanted: str, part: str) -> bool:
    if "{" not in wanted:
        return wanted == part
    ending = wanted.partition("}")[2]
    return part.endswith(ending) and (bool(ending) or "." not in part)


def _relax(node: Any) -> Any:
    """Without prose and examples (which make it slow), and without what Twilio's own answers break:

    - a SID that is not set comes as "" where a pattern of 34 characters is asked for;
    - amounts and coordinates come as text where a number is asked for;
    - filters by day take "2008-01-02" where an instant is asked for.
    """
    if isinstance(node, list):
        return [_relax(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {
        name: _relax(value)
        for name, value in node.items()
        if not (name in ("description", "example", "examples", "title") and not isinstance(value, dict))
        and name != "examples"
    }
    if "pattern" in kept and kept.get("nullable"):
        kept["pattern"] = f"^$|{kept['pattern']}"
        kept["minLength"] = 0
    if kept.get("type") == "number" and kept.get("nullable"):
        kept = {"nullable": True}
    if kept.get("in") == "query" and kept["name"].startswith("DateSent"):
        kept["schema"] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?$"}
    return kept
