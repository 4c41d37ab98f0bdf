"""One thing that `l110 doctor` looked at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    state: Literal["ok", "warn", "fail"]
    says: str
    mend: str = ""


def ok(name: str, says: str) -> Check:
    return Check(name, "ok", says)


def warn(name: str, says: str, mend: str) -> Check:
    return Check(name, "warn", says, mend)


def fail(name: str, says: str, mend: str) -> Check:
    return Check(name, "fail", says, mend)
