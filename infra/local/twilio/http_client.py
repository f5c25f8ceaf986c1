"""Lets Twilio's SDK call the fake Twilio in this process: no socket, and no way to the real one."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests import Request
from requests.exceptions import ReadTimeout
from twilio.http import HttpClient
from twilio.http.response import Response

from infra.local.twilio.fake import FakeTwilio
from infra.local.twilio.requests import API, MESSAGING, Unanswered

_HOSTS = (API, MESSAGING)


class TwilioInProcess(HttpClient):  # type: ignore[misc]  # the SDK has no types
    """For `Client(..., http_client=...)`. Requests are spelled by `requests`, as on the wire, and read back.

    Raises RuntimeError for a host that the fake does not stand in for, ReadTimeout for an injected timeout.
    """

    def __init__(self, fake: FakeTwilio) -> None:
        super().__init__(logging.getLogger("twilio.http_client"), False)
        self._fake = fake

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        sent: Any = Request(method, url, params=params, data=data, headers=headers, auth=auth).prepare()
        address = urlsplit(sent.url)
        if address.hostname not in _HOSTS:
            raise RuntimeError(f"{address.hostname} is not a host of this Twilio.")
        try:
            answer = self._fake.handle(
                method,
                address.hostname,
                address.path,
                query=parse_qsl(address.query, keep_blank_values=True),
                form=parse_qsl(sent.body or "", keep_blank_values=True),
                auth=auth,
            )
        except Unanswered as silence:
            raise ReadTimeout(str(silence)) from None
        return Response(answer.status, answer.body, answer.headers)
