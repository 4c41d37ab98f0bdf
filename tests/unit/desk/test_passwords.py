"""Passwords are kept as Argon2id."""

from desk.security.passwords import hash_password, is_password, new_password, nobodys
from tickets.people import check_password


def test_a_password_is_kept_as_argon2id_and_known_again():
    hashed = hash_password("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert is_password("correct horse battery", hashed)
    assert not is_password("correct horse", hashed)


def test_two_hashes_of_one_password_differ():
    assert hash_password("the same") != hash_password("the same")


def test_a_hash_of_another_kind_is_nobodys_password():
    assert not is_password("x", "5f4dcc3b5aa765d61d8327deb882cf99")


def test_an_unknown_name_costs_as_much():
    assert nobodys().split("$")[3] == hash_password("x").split("$")[3]


def test_a_password_that_serves_once_is_one_that_may_be_had():
    assert check_password(new_password(), "wang") != new_password()
