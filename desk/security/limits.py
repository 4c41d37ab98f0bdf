"""What a request may be before anything reads it, and the headers of every answer."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.problems import Problem, response_of
from desk.security.refusals import Refusals
from desk.security.visitors import address_of, name_behind

LARGEST = 1_000_000
DRAINED = 16_000_000  # read and thrown away, so that who sends too much can read the answer
DEEPEST = 32
API = "/api/"
JSON_TYPE = re.compile(r"application/(json|[\w.+-]+\+json)\s*(;|\Z)", re.ASCII | re.IGNORECASE)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=()",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
HTTPS_ONLY = "max-age=31536000"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """The outermost part of the desk. A page may set its own policy: what is set is kept."""

    app: ASGIApp
    refusals: Refusals
    https: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        try:
            _check_address(scope)
            receive = await _checked_body(scope, receive)
            await self.app(scope, receive, guarded)
        except Exception as fault:
            if begun:
                raise
            problem = fault if isinstance(fault, Problem) else _ours(scope, fault)
            await run_in_threadpool(self._note, Request(scope), problem)
            await response_of(problem)(scope, receive, guarded)

    def _note(self, request: Request, problem: Problem) -> None:
        why: dict[str, object] = {"status": problem.status, "kind": problem.kind}
        path, by = request.scope["path"], name_behind(request)
        self.refusals.note(by, request.method, path, why, address_of(request))

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self.https:
            headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)


def _ours(scope: Scope, fault: Exception) -> Problem:
    log.error("desk.failed", path=scope["path"], exc_info=fault)
    return Problem(500, "fault", "a fault of ours, which is in the log; try again, then report it")


def _check_address(scope: Scope) -> None:
    """Raises Problem: the path or the query is not UTF-8, or has a NUL in it."""
    for part in (scope.get("raw_path") or b"", scope["query_string"]):
        if b"\0" in (plain := unquote_to_bytes(part.replace(b"+", b" "))):
            raise Problem(400, "bad-address", "a NUL is in the address")
        try:
            plain.decode()
        except UnicodeDecodeError:
            raise Problem(400, "bad-address", "the address is not UTF-8") from None


async def _checked_body(scope: Scope, receive: Receive) -> Receive:
    """The body, read whole and found fit, to be read again by the application. Raises Problem."""
    if scope["method"] in SAFE:
        return receive
    body = await _whole(receive)
    content_type = Headers(scope=scope).get("content-type", "")
    if body and JSON_TYPE.match(content_type):
        check_json(body)
    elif body and scope["path"].startswith(API):
        raise Problem(415, "not-json", "send it as application/json")
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= DRAINED:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size > LARGEST:
            parts.clear()
        else:
            parts.append(part)
    if size > LARGEST:
        raise Problem(413, "too-large", f"a request has at most {LARGEST} bytes")
    return b"".join(parts)


def check_json(body: bytes) -> None:
    """Raises Problem: it is not UTF-8, no JSON, too deep, or text that no store can keep."""
    try:
        value = json.loads(body.decode())
    except UnicodeDecodeError as fault:
        raise Problem(400, "bad-utf-8", f"byte {fault.start} is not UTF-8") from None
    except RecursionError:
        raise Problem(400, "too-deep", f"JSON is at most {DEEPEST} levels deep") from None
    except ValueError as fault:
        raise Problem(400, "bad-json", f"it is not JSON: {fault}") from None
    _check_values(value)


def _check_values(value: Any) -> None:  # noqa: ANN401  whatever JSON may hold
    level, values = 0, [value]
    while values:
        if (level := level + 1) > DEEPEST:
            raise Problem(400, "too-deep", f"JSON is at most {DEEPEST} levels deep")
        inner: list[Any] = []
        for each in values:
            if isinstance(each, dict):
                inner += [*each.keys(), *each.values()]
            elif isinstance(each, list):
                inner += each
            elif isinstance(each, float) and not math.isfinite(each):
                raise Problem(400, "bad-json", "a number is no number: JSON has no NaN")
            elif isinstance(each, str) and not _can_be_kept(each):
                raise Problem(400, "bad-text", "half of a character, or a NUL, is in a text")
        values = inner


def _can_be_kept(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
