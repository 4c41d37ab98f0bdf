"""Argon2id, and passwords that serve once."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

# Each takes 64 MiB for as long as it reckons: two at once are enough for a desk, and a flood of
# guesses must not take the machine's memory.
AT_ONCE = threading.BoundedSemaphore(2)
# Who waits for them holds a thread of the desk: no more than half of those.
PLACES = threading.BoundedSemaphore(5)
ARGON2ID = PasswordHash((Argon2Hasher(),))
# Without what is misread: 0 and O, 1 and l and I.
LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class TooManyAtOnce(RuntimeError):
    """So many sign in at this moment that one more would hold up the desk."""


@contextmanager
def a_place() -> Iterator[None]:
    """To sign in; taken before the attempt is counted. Raises TooManyAtOnce."""
    if not PLACES.acquire(blocking=False):
        raise TooManyAtOnce("many sign in just now: try again in a few seconds")
    try:
        yield
    finally:
        PLACES.release()


def hash_password(password: str) -> str:
    with AT_ONCE:
        return ARGON2ID.hash(password)


def is_password(password: str, hashed: str) -> bool:
    with AT_ONCE:
        try:
            return ARGON2ID.verify(password, hashed)
        except UnknownHashError:
            return False


def new_password() -> str:
    """Four groups of four letters: 93 bits, to be read out and typed once."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


@cache
def nobodys() -> str:
    """What is compared where nobody has the name: that takes as long as with a known one."""
    return hash_password(secrets.token_urlsafe(24))
