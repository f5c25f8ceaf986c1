"""`/local/*`: what this machine offers beside the product: its clock, its phones, its Twilio, its events."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from engage_sms import topology
from engage_sms.domain import phone as phones
from infra.local.engine import NeverSettles
from infra.local.events import Answer, Request
from infra.local.functions import FunctionFailed
from infra.local.system import System
from infra.local.twilio import front
from infra.local.twilio.faults import WEBHOOKS

LONGEST_ADVANCE = timedelta(days=366)
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
TWILIO_API = "/local/twilio/api/"
"""What follows is a host and a path of Twilio's own API."""
TWILIO_LISTS = ("accounts", "numbers", "messages")


class Wrong(Exception):
    """The request cannot be carried out as it is; the text says what to do."""


class LocalApi:
    """Answers requests below `/local/`. Whatever is wrong with one is a problem+json with a sentence."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., tuple[int, Any]]]] = [
            ("POST", re.compile("/local/token"), self._token),
            ("GET", re.compile(r"/local/\.well-known/jwks\.json"), self._keys),
            ("GET", re.compile("/local/clock"), self._clock),
            ("POST", re.compile("/local/clock"), self._advance),
            ("POST", re.compile("/local/settle"), self._settle),
            ("GET", re.compile("/local/phones/([^/]+)/messages"), self._received),
            ("POST", re.compile("/local/phones/([^/]+)/messages"), self._text),
            ("GET", re.compile("/local/twilio/([^/]+)"), self._twilio),
            ("POST", re.compile("/local/twilio/faults"), self._fault),
            ("GET", re.compile("/local/events"), self._events),
            ("POST", re.compile("/local/events"), self._put_event),
            ("POST", re.compile("/local/run"), self._run),
        ]

    def handle(self, request: Request) -> Answer:
        if request.path.startswith(TWILIO_API):
            return front.serve(self._system.twilio, request, below=TWILIO_API)
        for method, pattern, answer in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == request.method:
                try:
                    return _json(*answer(request, *match.groups()))
                except Wrong as wrong:
                    return _problem(422, "invalid", str(wrong))
                except (FunctionFailed, NeverSettles) as failure:
                    return _problem(500, "failed", str(failure))
        return _problem(404, "unknown-route", f"There is no {request.method} {request.path}.")

    # --- tokens ---

    def _token(self, request: Request) -> tuple[int, Any]:
        body = _object(request)
        user_id, org_id = _text(body, "user_id"), _text(body, "org_id", otherwise="")
        for name, value in (("user_id", user_id), ("org_id", org_id)):
            if value and not ID.fullmatch(value):
                raise Wrong(f"{name} is 1 to 64 letters, digits, '-' or '_'.")
        known = [str(role) for role in topology.Role]
        roles = body.get("roles", ["user"])
        if not isinstance(roles, list) or not roles or not all(role in known for role in roles):
            raise Wrong(f"roles is a list of some of {', '.join(known)}.")
        if not org_id and roles != [topology.Role.PLATFORM]:
            raise Wrong("Give an org_id: only a token with the role platform alone goes without.")
        names = self._system.ports.claims
        claims = {names.user: user_id, names.organization: org_id, names.roles: roles}
        return 200, {"token": self._system.tokens.issue({name: value for name, value in claims.items() if value})}

    def _keys(self, _request: Request) -> tuple[int, Any]:
        return 200, self._system.tokens.key_set()

    # --- time ---

    def _clock(self, _request: Request) -> tuple[int, Any]:
        return 200, {"now": _rfc3339(self._system.clock.now())}

    def _advance(self, request: Request) -> tuple[int, Any]:
        body = _object(request)
        now = self._system.clock.now()
        if ("advance_seconds" in body) == ("now" in body):
            raise Wrong("Give either advance_seconds or now.")
        target = _instant(body["now"], "now") if "now" in body else now + _duration(body["advance_seconds"])
        if target < now:
            raise Wrong(f"It is {_rfc3339(now)} already, and time never goes back.")
        if target - now > LONGEST_ADVANCE:
            raise Wrong(f"Advance {LONGEST_ADVANCE.days} days at most at once.")
        return 200, {"now": _rfc3339(self._system.engine.advance_to(target))}

    def _settle(self, _request: Request) -> tuple[int, Any]:
        return 200, {"now": _rfc3339(self._system.engine.settle())}

    # --- phones and Twilio ---

    def _received(self, _request: Request, number: str) -> tuple[int, Any]:
        return 200, {"items": self._system.twilio.phone_messages(_phone(number, "The phone"))}

    def _text(self, request: Request, number: str) -> tuple[int, Any]:
        body = _object(request)
        sender, to = _phone(number, "The phone"), _phone(_text(body, "to"), "to")
        media_urls = body.get("media_urls", [])
        if not isinstance(media_urls, list) or not all(isinstance(url, str) and url for url in media_urls):
            raise Wrong("media_urls is a list of addresses.")
        text = _text(body, "body", otherwise="" if media_urls else None)
        try:
            sid = self._system.twilio.text_from_phone(sender, to, text, media_urls)
        except LookupError as unknown:
            raise Wrong(f"Nobody has the number {to}: text one that was provisioned.") from unknown
        self._system.engine.run_now()
        return 201, {"sid": sid}

    def _twilio(self, _request: Request, name: str) -> tuple[int, Any]:
        if name not in TWILIO_LISTS:
            raise Wrong(f"Ask for one of {', '.join(TWILIO_LISTS)}.")
        return 200, {"items": getattr(self._system.twilio, name)()}

    def _fault(self, request: Request) -> tuple[int, Any]:
        body = _object(request)
        kind, count = str(body.get("kind", "")), body.get("count", 1)
        operation = _text(body, "operation", otherwise="callbacks" if kind in WEBHOOKS["callbacks"] else None)
        if isinstance(count, bool) or not isinstance(count, int):
            raise Wrong("count is a whole number.")
        try:
            self._system.twilio.inject(operation, kind, count)
        except ValueError as wrong:
            raise Wrong(str(wrong)) from wrong
        return 201, {"operation": operation, "kind": kind, "count": count}

    # --- events and schedules ---

    def _events(self, _request: Request) -> tuple[int, Any]:
        return 200, {"items": list(self._system.events_out)}

    def _put_event(self, request: Request) -> tuple[int, Any]:
        body = _object(request)
        detail = body.get("detail")
        if not isinstance(detail, dict):
            raise Wrong("detail is a JSON object.")
        at = _instant(body["time"], "time") if "time" in body else None
        event_id = self._system.put_event(_text(body, "source"), _text(body, "detail-type"), detail, at=at)
        self._system.engine.run_now()
        return 201, {"id": event_id}

    def _run(self, request: Request) -> tuple[int, Any]:
        scheduled = [function.name for function in topology.FUNCTIONS if function.schedule]
        name = _text(_object(request), "function")
        if name not in scheduled:
            raise Wrong(f"function is one that a schedule starts: {', '.join(scheduled)}.")
        result = self._system.run_function(name)
        self._system.engine.run_now()
        return 200, {"function": name, "result": result}


# --- reading and answering --------------------------------------------------------------------------------------------


def _object(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Wrong("The body is not a JSON object; send one.")
    return body


def _text(body: Mapping[str, Any], name: str, *, otherwise: str | None = None) -> str:
    value = body.get(name, otherwise)
    if not isinstance(value, str) or not (value or otherwise == ""):
        raise Wrong(f"{name} is missing; give a text.")
    return value


def _phone(text: str, what: str) -> str:
    try:
        return phones.parse(text)
    except ValueError as wrong:
        raise Wrong(f"{what}: {wrong}") from wrong


def _instant(value: Any, name: str) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Wrong(f"{name} is a time with its zone, such as 2026-07-15T15:00:00Z.")
    return instant.astimezone(UTC)


def _duration(value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        raise Wrong("advance_seconds is a number of seconds from 0 on.")
    return timedelta(seconds=value)


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(status: int, body: Any, kind: str = "application/json") -> Answer:
    return Answer(status, [("content-type", kind)], json.dumps(body).encode())


def _problem(status: int, slug: str, detail: str) -> Answer:
    title = slug.replace("-", " ").capitalize()
    document = {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail}
    return _json(status, document, "application/problem+json")
