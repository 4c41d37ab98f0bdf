"""Links that answer for a unit: ours and in time, or refused with a clear text."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets import signed_links
from tickets.signed_links import AnswerLink, LinkFault, LinkRefused, link_for, read_link, signed

SECRET = b"a secret of the tests"
T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LINK = link_for(42, 5, "water", made_at=T0, days=30)


def refusal(token: str, now: datetime = T0, secret: bytes = SECRET) -> LinkFault:
    with pytest.raises(LinkRefused) as refused:
        read_link(token, secret, now)
    return refused.value.kind


def test_a_link_says_ticket_dispatch_unit_and_end():
    assert read_link(signed(LINK, SECRET), SECRET, T0) == LINK
    assert (LINK.ticket_id, LINK.version, LINK.unit) == (42, 5, "water")
    assert LINK.ends_at == T0 + timedelta(days=30)


@given(st.integers(1, 2**62), st.integers(1, 2**31), st.text(max_size=80), st.integers(1, 2**31))
def test_whatever_we_sign_we_read_again(ticket_id, version, unit, ends_s):
    link = AnswerLink(ticket_id, version, unit, ends_s)
    before = datetime.fromtimestamp(0, UTC)
    assert read_link(signed(link, SECRET), SECRET, before) == link


@given(st.data())
def test_one_changed_character_is_refused(data):
    token = signed(LINK, SECRET)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != token[at]))
    assert refusal(token[:at] + other + token[at + 1 :]) is LinkFault.BROKEN


@given(st.text(max_size=200))
def test_what_was_never_a_link_is_refused(text):
    assert refusal(text) is LinkFault.BROKEN


@pytest.mark.control(without="the comparison with the only text that counts")
def test_control_without_it_another_text_of_the_same_bytes_passes(monkeypatch):
    token = signed(LINK, SECRET)
    twin = twin_of(token)
    assert refusal(twin) is LinkFault.BROKEN
    monkeypatch.setattr(signed_links, "_is_our_text", lambda *_: True)
    assert read_link(twin, SECRET, T0) == LINK


def twin_of(token: str) -> str:
    """The last character of the signature has two bits that decoding drops."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


def test_another_secret_is_refused():
    assert refusal(signed(LINK, b"another"), T0) is LinkFault.BROKEN


def test_a_link_of_another_purpose_is_refused():
    payload, _, _ = signed(LINK, SECRET).partition(".")
    raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    bare = base64.urlsafe_b64encode(hmac.digest(SECRET, raw, hashlib.sha256)).rstrip(b"=").decode()
    assert refusal(f"{payload}.{bare}") is LinkFault.BROKEN


def test_a_link_ends_and_says_when():
    token = signed(LINK, SECRET)
    assert read_link(token, SECRET, LINK.ends_at - timedelta(seconds=1)) == LINK
    with pytest.raises(LinkRefused, match="ended on 2026-12-23") as refused:
        read_link(token, SECRET, LINK.ends_at)
    assert refused.value.kind is LinkFault.EXPIRED
