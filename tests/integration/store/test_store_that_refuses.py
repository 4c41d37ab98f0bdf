"""A store that lacks a right or a column: steps wait, and none of them is given up."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from db import forwarder
from db.engine import make_engine, reading, writing
from db.forwarder import Forwarder
from db.models import CallRow, QuarantineRow
from db.upgrade import upgrade
from scripts.lab.postgres import PostgresServer
from tests.integration.store.made import livelihood_call
from tests.integration.store.test_forwarder import Node

TAKEN = "ALTER TABLE calls RENAME COLUMN forced_by TO taken_away"
GIVEN_BACK = "ALTER TABLE calls RENAME COLUMN taken_away TO forced_by"


def do(store: Engine, statement: str) -> None:
    with writing(store) as session:
        session.execute(text(statement))


def count(store: Engine, row: type) -> int:
    with reading(store) as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def test_a_column_that_is_missing_costs_no_step(store: Engine, tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.tells(livelihood_call(1))
    do(store, TAKEN)
    with pytest.raises(SQLAlchemyError):
        Forwarder(node.feeds(), store).drain()
    assert count(store, QuarantineRow) == 0
    do(store, GIVEN_BACK)
    Forwarder(node.feeds(), store).drain()
    node.close()
    assert (count(store, CallRow), count(store, QuarantineRow)) == (1, 0)


def test_control_taken_for_the_steps_fault_they_are_given_up(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_engine(postgres.new_database("gives_up"))
    upgrade(store)
    node = Node(tmp_path)
    node.tells(livelihood_call(1))
    do(store, TAKEN)
    monkeypatch.setattr(forwarder, "_is_the_stores", lambda fault: False)
    Forwarder(node.feeds(), store).drain()
    node.close()
    given_up = count(store, QuarantineRow)
    store.dispose()
    assert given_up > 0
