"""Codes of an authenticator."""

from datetime import UTC, datetime, timedelta

import pyotp

from desk.security import codes

NOW = datetime(2026, 11, 23, 1, 0, 5, tzinfo=UTC)
KEY, SALT = b"the site's key", "5a17"


def test_the_code_of_now_is_right_once():
    code = codes.code(KEY, SALT, NOW)
    step = codes.step_of(KEY, SALT, code, NOW, after=0)
    assert step == int(NOW.timestamp()) // 30
    assert codes.step_of(KEY, SALT, code, NOW, after=step) is None


def test_a_clock_may_be_off_by_half_a_minute_and_no_more():
    for off_s, taken in ((-60, False), (-30, True), (30, True), (60, False)):
        code = codes.code(KEY, SALT, NOW + timedelta(seconds=off_s))
        assert (codes.step_of(KEY, SALT, code, NOW, after=0) is not None) == taken


def test_what_an_authenticator_reads_makes_the_same_codes():
    shown = pyotp.parse_uri(codes.uri(KEY, SALT, "wang"))
    assert isinstance(shown, pyotp.TOTP)
    assert shown.at(NOW) == codes.code(KEY, SALT, NOW)


def test_the_salt_alone_makes_no_code():
    assert codes.code(b"another key", SALT, NOW) != codes.code(KEY, SALT, NOW)


def test_an_odd_code_is_wrong_and_no_fault():
    for odd in ("", "12345", "１２３４５６", "\ud800", "x" * 10_000):
        assert (
            codes.step_of(KEY, SALT, odd.encode("utf-8", "replace").decode(), NOW, after=0) is None
        )
