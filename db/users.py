"""People of the desk: added, found, disabled, given a new password."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.models import SignInRow, UserRow
from tickets.people import ONE_TIME_FOR
from tickets.roles import Actor, Role


class UserUnknown(LookupError):
    """Nobody has this sign-in name."""


class UserExists(ValueError):
    """This sign-in name was given before; a name is never given twice, for the audit's sake."""


@dataclass(frozen=True, slots=True)
class NewUser:
    name: str
    full_name: str
    roles: frozenset[Role]
    units: frozenset[str]
    password_hash: str
    seat: str | None = None
    totp_salt: str | None = None


def add_user(session: Session, new: NewUser, now: datetime, *, one_time: bool = True) -> UserRow:
    """`one_time`: the password was given by somebody else. Raises UserExists."""
    if session.get(UserRow, new.name) is not None:
        raise UserExists(new.name)
    user = UserRow(
        name=new.name,
        full_name=new.full_name,
        roles=" ".join(sorted(new.roles)),
        units=sorted(new.units),
        seat=new.seat,
        password_hash=new.password_hash,
        one_time_until=now + ONE_TIME_FOR if one_time else None,
        totp_salt=new.totp_salt,
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user


def user_named(session: Session, name: str) -> UserRow:
    """Raises UserUnknown."""
    user = session.get(UserRow, name, populate_existing=True, with_for_update=True)
    if user is None:
        raise UserUnknown(name)
    return user


def all_users(session: Session) -> Sequence[UserRow]:
    return session.scalars(select(UserRow).order_by(UserRow.name)).all()


def disable_user(session: Session, name: str, now: datetime) -> None:
    """Ends the person's sign-ins too. Raises UserUnknown."""
    user = user_named(session, name)
    user.disabled_at = user.disabled_at or now
    end_sign_ins(session, name)


def reset_user(
    session: Session, name: str, password_hash: str, now: datetime, *, totp_salt: str | None = None
) -> None:
    """A one-time password, unlocked, enabled, and signed out. `totp_salt`: new codes too.

    Raises:
        UserUnknown
    """
    user = user_named(session, name)
    user.password_hash = password_hash
    user.one_time_until = now + ONE_TIME_FOR
    user.failures, user.locked_until, user.disabled_at = 0, None, None
    if totp_salt is not None:
        user.totp_salt, user.totp_step = totp_salt, 0
    end_sign_ins(session, name)


def change_user(
    session: Session,
    name: str,
    *,
    roles: frozenset[Role],
    units: frozenset[str],
    seat: str | None,
    totp_salt: str | None,
) -> None:
    """Holds from the person's next request on. `totp_salt`: for who had no codes yet.

    Raises:
        UserUnknown
    """
    user = user_named(session, name)
    user.roles, user.units, user.seat = " ".join(sorted(roles)), sorted(units), seat
    user.totp_salt = user.totp_salt or totp_salt


def choose_password(session: Session, name: str, password_hash: str, keep: str) -> None:
    """The person's own; every sign-in but `keep` (a token's hash) ends. Raises UserUnknown."""
    user = user_named(session, name)
    user.password_hash, user.one_time_until = password_hash, None
    user.failures, user.locked_until = 0, None
    session.execute(delete(SignInRow).where(SignInRow.user == name, SignInRow.token_hash != keep))


def end_sign_ins(session: Session, name: str) -> None:
    session.execute(delete(SignInRow).where(SignInRow.user == name))


def actor_of(user: UserRow) -> Actor:
    roles = frozenset(Role(name) for name in user.roles.split())
    return Actor(user.name, roles, frozenset(user.units))
