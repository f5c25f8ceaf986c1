"""One request to a running system."""

from __future__ import annotations

from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from infra.operations.answer import CannotDo

SECONDS = 15
"""For one answer, a cold start included."""


def ask(
    url: str,
    path: str,
    *,
    method: str = "GET",
    token: str | None = None,
    body: bytes | None = None,
    content_type: str = "application/json",
) -> tuple[int, bytes]:
    """Status and body of the answer, a refusal's too. Raises CannotDo when nobody answers at the address."""
    headers = {"content-type": content_type} if body else {}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = Request(url + path, data=body, headers=headers, method=method)  # noqa: S310  the command checks it
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read()
    except HTTPError as refusal:
        return refusal.code, refusal.read()
    except (URLError, OSError) as error:
        raise CannotDo(f"Nobody answers at {url}: {getattr(error, 'reason', error)}.") from error
