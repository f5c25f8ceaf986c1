"""A problem (RFC 9457)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ProblemAnswer(BaseModel):
    """What went wrong. `type` ends in a slug for programs, `detail` says what to do; further fields by slug."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
