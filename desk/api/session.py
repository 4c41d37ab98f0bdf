"""Signing in and out, and who one is."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from db.audit_log import Entry
from db.engine import reading, writing
from db.sign_ins import end_sign_in, signed_in
from desk.problems import Problem
from desk.security.signing_in import Given, SignInRefused, change_password, csrf_of, sign_in
from desk.security.visitors import (
    AnyVisitor,
    TheDesk,
    Visitor,
    address_of,
    give_cookie,
    take_cookie,
)

router = APIRouter(tags=["sign-in"])
Password = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(Body):
    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Password
    code: Annotated[str, Field(max_length=10, description="Of the authenticator.")] = ""


class NewPassword(Body):
    old: Password
    new: Annotated[str, Field(min_length=1, max_length=1000)]


class Me(BaseModel):
    """csrf: for the header X-CSRF-Token of everything that changes something."""

    name: str
    full_name: str
    roles: list[str]
    units: list[str]
    seat: str | None
    csrf: str
    choose_password: bool = Field(description="A password of one's own comes before all else.")


@router.post("/session", status_code=201, summary="Sign in")
def post_session(given: Credentials, request: Request, response: Response, desk: TheDesk) -> Me:
    """Sets the cookie. Five failures lock the name for 15 minutes; 15 minutes idle sign out."""
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise Problem(403, "csrf", "sign in from the desk's own page")
    address = address_of(request)
    try:
        token = sign_in(desk, Given(given.name, given.password, given.code, address))
    except SignInRefused as refused:
        raise Problem(401, "sign-in", str(refused), audited=True) from None
    with reading(desk.engine) as session:
        found = signed_in(session, token, desk.now())
    if found is None:  # disabled in this very moment
        raise Problem(401, "signed-out", "sign in again")
    give_cookie(response, desk, token)
    return _me(Visitor(found[0], csrf_of(token), address))


@router.delete("/session", status_code=204, summary="Sign out")
def delete_session(visitor: AnyVisitor, desk: TheDesk, response: Response) -> None:
    name = visitor.actor.name
    with writing(desk.engine) as session:
        end_sign_in(session, visitor.who.token_hash)
        desk.audit(session, Entry(name, "sign-out", name, desk.now(), address=visitor.address))
    take_cookie(response, desk)


@router.get("/me", summary="Who I am")
def get_me(visitor: AnyVisitor) -> Me:
    return _me(visitor)


@router.put("/me/password", status_code=204, summary="Choose a password")
def put_password(given: NewPassword, visitor: AnyVisitor, desk: TheDesk) -> None:
    """Every other sign-in of the same person ends. Five wrong old ones lock, as at the sign-in."""
    try:
        change_password(
            desk,
            visitor.actor.name,
            given.old,
            given.new,
            keep=visitor.who.token_hash,
            address=visitor.address,
        )
    except SignInRefused:
        raise Problem(403, "sign-in", "the old password is wrong, or the name locked") from None


def _me(visitor: Visitor) -> Me:
    who = visitor.who
    return Me(
        name=who.actor.name,
        full_name=who.full_name,
        roles=sorted(who.actor.roles),
        units=sorted(who.actor.units),
        seat=who.seat,
        csrf=visitor.csrf,
        choose_password=who.one_time,
    )
