"""Traces of the functions that have time for them: how long each call to AWS and Twilio took.

Apart from `telemetry`, because the X-Ray SDK starts slowly: the functions that people or Twilio wait for leave it out.
Lambda's own trace covers them all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Tracer

from engage_sms.topology import SERVICE

Work = TypeVar("Work", bound=Callable[..., Any])
_tracer = Tracer(service=SERVICE, patch_modules=("botocore", "requests"))


def traced(work: Work) -> Work:
    """The same work in a subsegment of its own. Answers and exceptions stay out of it: they may hold phone numbers."""
    return _tracer.capture_method(capture_response=False, capture_error=False)(work)
