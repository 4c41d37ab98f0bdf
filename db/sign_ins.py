"""Attempts to sign in, and the sign-ins that follow: counted, looked up, ended."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from db.models import SignInRow, UserRow
from db.users import actor_of
from tickets.people import IDLE_FOR, LOCK_AFTER, LOCK_FOR, LONGEST_SIGN_IN
from tickets.roles import Actor

SEEN_EVERY = timedelta(seconds=20)  # a write for each request would be one too many


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a sign-in is measured against, once it may be tried at all."""

    name: str
    password_hash: str
    one_time_until: datetime | None
    totp_salt: str | None
    totp_step: int
    last: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """one_time: the person has yet to choose a password, and may do nothing else."""

    actor: Actor
    token_hash: str
    full_name: str
    seat: str | None
    one_time: bool


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def take_attempt(session: Session, name: str, now: datetime) -> Attempt | None:
    """One of five. None: nobody has this name, or it is locked or disabled.

    It is counted before the password is looked at, so that guesses at the same time are counted
    too; `succeed` forgets the count. The fifth locks, whatever it brings, until it has succeeded.
    """
    user = session.get(UserRow, name, populate_existing=True, with_for_update=True)
    if user is None or user.disabled_at is not None:
        return None
    if user.locked_until is not None:
        if now < user.locked_until:
            return None
        user.failures, user.locked_until = 0, None
    user.failures += 1
    last = user.failures >= LOCK_AFTER
    if last:
        user.locked_until = now + LOCK_FOR
    session.flush()
    return Attempt(
        user.name, user.password_hash, user.one_time_until, user.totp_salt, user.totp_step, last
    )


def succeed(
    session: Session,
    attempt: Attempt,
    token: str,
    now: datetime,
    *,
    step: int | None = None,
    address: str | None = None,
) -> bool:
    """Signed in. False: the password was changed or the person disabled meanwhile, or another
    sign-in used the code of this step first."""
    free = (
        update(UserRow)
        .where(
            UserRow.name == attempt.name,
            UserRow.password_hash == attempt.password_hash,
            UserRow.disabled_at.is_(None),
            UserRow.totp_step < step if step is not None else UserRow.totp_salt.is_(None),
        )
        .values(failures=0, locked_until=None, totp_step=step or UserRow.totp_step)
        .returning(UserRow.name)
        .execution_options(synchronize_session=False)
    )
    if session.execute(free).first() is None:
        return False
    session.execute(delete(SignInRow).where(SignInRow.seen_at < now - IDLE_FOR))
    session.add(
        SignInRow(
            token_hash=token_hash(token),
            user=attempt.name,
            began_at=now,
            seen_at=now,
            address=address,
        )
    )
    return True


def signed_in(session: Session, token: str, now: datetime) -> tuple[SignedIn, bool] | None:
    """Who has this cookie, and whether `touch` is due. None: nobody, idle too long, disabled."""
    query = (
        select(SignInRow, UserRow)
        .join(UserRow, UserRow.name == SignInRow.user)
        .where(SignInRow.token_hash == token_hash(token), UserRow.disabled_at.is_(None))
    )
    found = session.execute(query).first()
    if found is None:
        return None
    row, user = found
    if now - row.seen_at > IDLE_FOR or now - row.began_at > LONGEST_SIGN_IN:
        return None
    one_time = user.one_time_until is not None
    who = SignedIn(actor_of(user), row.token_hash, user.full_name, user.seat, one_time)
    return who, now - row.seen_at > SEEN_EVERY


def touch(session: Session, hashed: str, now: datetime) -> None:
    """Seen now. One that ended meanwhile stays ended."""
    session.execute(update(SignInRow).where(SignInRow.token_hash == hashed).values(seen_at=now))


def end_sign_in(session: Session, hashed: str) -> None:
    session.execute(delete(SignInRow).where(SignInRow.token_hash == hashed))
