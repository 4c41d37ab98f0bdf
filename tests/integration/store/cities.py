"""A small city for tests of the store."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Engine

from db.city import Loaded, load_city
from db.engine import writing
from tests.unit.tickets.small_city import SMALL
from tickets.city import City, read_city

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def small_city(**files: str) -> City:
    """`units="..."` puts one more line at the end of units.csv."""
    more = {f"{name}.csv": SMALL[f"{name}.csv"] + line + "\n" for name, line in files.items()}
    return read_city(SMALL | more)


def load(engine: Engine, city: City | None = None) -> dict[str, Loaded]:
    with writing(engine) as session:
        return load_city(session, city or small_city(), T0)


def with_version(city: City, version: str) -> City:
    return replace(city, matters=replace(city.matters, version=version))
