"""A city's files brought into the store; loading the same twice changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models import (
    AreaRow,
    Base,
    ContactRow,
    DispatchRuleRow,
    MatterRow,
    MatterVersionRow,
    OutsideServiceRow,
    UnitRow,
)
from db.network import matter_scheme
from db.upserts import insert_new, upsert
from tickets.city import City
from tickets.matters import Matter, MatterScheme


@dataclass(frozen=True, slots=True)
class Loaded:
    """Rows of one table. retired: no longer in the files, so no longer in force."""

    added: int = 0
    changed: int = 0
    same: int = 0
    retired: int = 0

    @property
    def nothing_new(self) -> bool:
        return not (self.added or self.changed or self.retired)


class MatterVersionTaken(ValueError):
    """The files say otherwise than this version of the matters, which tickets may name."""


def load_city(session: Session, city: City, now: datetime) -> dict[str, Loaded]:
    """What it came to, by table. The caller owns the transaction.

    Raises:
        MatterVersionTaken: the matters differ from those loaded under the same version.
    """
    return {
        "matters": _load_matters(session, city.matters, now),
        "areas": _load(session, AreaRow, city.areas),
        "units": _load(session, UnitRow, city.units),
        "contacts": _load(session, ContactRow, city.contacts),
        "dispatch rules": _load(session, DispatchRuleRow, city.rules),
        "outside services": _load(session, OutsideServiceRow, city.services),
    }


def _load(session: Session, row: type[Base], things: Sequence[Any]) -> Loaded:
    keys = [column.name for column in row.__table__.primary_key]
    wanted = {_key(values, keys): values for values in map(_values, things)}
    there = {_key(values, keys): values for values in _there(session, row)}
    retired = [
        values | {"active": False}
        for key, values in there.items()
        if key not in wanted and values["active"]
    ]
    added = [values for key, values in wanted.items() if key not in there]
    changed = [values for key, values in wanted.items() if there.get(key, values) != values]
    new = sorted([*added, *changed, *retired], key=lambda values: _key(values, keys))
    upsert(session, row, new)
    return Loaded(len(added), len(changed), len(wanted) - len(added) - len(changed), len(retired))


def _values(thing: Any) -> dict[str, Any]:  # noqa: ANN401  any of the city's dataclasses
    return {name: _plain(value) for name, value in asdict(thing).items()} | {"active": True}


def _plain(value: object) -> object:
    """As a column holds it."""
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _key(values: Mapping[str, Any], keys: list[str]) -> tuple[str, ...]:
    return tuple(str(values[key]) for key in keys)


def _there(session: Session, row: type[Base]) -> list[dict[str, Any]]:
    found = session.execute(select(row.__table__)).mappings()
    return [dict(each) for each in found]


def _load_matters(session: Session, wanted: MatterScheme, now: datetime) -> Loaded:
    there = matter_scheme(session, wanted.version)
    if there is not None and there != _sorted(wanted):
        raise MatterVersionTaken(
            f"version {wanted.version} of the matters is loaded with other codes, names or"
            " classes, and tickets may name it: give the files another version"
        )
    count = len(wanted.matters)
    if there is None:
        head = {"version": wanted.version, "scheme": wanted.scheme, "loaded_at": now}
        insert_new(session, MatterVersionRow, [head | {"current": False}])
        rows = [_matter(matter, wanted.version) for matter in wanted.matters]
        insert_new(session, MatterRow, rows)
    _make_current(session, wanted.version)
    return Loaded(same=count) if there else Loaded(added=count)


def _matter(matter: Matter, version: str) -> dict[str, Any]:
    values = {name: _plain(value) for name, value in asdict(matter).items()}
    return values | {"version": version}


def _sorted(scheme: MatterScheme) -> MatterScheme:
    return replace(scheme, matters=tuple(sorted(scheme.matters, key=lambda each: each.code)))


def _make_current(session: Session, version: str) -> None:
    is_it = MatterVersionRow.version == version
    session.execute(update(MatterVersionRow).where(~is_it).values(current=False))
    session.execute(update(MatterVersionRow).where(is_it).values(current=True))
