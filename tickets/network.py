"""The network behind the desk: who may be given a ticket, where, and how to reach him."""

import re
from dataclasses import dataclass
from enum import StrEnum


class UnitKind(StrEnum):
    """service: a public body that does the work itself: water, power, lamps, drains, buses."""

    DEPARTMENT = "department"
    TOWNSHIP = "township"
    STREET = "street"
    SERVICE = "service"
    COMPANY = "company"
    GRID = "grid"
    VOLUNTEER = "volunteer"
    DEPUTY = "deputy"


class AreaKind(StrEnum):
    TOWNSHIP = "township"
    STREET = "street"
    CELL = "cell"


UNIT_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
AREA_CODE = re.compile(r"[A-Z][0-9]{2}(-[0-9]{2})?", re.ASCII)
NUMBER = re.compile(r"[0-9]{3,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Area:
    """`code` is A03 for a township or street, and A03-02 for a grid cell in it."""

    code: str
    kind: AreaKind
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Unit:
    """`area`: where it works; of a township, street or grid unit, what it answers for.

    trades: words for what a company or a volunteer team does.
    """

    code: str
    kind: UnitKind
    name: str
    name_en: str
    area: str | None
    trades: str


@dataclass(frozen=True, slots=True)
class Contact:
    unit: str
    name: str
    duty: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class OutsideService:
    """Somebody outside the network who is asked into a talk: 120, 119, the water company."""

    code: str
    name: str
    name_en: str
    number: str
    note: str


ANSWERS_FOR_ITS_AREA = frozenset({UnitKind.TOWNSHIP, UnitKind.STREET, UnitKind.GRID})


def area_and_above(code: str | None) -> list[str]:
    """Narrowest first: A03-02 -> A03-02, A03. Nothing for a place that is not known."""
    if not code:
        return []
    above, dash, _ = code.partition("-")
    return [code, above] if dash else [code]
