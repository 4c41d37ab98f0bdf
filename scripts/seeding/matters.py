"""What people ring about, and the ways in which they say it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("matters.toml")


@dataclass(frozen=True, slots=True)
class Matter:
    """`phrasings`: with {place}, {when} and {n} to be filled in; result: the unit's answer."""

    code: str
    name: str
    service_class: str
    unit: str
    weight: int
    phrasings: tuple[str, ...]
    result: str


@cache
def matters() -> tuple[Matter, ...]:
    read = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Matter(
            code=each["code"],
            name=each["name"],
            service_class=each["class"],
            unit=each["unit"],
            weight=each["weight"],
            phrasings=tuple(each["phrasings"]),
            result=each["result"],
        )
        for each in read["matter"]
    )
