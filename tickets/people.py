"""Rules of people who sign in: roles that go together, names, passwords, patience."""

import re
from collections.abc import Collection
from datetime import timedelta

from tickets.roles import APART, Role

NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}\Z", re.ASCII)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
LOCK_AFTER = 5
LOCK_FOR = timedelta(minutes=15)
IDLE_FOR = timedelta(minutes=15)
LONGEST_SIGN_IN = timedelta(hours=12)
ONE_TIME_FOR = timedelta(hours=24)
WITH_CODES = frozenset({Role.ADMIN, Role.AUDITOR})
GIVEN = frozenset(Role) - {Role.SYSTEM}


class PersonRefused(ValueError):
    """A name, a role or a password that nobody may have; the text says which may be."""


def roles_together(names: Collection[str], units: Collection[str] = ()) -> frozenset[Role]:
    """The roles of one person.

    Raises:
        PersonRefused: an unknown role, none, admin beside auditor, or a handler of no unit.
    """
    known = {role.value for role in GIVEN}
    if unknown := sorted(set(names) - known):
        raise PersonRefused(f"no role is called {unknown[0]}: {', '.join(sorted(known))}")
    roles = frozenset(Role(name) for name in names)
    if not roles:
        raise PersonRefused(f"a person has a role: {', '.join(sorted(known))}")
    if roles >= APART:
        raise PersonRefused("admin and auditor are never one person: give them to two")
    if (Role.HANDLER in roles) != bool(units):
        raise PersonRefused("a handler has a unit or more, and nobody else has one")
    return roles


def check_name(name: str) -> str:
    """Raises PersonRefused."""
    if not NAME.match(name):
        raise PersonRefused(
            "a sign-in name has 2 to 32 characters: a small letter first, then small letters,"
            " digits, '.', '_' or '-'"
        )
    return name


def check_password(password: str, name: str) -> str:
    """Raises PersonRefused."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PersonRefused(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, not"
            f" {len(password)}"
        )
    if name.lower() in password.lower():
        raise PersonRefused("a password does not contain the sign-in name")
    if len(set(password)) < 5:
        raise PersonRefused("a password has 5 different characters or more")
    return password
