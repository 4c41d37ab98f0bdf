"""Every refusal in one shape: RFC 9457, `application/problem+json`."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tickets.refused import MoveRefused, Refusal

URN = "urn:l110:problem:"
OF_REFUSAL = {
    Refusal.UNKNOWN: 422,
    Refusal.NOT_ALLOWED: 403,
    Refusal.WRONG_STATE: 409,
    Refusal.MISSING: 422,
    Refusal.STALE: 409,
    Refusal.NO_CALL_BACK: 409,
}


class Problem(Exception):
    """kind: for a program, the last part of `type`. detail: for a person; says the mend.

    more: further members. audited: whoever raised it has written it down already.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        more: Mapping[str, Any] | None = None,
        audited: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.more = dict(more or {})
        self.audited = audited


class ProblemBody(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field(description="`urn:l110:problem:` and the kind.")
    title: str = Field(description="The name of the HTTP status.")
    status: int
    detail: str = Field(description="For a person: what happened, and the mend.")


def refused_move(refused: MoveRefused) -> Problem:
    return Problem(OF_REFUSAL[refused.kind], refused.kind.value, str(refused))


def response_of(problem: Problem) -> Response:
    body = {
        "type": f"{URN}{problem.kind}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.more,
    }
    return Response(
        json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        problem.status,
        media_type="application/problem+json",
    )
