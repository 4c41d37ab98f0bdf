"""Seeds become other bytes: flipped, cut, doubled, crossed, and filled with what hurts."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.asterisk_home import CHECKOUT

SEEDS = CHECKOUT / "tests/faults/seeds"

HURTS = (
    *(b"\0", b"\n", b"\r\n", b"\n\n", b"\xff", b"\xef\xbb\xbf", b"\xd5\xc5", b"\xed\xa0\x80"),
    *(b"&", b"=", b'"', b"\\", b"'''", b"%", b"%0D%0A", b"-1", b"0x", b"nan", b"inf", b"1e999"),
    *(b"HANGUP\n", b"200 result=", b"520-", b"${SHELL(id)}", "号".encode()),
    *(b"[" * 3000, b"{" * 3000, b'{"a":' * 2000, b"9" * 5000, b"A" * 9000),
)
BIGGEST = 128 * 1024
Change = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def seeds_of(folder: Path) -> list[bytes]:
    """Always one at least, the empty one."""
    return [b"", *(file.read_bytes() for file in sorted(folder.glob("*")))]


def mutated(dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    data = dice.choice(seeds)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 8))):
        data = dice.choice(CHANGES)(dice, data, seeds)
    return data[:BIGGEST]


def _flip(dice: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    if not data:
        return dice.randbytes(4)
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << dice.randrange(8))]) + data[at + 1 :]


def _hurt(dice: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(HURTS) + data[at:]


def _replace(dice: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start, end = _part(dice, data)
    return data[:start] + dice.choice((dice.randbytes(end - start), *HURTS)) + data[end:]


def _cut(dice: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start, end = _part(dice, data)
    return data[:start] + data[end:]


def _double(dice: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start, end = _part(dice, data)
    return data[:end] + data[start:end] * dice.choice((1, 2, 50)) + data[end:]


def _cross(dice: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    other = dice.choice(seeds)
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other) + 1) :]


def _part(dice: random.Random, data: bytes) -> tuple[int, int]:
    start = dice.randrange(len(data) + 1)
    return start, min(len(data), start + dice.choice((1, 2, 8, 64, 1024)))


CHANGES: Sequence[Change] = (_flip, _flip, _hurt, _replace, _cut, _double, _cross)
