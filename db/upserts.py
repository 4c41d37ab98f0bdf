"""INSERT ... ON CONFLICT in the one form that both stores understand."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.models import Base

Insert = postgresql.Insert | sqlite.Insert
CHUNK = 500

T = TypeVar("T", str, tuple[str, str])


def insert_into(session: Session, row: type[Base]) -> Insert:
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(row.__table__)  # type: ignore[arg-type]
    return postgresql.insert(row.__table__)  # type: ignore[arg-type]


def upsert(session: Session, row: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write whole rows by primary key; one that is there is replaced column by column."""
    if not rows:
        return
    insert = insert_into(session, row)
    keys = [column.name for column in row.__table__.primary_key]
    others = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    statement = insert.on_conflict_do_update(index_elements=keys, set_=others)
    session.connection().execute(statement, [dict(each) for each in rows])


def insert_new(session: Session, row: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows that are not there yet; what is there stays as it is."""
    if rows:
        statement = insert_into(session, row).on_conflict_do_nothing()
        session.connection().execute(statement, [dict(each) for each in rows])


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Sorted, so that two writers take their locks in one order."""
    every = sorted(items)
    for start in range(0, len(every), CHUNK):
        yield every[start : start + CHUNK]
