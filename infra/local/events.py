"""What AWS hands to a function, and takes from it, in its true shapes.

Sources: docs.aws.amazon.com/apigateway, "HTTP API Lambda proxy integration" (payload format 2.0);
docs.aws.amazon.com/lambda, "Using Lambda with Amazon SQS" and "… DynamoDB"; docs.aws.amazon.com/scheduler, "Lambda".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from infra.local.aws import ACCOUNT, REGION

TEXT_TYPES = ("application/json", "application/javascript", "application/xml")
"""Bodies of these types, and of `text/*`, come as they are; all others in base64, forms too."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """An HTTP request as it came in. `path` is decoded; header names are in lower case and may repeat."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str = "127.0.0.1"

    def header(self, name: str) -> str | None:
        """All values of the header, joined as API Gateway does; None when it is not there."""
        values = [value for key, value in self.headers if key == name]
        return ",".join(values) if values else None


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: what goes back over the wire."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class MalformedAnswer(Exception):
    """The function answered something that API Gateway cannot make an HTTP answer of."""


def http_event(
    request: Request,
    *,
    route_key: str,
    path_parameters: Mapping[str, str],
    claims: Mapping[str, str] | None,
    request_id: str,
    now: datetime,
) -> dict[str, Any]:
    """The request in payload format 2.0. `claims` are those of a verified token, as `rendered_claims` makes them."""
    headers = {name: request.header(name) for name, _ in request.headers if name != "cookie"}
    host = headers.get("host") or "localhost"
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent") or "",
        },
        "requestId": request_id,
        "routeKey": route_key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": _milliseconds(now),
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": context,
        "isBase64Encoded": False,
    }
    cookies = [cookie.strip() for name, line in request.headers if name == "cookie" for cookie in line.split(";")]
    if cookies:
        event["cookies"] = cookies
    if request.query:
        event["queryStringParameters"] = _joined(parse_qsl(request.query, keep_blank_values=True))
    if path_parameters:
        event["pathParameters"] = dict(path_parameters)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def _body(request: Request) -> tuple[str, bool]:
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in TEXT_TYPES:
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def rendered_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """Claims as API Gateway's JWT authorizer hands them on: every value is text."""
    return {name: _rendered(value) for name, value in claims.items()}


def _rendered(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case None:
            return "<nil>"
        case list():
            return f"[{' '.join(_rendered(entry) for entry in value)}]"
        case dict():
            return f"map[{' '.join(f'{key}:{_rendered(entry)}' for key, entry in value.items())}]"
        case _:
            return str(value)


def http_answer(result: Any) -> Answer:
    """The HTTP answer that API Gateway makes of a function's result. Raises MalformedAnswer."""
    if not isinstance(result, dict) or "statusCode" not in result:
        plain = result if isinstance(result, str) else json.dumps(result)
        return Answer(200, [("content-type", "application/json")], plain.encode())
    status, body = result["statusCode"], result.get("body")
    text = "" if body is None else body
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status < 600 or not isinstance(text, str):
        raise MalformedAnswer("A function's statusCode is a number and its body is text.")
    headers = [(str(name).lower(), str(value)) for name, value in (result.get("headers") or {}).items()]
    headers += [("set-cookie", str(cookie)) for cookie in result.get("cookies") or ()]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    try:
        body_bytes = base64.b64decode(text, validate=True) if result.get("isBase64Encoded") else text.encode()
    except ValueError as wrong:
        raise MalformedAnswer("The body says that it is base64 and is not.") from wrong
    return Answer(status, headers, body_bytes)


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def queue_event(name: str, messages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A batch of a queue. `messages` are those that ReceiveMessage gave."""
    return {"Records": [_queue_record(name, message) for message in messages]}


def _queue_record(name: str, message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn(name),
        "awsRegion": REGION,
    }


def stream_event(records: Iterable[Mapping[str, Any]], *, stream_arn: str) -> dict[str, Any]:
    """A batch of a table's change stream. `records` are those that GetRecords gave."""
    return {"Records": [_stream_record(record, stream_arn) for record in records]}


def _stream_record(record: Mapping[str, Any], stream_arn: str) -> dict[str, Any]:
    change = dict(record["dynamodb"])
    change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].timestamp()
    return {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": record["awsRegion"],
        "dynamodb": _without_bytes(change),
        "eventSourceARN": stream_arn,
    }


def _without_bytes(value: Any) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {key: _without_bytes(entry) for key, entry in value.items()}
        case list():
            return [_without_bytes(entry) for entry in value]
        case _:
            return value


def scheduled_event(schedule: str, *, event_id: str, at: datetime) -> dict[str, Any]:
    """What EventBridge Scheduler sends for a schedule without an input of its own."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{schedule}"],
        "detail": "{}",
    }


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
