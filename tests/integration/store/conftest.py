"""Both stores: a SQLite file, and a PostgreSQL server of our own for as long as the tests run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config.settings import load_settings
from db.engine import make_engine
from db.upgrade import upgrade
from db.words import Words
from scripts.lab.postgres import PostgresServer
from tests.integration.store.commands import says
from tests.integration.store.knowledge_base import Base, base_with_articles


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


@pytest.fixture(params=["sqlite", "postgresql"])
def site_store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The URL of the store, with its tables, of a site that the commands find by themselves."""
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        monkeypatch.setenv("L110_DATABASE_URL", server.new_database(f"s{abs(hash(tmp_path))}"))
    url = load_settings().store_url
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def site_city(site_store: str) -> str:
    """The same with the fictional city in it."""
    loaded = says("city", "load")
    assert loaded.exit_code == 0, loaded.output
    return site_store


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


@pytest.fixture(scope="session")
def words(tmp_path_factory: pytest.TempPathFactory) -> Words:
    return Words(tmp_path_factory.mktemp("jieba"))


@pytest.fixture
def base(store: Engine, words: Words) -> Base:
    return base_with_articles(store, words)
