"""The list of faults and bad inputs that the tests must stand for."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CATALOGUE = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True, slots=True)
class Fault:
    """number: `29` or `B8`. later: why there is no test yet; empty where there must be one."""

    number: str
    what: str
    outcome: str
    later: str = ""


def catalogue() -> Mapping[str, Fault]:
    """Every fault by its number, in order."""
    book = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    later: dict[str, str] = book["later"]
    told = (*book["faults"].items(), *book["inputs"].items())
    return {
        number: Fault(number, what, outcome, later.get(number, ""))
        for number, (what, outcome) in told
    }
