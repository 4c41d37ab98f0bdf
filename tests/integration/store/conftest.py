"""Both stores: a SQLite file, and a PostgreSQL server of our own for as long as the tests run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import make_engine
from db.upgrade import upgrade
from scripts.lab.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/store.sqlite3"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database(f"t{abs(hash(str(tmp_path)))}")
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(empty_store: Engine) -> Engine:
    upgrade(empty_store)
    return empty_store


@pytest.fixture
def another(store: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], str]:
    """The URL of one more store of the same kind, without tables."""
    made = 0

    def make() -> str:
        nonlocal made
        made += 1
        if store.dialect.name == "sqlite":
            return f"sqlite:///{tmp_path}/another{made}.sqlite3"
        server = request.getfixturevalue("postgres")
        return str(server.new_database(f"b{made}x{abs(hash(str(tmp_path)))}"))

    return make
