"""Who is behind a request: the cookie, the CSRF token, and who may go on."""

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from db.engine import reading, writing
from db.sign_ins import SignedIn, signed_in, touch
from desk.context import Desk
from desk.problems import Problem
from desk.security.refusals import NOBODY
from desk.security.signing_in import csrf_of
from tickets.roles import Actor

CSRF = "X-CSRF-Token"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """address: from where. csrf: what a page of his must send with what changes something."""

    who: SignedIn
    csrf: str
    address: str

    @property
    def actor(self) -> Actor:
        return self.who.actor


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def cookie_name(desk: Desk) -> str:
    """`__Host-`: no other host of the domain can set it, and it never goes over plain HTTP."""
    return "__Host-l110" if desk.https else "l110"


def give_cookie(response: Response, desk: Desk, token: str) -> None:
    response.set_cookie(
        cookie_name(desk), token, path="/", secure=desk.https, httponly=True, samesite="strict"
    )


def take_cookie(response: Response, desk: Desk) -> None:
    response.delete_cookie(
        cookie_name(desk), path="/", secure=desk.https, httponly=True, samesite="strict"
    )


def name_behind(request: Request) -> str:
    """For the audit of what is refused before anything else is looked at."""
    try:
        found = _found(request)
    except SQLAlchemyError:
        return NOBODY
    return found[0].actor.name if found else NOBODY


def visitor(request: Request) -> Visitor:
    """Raises Problem: 401 not signed in; 403 no CSRF token where one is needed."""
    desk, found = desk_of(request), _found(request)
    if found is None:
        raise Problem(401, "signed-out", "sign in: POST /api/v1/session")
    who, due = found
    request.state.by = who.actor.name
    csrf = csrf_of(request.cookies[cookie_name(desk)])
    given = request.headers.get(CSRF, "").encode("latin-1", "replace")
    if request.method in UNSAFE and not hmac.compare_digest(given, csrf.encode()):
        raise Problem(403, "csrf", f"send the token of GET /api/v1/me in the header {CSRF}")
    if due:
        with writing(desk.engine) as session:
            touch(session, who.token_hash, desk.now())
    return Visitor(who, csrf, address_of(request))


def settled_visitor(visitor: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    """Raises Problem: he has yet to choose a password of his own."""
    if visitor.who.one_time:
        raise Problem(403, "choose-password", "choose a password: PUT /api/v1/me/password")
    return visitor


def _found(request: Request) -> tuple[SignedIn, bool] | None:
    desk = desk_of(request)
    token = request.cookies.get(cookie_name(desk))
    if not token:
        return None
    with reading(desk.engine) as session:
        return signed_in(session, token, desk.now())


AnyVisitor = Annotated[Visitor, Depends(visitor)]
SettledVisitor = Annotated[Visitor, Depends(settled_visitor)]
TheDesk = Annotated[Desk, Depends(desk_of)]
