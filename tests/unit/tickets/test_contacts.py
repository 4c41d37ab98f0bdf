"""Addresses of units: what may be kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.contacts import ContactRefused, Way, checked_contact


@pytest.mark.parametrize(
    ("way", "address"),
    [
        ("email", "water@city.example"),
        ("email", "a.b+110@x-y.example"),
        ("webhook", "https://water.city.example/l110"),
        ("webhook", "http://127.0.0.1:8080"),
        ("webhook", "http://[::1]:8080/in?x=1"),
        ("console", "water"),
    ],
)
def test_what_can_be_reached_is_kept(way, address):
    assert checked_contact(way, f" {address} ") == (Way(way), address)


@pytest.mark.parametrize(
    ("way", "address"),
    [
        ("email", "water"),
        ("email", "a@b\r\nBcc: all@city.example"),
        ("email", "a@b@c"),
        ("email", "a @b"),
        ("webhook", "ftp://host/"),
        ("webhook", "https://user:word@host/"),
        ("webhook", "https://host/a b"),
        ("webhook", "file:///etc/passwd"),
        ("inbox", "water"),
        ("pigeon", "loft"),
        ("webhook", "https://host/" + "a" * 600),
    ],
)
def test_what_cannot_be_reached_is_refused(way, address):
    with pytest.raises(ContactRefused):
        checked_contact(way, address)


@given(st.text(max_size=60))
def test_no_kept_address_has_a_break_or_a_blank(text):
    for way in ("email", "webhook"):
        try:
            _, kept = checked_contact(way, text)
        except ContactRefused:
            continue
        assert kept.isprintable()
        assert not set(kept) & set(" \t\r\n")
