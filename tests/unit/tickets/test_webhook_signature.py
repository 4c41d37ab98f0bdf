"""What a receiver may rely on."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.webhook_signature import (
    TOLERANCE_S,
    SignatureRefused,
    check_signature,
    signature,
    unit_key,
)

NOW_S = 1_795_500_000
KEY = unit_key(b"master", "water")


def test_a_receiver_in_any_language_can_reckon_it():
    made = hmac.new(KEY.encode(), b"1795500000." + b"{}", hashlib.sha256).hexdigest()
    assert signature(KEY, NOW_S, b"{}") == f"v1={made}"


@given(st.binary(max_size=300), st.integers(-TOLERANCE_S, TOLERANCE_S))
def test_what_we_sign_is_taken_within_its_time(body, late_s):
    check_signature(KEY, str(NOW_S), signature(KEY, NOW_S, body), body, NOW_S + late_s)


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_changed_body_is_refused(body, data):
    at = data.draw(st.integers(0, len(body) - 1))
    changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    with pytest.raises(SignatureRefused):
        check_signature(KEY, str(NOW_S), signature(KEY, NOW_S, body), changed, NOW_S)


@pytest.mark.parametrize("late_s", [TOLERANCE_S + 1, -TOLERANCE_S - 1])
def test_what_is_sent_again_later_is_refused(late_s):
    with pytest.raises(SignatureRefused, match="away"):
        check_signature(KEY, str(NOW_S), signature(KEY, NOW_S, b"x"), b"x", NOW_S + late_s)


@pytest.mark.parametrize("timestamp", ["", "soon", "-5", "1e9", "１７", "9" * 40])
def test_a_time_that_is_none_is_refused(timestamp):
    with pytest.raises(SignatureRefused):
        check_signature(KEY, timestamp, "v1=", b"", NOW_S)


def test_no_unit_can_sign_for_another():
    assert unit_key(b"master", "gas") != KEY
    made = signature(unit_key(b"master", "gas"), NOW_S, b"x")
    with pytest.raises(SignatureRefused):
        check_signature(KEY, str(NOW_S), made, b"x", NOW_S)
