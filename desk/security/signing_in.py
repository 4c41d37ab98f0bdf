"""From a name, a password and a code to a sign-in, or to one refusal that tells nothing."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from db.audit_log import Entry
from db.engine import writing
from db.sign_ins import Attempt, succeed, take_attempt
from db.users import choose_password, user_named
from desk.context import Desk
from desk.security import codes
from desk.security.passwords import a_place, hash_password, is_password, nobodys
from tickets.people import NAME, PersonRefused, check_password

WRONG = (
    "name, password or code is wrong; or the name is locked for 15 minutes after five failures, or"
    " disabled"
)


class SignInRefused(ValueError):
    """One text for every reason, so that nobody learns which names there are."""

    def __init__(self, why: str) -> None:
        super().__init__(WRONG)
        self.why = why


@dataclass(frozen=True, slots=True)
class Given:
    name: str
    password: str
    code: str = ""
    address: str = ""


def sign_in(desk: Desk, given: Given) -> str:
    """A token for the cookie. Audited, also when it is refused.

    Raises:
        SignInRefused, TooManyAtOnce
    """
    with a_place():
        return _sign_in(desk, given)


def _sign_in(desk: Desk, given: Given) -> str:
    now = desk.now()
    with writing(desk.engine) as session:
        attempt = take_attempt(session, given.name, now)
    # No transaction is open while Argon2 reckons.
    right = is_password(given.password, attempt.password_hash if attempt else nobodys())
    if attempt is None:
        raise _refused(desk, given, "unknown, locked or disabled")
    if not right:
        raise _refused(desk, given, "wrong password, now locked" if attempt.last else "wrong")
    if attempt.one_time_until is not None and now > attempt.one_time_until:
        raise _refused(desk, given, "the one-time password is too old")
    step = _step(desk, attempt, given, now)
    token = secrets.token_urlsafe(32)
    with writing(desk.engine) as session:
        if succeed(session, attempt, token, now, step=step, address=given.address):
            desk.audit(
                session, Entry(given.name, "sign-in", given.name, now, address=given.address)
            )
            return token
    raise _refused(desk, given, "overtaken by another sign-in or a change")


def change_password(desk: Desk, name: str, old: str, new: str, *, keep: str, address: str) -> None:
    """keep: the hash of the token that stays signed in.

    Raises:
        SignInRefused: `old` is not the password. PersonRefused: nobody may have `new`.
        TooManyAtOnce
    """
    with a_place():
        _change_password(desk, name, old, new, keep=keep, address=address)


def _change_password(desk: Desk, name: str, old: str, new: str, *, keep: str, address: str) -> None:
    with writing(desk.engine) as session:
        attempt = take_attempt(session, name, desk.now())
    if attempt is None or not is_password(old, attempt.password_hash):
        raise SignInRefused("wrong password, or locked")
    check_password(new, name)
    if old == new:
        raise PersonRefused("the new password is the old one")
    fresh = hash_password(new)
    with writing(desk.engine) as session:
        if user_named(session, name).password_hash != attempt.password_hash:
            raise SignInRefused("changed meanwhile")
        choose_password(session, name, fresh, keep)
        desk.audit(session, Entry(name, "password", name, desk.now(), address=address))


def csrf_of(token: str) -> str:
    """What a page must send in a header: who cannot read the cookie cannot make it."""
    return hashlib.sha256(f"csrf {token}".encode()).hexdigest()


def _step(desk: Desk, attempt: Attempt, given: Given, now: datetime) -> int | None:
    """None: no codes are asked for."""
    if attempt.totp_salt is None:
        return None
    step = codes.step_of(
        desk.codes_key, attempt.totp_salt, given.code, now, after=attempt.totp_step
    )
    if step is None:
        raise _refused(desk, given, "wrong code")
    return step


def _refused(desk: Desk, given: Given, why: str) -> SignInRefused:
    # Who types his password into the other field shall not read it in the audit.
    subject = given.name if NAME.match(given.name) else "(no sign-in name)"
    entry = Entry("-", "sign-in", subject, desk.now(), "refused", {"why": why}, given.address)
    desk.audit_alone(entry)
    return SignInRefused(why)
