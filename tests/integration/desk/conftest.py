"""A real desk on a free port, over both stores, and the people who sign in there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.audit_heads import HeadFile
from desk.app import create_app
from desk.context import Desk
from tests.integration.desk.people import Clock, Site, add_people, serving
from tests.integration.store.conftest import empty_store, store

__all__ = ["empty_store", "store"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(store: Engine, clock: Clock, tmp_path: Path) -> Desk:
    made = Desk(store, clock, b"key", HeadFile(tmp_path / "heads"))
    add_people(made)
    return made


@pytest.fixture
def site(desk: Desk) -> Iterator[Site]:
    with serving(create_app(desk)) as url, Site(desk, url) as site:
        yield site


@pytest.fixture
def numbers(site: Site) -> Callable[[int], list[str]]:
    """So many tickets, opened by wang at the counter."""

    def make(count: int) -> list[str]:
        wang = site.browser("wang")
        return [
            wang.post("/tickets", {"caller": "13800000001", "given": {"title": f"t{n}"}}).json()[
                "number"
            ]
            for n in range(count)
        ]

    return make
