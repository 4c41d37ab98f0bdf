"""People and their sign-ins on both stores."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from db.audit_heads import HeadFile
from db.audit_log import entries
from db.engine import reading, writing
from db.models import SignInRow, UserRow
from db.sign_ins import end_sign_in, signed_in, take_attempt, token_hash, touch
from db.users import (
    NewUser,
    UserExists,
    UserUnknown,
    add_user,
    disable_user,
    reset_user,
    user_named,
)
from desk.context import Desk
from desk.security import codes
from desk.security.passwords import hash_password
from desk.security.signing_in import Given, SignInRefused, change_password, sign_in
from tickets.people import IDLE_FOR, LOCK_AFTER, LOCK_FOR, LONGEST_SIGN_IN, PersonRefused
from tickets.roles import Role

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
HASHED = hash_password(PASSWORD)


class Clock:
    def __init__(self) -> None:
        self.at = T0

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, duration: timedelta) -> None:
        self.at += duration


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(store: Engine, clock: Clock, tmp_path: Path) -> Desk:
    return Desk(store, clock, b"key", HeadFile(tmp_path / "heads"))


def add(
    desk: Desk, name: str = "wang", *roles: Role, salt: str | None = None, one_time: bool = False
) -> None:
    user = NewUser(
        name, name, frozenset(roles or {Role.OPERATOR}), frozenset(), HASHED, totp_salt=salt
    )
    with writing(desk.engine) as session:
        add_user(session, user, desk.now(), one_time=one_time)


def may(desk: Desk, password: str = PASSWORD, name: str = "wang", code: str = "") -> bool:
    try:
        sign_in(desk, Given(name, password, code))
    except SignInRefused:
        return False
    return True


def is_in(desk: Desk, token: str) -> bool:
    with reading(desk.engine) as session:
        return signed_in(session, token, desk.now()) is not None


def audited(desk: Desk) -> list[tuple[str, str, str, str]]:
    with reading(desk.engine) as session:
        return [(e.by, e.action, e.subject, e.outcome) for e in entries(session, 50)][::-1]


def test_who_has_the_password_is_signed_in_and_nobody_else(desk: Desk) -> None:
    add(desk)
    token = sign_in(desk, Given("wang", PASSWORD))
    with reading(desk.engine) as session:
        found = signed_in(session, token, desk.now())
        assert found is not None
        assert (found[0].actor.name, found[0].actor.roles) == ("wang", frozenset({Role.OPERATOR}))
        assert signed_in(session, token + "x", desk.now()) is None
        kept = session.scalars(select(SignInRow)).one()
    assert kept.token_hash == token_hash(token) != token
    assert not may(desk, "another password")
    assert not may(desk, name="nobody")
    assert not may(desk, name="my password by mistake")
    assert audited(desk) == [
        ("wang", "sign-in", "wang", "done"),
        ("-", "sign-in", "wang", "refused"),
        ("-", "sign-in", "nobody", "refused"),
        ("-", "sign-in", "(no sign-in name)", "refused"),
    ]


def test_five_failures_lock_for_fifteen_minutes(desk: Desk, clock: Clock) -> None:
    add(desk)
    assert not any(may(desk, "wrong") for _ in range(LOCK_AFTER))
    assert not may(desk)
    clock.pass_by(LOCK_FOR - timedelta(seconds=1))
    assert not may(desk)
    clock.pass_by(timedelta(seconds=1))
    assert may(desk)


def test_four_failures_and_a_success_begin_anew(desk: Desk) -> None:
    add(desk)
    for _ in range(3):
        assert not any(may(desk, "wrong") for _ in range(LOCK_AFTER - 1))
        assert may(desk)


def test_guesses_at_the_same_time_are_counted_one_by_one(desk: Desk) -> None:
    add(desk)

    def attempt(_: int) -> bool:
        with writing(desk.engine) as session:
            return take_attempt(session, "wang", T0) is not None

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(attempt, range(20))) == LOCK_AFTER


@pytest.mark.control(without="the count before the password is looked at")
def test_control_counted_afterwards_guesses_at_the_same_time_would_all_be_tried(
    desk: Desk,
) -> None:
    add(desk)
    all_have_looked = threading.Barrier(8, timeout=20)

    def attempt(_: int) -> bool:
        with reading(desk.engine) as session:
            locked = session.get_one(UserRow, "wang").locked_until is not None
        all_have_looked.wait()  # here each would look at a password
        with writing(desk.engine) as session:
            take_attempt(session, "wang", T0)
        return not locked

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) > LOCK_AFTER


def test_fifteen_minutes_without_a_request_end_a_sign_in(desk: Desk, clock: Clock) -> None:
    add(desk)
    token = sign_in(desk, Given("wang", PASSWORD))
    clock.pass_by(IDLE_FOR)
    assert is_in(desk, token)
    with writing(desk.engine) as session:
        touch(session, token_hash(token), desk.now())
    clock.pass_by(IDLE_FOR)
    assert is_in(desk, token)
    clock.pass_by(timedelta(seconds=1))
    assert not is_in(desk, token)


def test_no_sign_in_lasts_longer_than_a_shift(desk: Desk, clock: Clock) -> None:
    add(desk)
    token = sign_in(desk, Given("wang", PASSWORD))
    while clock.at <= T0 + LONGEST_SIGN_IN:
        assert is_in(desk, token)
        with writing(desk.engine) as session:
            touch(session, token_hash(token), desk.now())
        clock.pass_by(timedelta(minutes=10))
    assert not is_in(desk, token)


def test_who_signs_out_or_is_disabled_is_out_at_once(desk: Desk) -> None:
    add(desk)
    first, second = (sign_in(desk, Given("wang", PASSWORD)) for _ in range(2))
    with writing(desk.engine) as session:
        end_sign_in(session, token_hash(first))
    assert (is_in(desk, first), is_in(desk, second)) == (False, True)
    with writing(desk.engine) as session:
        disable_user(session, "wang", T0)
    assert not is_in(desk, second)
    assert not may(desk)


def test_a_disabled_person_is_out_even_if_his_sign_in_is_still_there(desk: Desk) -> None:
    add(desk)
    token = sign_in(desk, Given("wang", PASSWORD))
    with writing(desk.engine) as session:
        session.execute(update(UserRow).values(disabled_at=T0))
    assert not is_in(desk, token)


def test_a_reset_unlocks_enables_and_signs_out(desk: Desk, clock: Clock) -> None:
    add(desk)
    token = sign_in(desk, Given("wang", PASSWORD))
    with writing(desk.engine) as session:
        disable_user(session, "wang", T0)
        reset_user(session, "wang", hash_password("given-by-the-admin"), T0)
    assert not is_in(desk, token)
    assert not may(desk)
    assert may(desk, "given-by-the-admin")
    clock.pass_by(timedelta(hours=25))
    assert not may(desk, "given-by-the-admin"), "a day later it serves no more"


def test_a_password_of_ones_own_ends_the_other_sign_ins(desk: Desk) -> None:
    add(desk, one_time=True)
    here, elsewhere = (sign_in(desk, Given("wang", PASSWORD)) for _ in range(2))
    with reading(desk.engine) as session:
        found = signed_in(session, here, T0)
    assert found is not None
    assert found[0].one_time
    keep = token_hash(here)
    with pytest.raises(SignInRefused):
        change_password(desk, "wang", "wrong", "my own password", keep=keep, address="")
    with pytest.raises(PersonRefused, match="12 to 200"):
        change_password(desk, "wang", PASSWORD, "short", keep=keep, address="")
    with pytest.raises(PersonRefused, match="is the old one"):
        change_password(desk, "wang", PASSWORD, PASSWORD, keep=keep, address="")
    change_password(desk, "wang", PASSWORD, "my own password", keep=keep, address="")
    assert (is_in(desk, here), is_in(desk, elsewhere)) == (True, False)
    assert may(desk, "my own password")
    assert not may(desk)


def test_a_code_is_asked_for_and_serves_once(desk: Desk, clock: Clock) -> None:
    add(desk, "zhao", Role.ADMIN, salt="5a17")
    code = codes.code(b"key", "5a17", T0)
    assert not may(desk, name="zhao")
    assert not may(desk, name="zhao", code="000000" if code != "000000" else "111111")
    assert may(desk, name="zhao", code=code)
    assert not may(desk, name="zhao", code=code)
    clock.pass_by(timedelta(seconds=30))
    assert may(desk, name="zhao", code=codes.code(b"key", "5a17", clock.at))


@pytest.mark.parametrize(
    ("roles", "salt"), [({Role.ADMIN, Role.AUDITOR}, "5a17"), ({Role.ADMIN}, None)]
)
def test_the_store_itself_refuses_admin_with_auditor_and_either_without_codes(
    desk: Desk, roles: set[Role], salt: str | None
) -> None:
    with pytest.raises(IntegrityError, match="ck_users"):
        add(desk, "zhao", *roles, salt=salt)


def test_a_name_is_given_once_and_an_unknown_one_is_said_so(desk: Desk) -> None:
    add(desk)
    with pytest.raises(UserExists):
        add(desk)
    with writing(desk.engine) as session, pytest.raises(UserUnknown):
        user_named(session, "nobody")


def test_a_password_changed_meanwhile_signs_nobody_in(desk: Desk) -> None:
    from db.sign_ins import succeed

    add(desk)
    with writing(desk.engine) as session:
        attempt = take_attempt(session, "wang", T0)
        reset_user(session, "wang", hash_password("given-by-the-admin"), T0)
        assert attempt is not None
        assert not succeed(session, attempt, "token", T0)
