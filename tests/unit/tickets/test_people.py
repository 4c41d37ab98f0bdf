"""Who may be what, and which passwords may be had."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.people import (
    GIVEN,
    WITH_CODES,
    PersonRefused,
    check_name,
    check_password,
    roles_together,
)
from tickets.roles import APART, Role

NAMES = sorted(role.value for role in GIVEN)


@given(st.sets(st.sampled_from(NAMES), min_size=1))
def test_no_person_ever_is_admin_and_auditor(names: set[str]):
    units = ["water"] if "handler" in names else []
    if {role.value for role in APART} <= names:
        with pytest.raises(PersonRefused, match="never one person"):
            roles_together(names, units)
    else:
        assert roles_together(names, units) == {Role(name) for name in names}


def test_a_person_is_not_a_process_of_ours():
    with pytest.raises(PersonRefused, match="no role is called system"):
        roles_together(["system"])


def test_admin_and_auditor_need_codes():
    assert set(WITH_CODES) == set(APART)


@pytest.mark.parametrize(("roles", "units"), [(["handler"], []), (["operator"], ["water"])])
def test_a_handler_has_units_and_nobody_else(roles, units):
    with pytest.raises(PersonRefused, match="unit"):
        roles_together(roles, units)


@pytest.mark.parametrize("name", ["", "a", "Wang", "1ab", "wang li", "wang\n", "王", "a" * 33])
def test_an_odd_name_is_refused(name):
    with pytest.raises(PersonRefused):
        check_name(name)


@pytest.mark.parametrize("password", ["short", "x" * 201, "my-wang-password", "aaaaaaaaaaaaaaaa"])
def test_a_weak_password_is_refused_and_not_repeated(password):
    with pytest.raises(PersonRefused) as refused:
        check_password(password, "wang")
    assert password not in str(refused.value)


def test_a_good_one_is_given_back():
    assert check_password("correct horse battery", "wang") == "correct horse battery"
