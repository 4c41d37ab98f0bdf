"""The desk's web application, made of what it is handed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from anyio import to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException

from db.engine import reading
from db.ticket_moves import TicketUnknown
from desk.answer_page import answer_router
from desk.api import errands, guidance, supervision
from desk.api import session as session_api
from desk.api import tickets as tickets_api
from desk.context import Desk
from desk.described import describe
from desk.problems import Problem, ProblemBody, refused_move, response_of
from desk.security.limits import SAFE, Limits
from desk.security.passwords import TooManyAtOnce
from desk.security.refusals import NOBODY, Refusals
from desk.security.visitors import TheDesk, address_of
from desk.work import NoNumber, NotYours, Stale
from tickets.people import PersonRefused
from tickets.refused import MoveRefused

THREADS = 10  # at work at once: more would only wait for a connection of the store
PROBLEMS = {
    "4XX": {"model": ProblemBody, "content": {"application/problem+json": {}}},
    "5XX": {"model": ProblemBody, "content": {"application/problem+json": {}}},
}

log = structlog.get_logger(__name__)
health = APIRouter(tags=["health"])


def create_app(desk: Desk) -> FastAPI:
    app = FastAPI(
        title="Livelihood 110 民生110",
        description="Tickets of the livelihood desk. Sign in first; every refusal is an RFC 9457 "
        "problem. docs/desk-api.md has examples.",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_few_threads,
        responses=PROBLEMS,  # type: ignore[arg-type]  # keys may be ranges too
    )
    app.state.desk = desk
    app.state.refusals = Refusals(desk)
    parts = (session_api, tickets_api, errands, guidance, supervision)
    for part in parts:
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(health)
    if desk.links_key:
        app.include_router(answer_router(desk.engine, desk.links_key, desk.now))
    for fault, handler in HANDLERS.items():
        app.add_exception_handler(fault, handler)
    describe(app, desk)
    app.add_middleware(Limits, refusals=app.state.refusals, https=desk.https)
    return app


@asynccontextmanager
async def _few_threads(_app: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


@health.get("/healthz", summary="It turns")
async def healthz() -> dict[str, str]:
    return {"state": "ok"}


@health.get("/readyz", summary="It reaches its store")
def readyz(desk: TheDesk) -> dict[str, str]:
    try:
        with reading(desk.engine) as session:
            session.execute(text("SELECT 1 FROM users LIMIT 1"))
    except DBAPIError:
        raise Problem(503, "store-away", "the store is away, or has no tables yet") from None
    return {"state": "ok"}


def _refuse(request: Request, problem: Problem) -> Response:
    """Audited: what would have changed something, and what somebody may not see."""
    noted = request.method not in SAFE or problem.status == 403
    if noted and not problem.audited:
        refusals: Refusals = request.app.state.refusals
        by = getattr(request.state, "by", NOBODY)
        action = f"{request.method} {_route(request)}"
        subject = request.path_params.get("number") or request.url.path
        why: dict[str, object] = {"status": problem.status, "kind": problem.kind}
        refusals.note(by, action, subject, why, address_of(request))
    return response_of(problem)


def _route(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path", "-"))


def _problem(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Problem)
    return _refuse(request, fault)


def _http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    kinds = {404: "not-found", 405: "method"}
    kind = kinds.get(fault.status_code, "http")
    answer = _refuse(request, Problem(fault.status_code, kind, str(fault.detail)))
    answer.headers.update(fault.headers or {})
    return answer


def _invalid(request: Request, fault: Exception) -> Response:
    """Names the fields, and never repeats what stood in them: it may be a password."""
    assert isinstance(fault, RequestValidationError)
    errors = [
        {"at": ".".join(str(part) for part in error["loc"]), "says": error["msg"]}
        for error in fault.errors()
    ]
    more = {"errors": errors}
    return _refuse(request, Problem(422, "invalid", "a field is not as it should be", more=more))


def _stale(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Stale)
    more = {"yours": dict(fault.yours), "now": fault.now.model_dump(mode="json")}
    return _refuse(request, Problem(409, fault.kind.value, str(fault), more=more))


def _move_refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, MoveRefused)
    return _refuse(request, refused_move(fault))


def _as(status: int, kind: str) -> Callable[[Request, Exception], Response]:
    return lambda request, fault: _refuse(request, Problem(status, kind, str(fault)))


def _away(request: Request, fault: Exception) -> Response:
    log.error("desk.store_away", problem=str(getattr(fault, "orig", fault)).splitlines()[0])
    says = "the store does not answer; nothing was changed; try again"
    return _refuse(request, Problem(503, "store-away", says))


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    Problem: _problem,
    HTTPException: _http,
    RequestValidationError: _invalid,
    Stale: _stale,
    MoveRefused: _move_refused,
    TicketUnknown: _as(404, "ticket-unknown"),
    NoNumber: _as(404, "no-number"),
    NotYours: _as(403, "not-yours"),
    TooManyAtOnce: _as(429, "busy"),
    PersonRefused: _as(422, "invalid"),
    OperationalError: _away,
    InterfaceError: _away,
    NoConnection: _away,
}
