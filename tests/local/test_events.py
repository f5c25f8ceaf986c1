"""The shapes of what functions are given, and of what becomes of their answers."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local.events import (
    Answer,
    MalformedAnswer,
    Request,
    http_answer,
    http_event,
    queue_event,
    rendered_claims,
    scheduled_event,
    stream_event,
)

NOW = datetime(2026, 7, 15, 15, 4, 5, tzinfo=UTC)


def event_of(**options: Any) -> dict[str, Any]:
    """The event of a request that differs from a plain GET by `options`."""
    request = {"method": "GET", "path": "/v1/users/u-1", "query": "", "headers": [], "body": b"", **options}
    return http_event(
        Request(**request),
        route_key="GET /v1/users/{id}",
        path_parameters={"id": "u-1"},
        claims=options.get("claims"),
        request_id="r-1",
        now=NOW,
    )


def test_a_request_is_an_event_of_payload_format_2() -> None:
    """Every field that API Gateway fills is there, with its type."""
    headers = [("host", "api.example"), ("user-agent", "curl"), ("accept", "a"), ("accept", "b")]
    event = event_of(headers=[*headers, ("cookie", "x=1; y=2")], query="a=1&a=2&b=")

    assert event == {
        "version": "2.0",
        "routeKey": "GET /v1/users/{id}",
        "rawPath": "/v1/users/u-1",
        "rawQueryString": "a=1&a=2&b=",
        "cookies": ["x=1", "y=2"],
        "headers": {"host": "api.example", "user-agent": "curl", "accept": "a,b"},
        "queryStringParameters": {"a": "1,2", "b": ""},
        "pathParameters": {"id": "u-1"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "api.example",
            "domainPrefix": "api",
            "http": {
                "method": "GET",
                "path": "/v1/users/u-1",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl",
            },
            "requestId": "r-1",
            "routeKey": "GET /v1/users/{id}",
            "stage": "$default",
            "time": "15/Jul/2026:15:04:05 +0000",
            "timeEpoch": 1784127845000,
        },
        "isBase64Encoded": False,
    }


def test_what_is_not_there_has_no_key() -> None:
    """API Gateway leaves out what a request does not have; it sends no nulls."""
    event = event_of()

    assert event.keys().isdisjoint({"cookies", "queryStringParameters", "body"})


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "text/csv", "application/xml"])
def test_text_comes_as_text(kind: str) -> None:
    """JSON, XML and text bodies are not encoded."""
    event = event_of(method="POST", headers=[("content-type", kind)], body=b"{}")

    assert (event["body"], event["isBase64Encoded"]) == ("{}", False)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "image/png", ""])
def test_everything_else_comes_in_base64(kind: str) -> None:
    """Forms too: a webhook's body is never plain."""
    event = event_of(method="POST", headers=[("content-type", kind)], body=b"From=%2B1")

    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"From=%2B1", True)


def test_claims_are_text() -> None:
    """Lists come with brackets and blanks, as API Gateway's JWT authorizer writes them."""
    claims = rendered_claims({"sub": "u", "roles": ["user", "admin"], "exp": 17, "ok": True, "no": None, "m": {"a": 1}})

    assert claims == {"sub": "u", "roles": "[user admin]", "exp": "17", "ok": "true", "no": "<nil>", "m": "map[a:1]"}


def test_an_answer_becomes_http() -> None:
    """Status, headers, cookies and a body in base64."""
    body = base64.b64encode(b"\x00").decode()
    answer = http_answer(
        {"statusCode": 201, "headers": {"X-A": 1}, "cookies": ["a=1"], "body": body, "isBase64Encoded": True}
    )

    assert (answer.status, answer.body) == (201, b"\x00")
    assert ("set-cookie", "a=1") in answer.headers
    assert ("x-a", "1") in answer.headers


def test_an_answer_without_a_status_is_a_body() -> None:
    """API Gateway takes whatever has no statusCode as JSON for a 200."""
    assert http_answer({"a": 1}) == Answer(200, [("content-type", "application/json")], b'{"a": 1}')


@pytest.mark.parametrize(
    "result",
    [{"statusCode": "200"}, {"statusCode": 200, "body": {}}, {"statusCode": 200, "body": "%", "isBase64Encoded": True}],
)
def test_a_malformed_answer_is_none(result: dict[str, Any]) -> None:
    """What API Gateway would answer with a 500 is told apart."""
    with pytest.raises(MalformedAnswer):
        http_answer(result)


def test_a_queue_message_is_a_record() -> None:
    """The names in a record are not those of ReceiveMessage."""
    message = {
        "MessageId": "m-1",
        "ReceiptHandle": "h",
        "Body": "{}",
        "MD5OfBody": "x",
        "Attributes": {"ApproximateReceiveCount": "1"},
    }
    (record,) = queue_event("jobs", [message])["Records"]

    assert (record["messageId"], record["body"], record["eventSource"]) == ("m-1", "{}", "aws:sqs")
    assert record["eventSourceARN"] == "arn:aws:sqs:us-east-1:123456789012:jobs"
    assert record["attributes"] == {"ApproximateReceiveCount": "1"}


def test_a_change_is_a_record_of_plain_json() -> None:
    """Times are seconds and bytes are base64, as in Lambda's events."""
    change = {"ApproximateCreationDateTime": NOW, "SequenceNumber": "7", "NewImage": {"b": {"B": b"\x01"}, "l": [b""]}}
    record = {"eventID": "e", "eventName": "INSERT", "awsRegion": "us-east-1", "dynamodb": change}
    (made,) = stream_event([record], stream_arn="arn:stream")["Records"]

    assert made["dynamodb"]["ApproximateCreationDateTime"] == NOW.timestamp()
    assert made["dynamodb"]["NewImage"] == {"b": {"B": "AQ=="}, "l": [""]}
    assert (made["eventSource"], made["eventSourceARN"]) == ("aws:dynamodb", "arn:stream")


def test_a_tick_is_the_schedulers_own_event() -> None:
    """What a schedule without an input sends."""
    event = scheduled_event("nightly", event_id="e-1", at=NOW)

    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.scheduler", "Scheduled Event", "{}")
    assert event["time"] == "2026-07-15T15:04:05Z"
