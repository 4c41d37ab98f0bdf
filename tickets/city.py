"""A city's own data out of its tables: areas, units, contacts, matters, who gets what, services."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from tickets.catalogue import ANY, BY_PLACE, DispatchRule
from tickets.matters import MATTER_CODE, VERSION, Matter, MatterScheme
from tickets.model import ServiceClass
from tickets.network import (
    ANSWERS_FOR_ITS_AREA,
    AREA_CODE,
    NUMBER,
    UNIT_CODE,
    Area,
    AreaKind,
    Contact,
    OutsideService,
    Unit,
    UnitKind,
)
from tickets.sheets import Line, Problems, read_sheet, refuse_doubles

COLUMNS = {
    "areas.csv": ("code", "kind", "name"),
    "units.csv": ("code", "kind", "name", "name_en", "area", "trades"),
    "contacts.csv": ("unit", "name", "duty", "phone", "email"),
    "matters.csv": ("code", "name", "name_en", "service_class"),
    "dispatch.csv": ("rule", "matter", "area", "unit", "co_units", "deadline_class"),
    "services.csv": ("code", "name", "name_en", "number", "note"),
}
HEAD = "city.toml"
FILES = (HEAD, *COLUMNS)
CLASSES = frozenset(each.value for each in ServiceClass) - {ServiceClass.UNCLASSIFIED.value}


@dataclass(frozen=True, slots=True)
class City:
    name: str
    matters: MatterScheme
    areas: tuple[Area, ...]
    units: tuple[Unit, ...]
    contacts: tuple[Contact, ...]
    rules: tuple[DispatchRule, ...]
    services: tuple[OutsideService, ...]


def read_city(files: Mapping[str, str]) -> City:
    """`files`: the text of each of FILES.

    Raises:
        SheetsBad: with every problem, each naming file, line and column.
    """
    problems = Problems()
    lines = {}
    for name, columns in COLUMNS.items():
        if name not in files:
            problems.add(name, f"is missing: its columns are {', '.join(columns)}")
        lines[name] = read_sheet(name, files.get(name, ",".join(columns)), columns, problems)
    name, scheme, version = _head(files.get(HEAD, ""), problems)
    areas = _areas(lines["areas.csv"])
    units = _units(lines["units.csv"], {area.code for area in areas})
    codes = {unit.code for unit in units}
    matters = _matters(lines["matters.csv"])
    city = City(
        name,
        MatterScheme(scheme, version, matters),
        areas,
        units,
        _contacts(lines["contacts.csv"], codes),
        _rules(lines["dispatch.csv"], codes),
        _services(lines["services.csv"]),
    )
    problems.refuse()
    return city


def area_units(units: Mapping[str, tuple[str, str | None]]) -> dict[str, str]:
    """Area -> the unit that answers for it. `units`: code -> kind and area."""
    return {
        area: code
        for code, (kind, area) in sorted(units.items(), reverse=True)
        if area and kind in ANSWERS_FOR_ITS_AREA
    }


def _head(text: str, problems: Problems) -> tuple[str, str, str]:
    try:
        head = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as fault:
        problems.add(HEAD, str(fault))
        return "", "", ""
    said = [head.get(name) for name in ("name", "scheme", "version")]
    for name, value in zip(("name", "scheme", "version"), said, strict=True):
        if not isinstance(value, str) or not value:
            problems.add(HEAD, f'{name} is missing: add {name} = "..."')
        elif name == "version" and not VERSION.fullmatch(value):
            problems.add(HEAD, f"version {value} is written like 2026-1")
    for unknown in sorted(head.keys() - {"name", "scheme", "version"}):
        problems.add(HEAD, f"{unknown} is no key of this file")
    name, scheme, version = (value if isinstance(value, str) else "" for value in said)
    return name, scheme, version


def _areas(lines: list[Line]) -> tuple[Area, ...]:
    refuse_doubles(lines, "code")
    codes = {line.text("code") for line in lines}
    areas = []
    for line in lines:
        code = line.like("code", AREA_CODE, "A03 or A03-02")
        kind = line.one_of("kind", [each.value for each in AreaKind])
        parent = code.partition("-")[0] if "-" in code else None
        if parent and parent not in codes:
            line.wrong("code", f"{code} lies in {parent}, which is no area of this file")
        if kind and (kind == AreaKind.CELL) is not bool(parent):
            line.wrong("kind", f"{code} cannot be a {kind}: only a cell has a second number")
        areas.append(Area(code, AreaKind(kind or "cell"), line.needed("name"), parent))
    return tuple(areas)


def _units(lines: list[Line], areas: set[str]) -> tuple[Unit, ...]:
    refuse_doubles(lines, "code")
    units = []
    for line in lines:
        kind = line.one_of("kind", [each.value for each in UnitKind])
        area = line.known("area", areas, "area")
        if kind in ANSWERS_FOR_ITS_AREA and not area:
            line.wrong("area", f"is empty: say what this {kind} answers for")
        units.append(
            Unit(
                line.like("code", UNIT_CODE, "water or street-01"),
                UnitKind(kind or "department"),
                line.needed("name"),
                line.needed("name_en"),
                area,
                line.text("trades"),
            )
        )
    refuse_doubles([line for line in lines if line.text("kind") in ANSWERS_FOR_ITS_AREA], "area")
    return tuple(units)


def _contacts(lines: list[Line], units: set[str]) -> tuple[Contact, ...]:
    refuse_doubles(lines, "unit", "name")
    contacts = []
    for line in lines:
        line.needed("unit")
        unit = line.known("unit", units, "unit") or ""
        phone = line.like("phone", NUMBER, "00001001") if line.text("phone") else ""
        contacts.append(
            Contact(unit, line.needed("name"), line.text("duty"), phone, line.text("email"))
        )
    return tuple(contacts)


def _matters(lines: list[Line]) -> tuple[Matter, ...]:
    refuse_doubles(lines, "code")
    codes = {line.text("code") for line in lines}
    matters = []
    for line in lines:
        code = line.like("code", MATTER_CODE, "01 or 0101")
        if len(code) == 4 and code[:2] not in codes:
            line.wrong("code", f"{code} lies below {code[:2]}, which is no matter of this file")
        second = len(code) == 4
        if line.text("service_class") and not second:
            line.wrong("service_class", "only a matter of four digits has one")
        service_class = line.one_of("service_class", CLASSES) if second else ""
        matters.append(
            Matter(
                code,
                line.needed("name"),
                line.needed("name_en"),
                ServiceClass(service_class) if service_class else None,
            )
        )
    return tuple(matters)


def _rules(lines: list[Line], units: set[str]) -> tuple[DispatchRule, ...]:
    """Matters, areas and units that are not there are found by the catalogue's own check."""
    refuse_doubles(lines, "rule")
    rules = []
    for line in lines:
        matter, area = line.needed("matter"), line.needed("area")
        if matter and matter != ANY and not MATTER_CODE.fullmatch(matter):
            line.wrong("matter", f"{matter} is written like 01, 0101 or *")
        if area and area != ANY and not AREA_CODE.fullmatch(area):
            line.wrong("area", f"{area} is written like A03, A03-02 or *")
        unit, co_units = line.needed("unit"), tuple(line.text("co_units").split())
        for each in (unit, *co_units):
            if each and each not in units and each not in BY_PLACE:
                line.wrong("unit", f"{each} is no unit of these files")
        deadline = line.needed("deadline_class")
        rules.append(DispatchRule(line.needed("rule"), matter, area, unit, co_units, deadline))
    return tuple(rules)


def _services(lines: list[Line]) -> tuple[OutsideService, ...]:
    refuse_doubles(lines, "code")
    refuse_doubles(lines, "number")
    return tuple(
        OutsideService(
            line.like("code", UNIT_CODE, "ambulance"),
            line.needed("name"),
            line.needed("name_en"),
            line.like("number", NUMBER, "120"),
            line.text("note"),
        )
        for line in lines
    )
