"""Many tickets at once, for seeding: inserted as new, then changed version by version.

Every row of the history is still written by the store's own triggers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, bindparam, column, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from db.models import Base, TicketRow

Row = Mapping[str, Any]
# The nodes of seeded tickets are called so, and no site's node is.
SEEDED = ("P-seed%", "S-seed%")


def insert_rows(session: Session, kind: type[Base], rows: Sequence[Row]) -> None:
    """Rows that all have the same columns, by their names in the table."""
    if rows:
        session.connection().execute(insert(kind.__table__), list(rows))  # type: ignore[arg-type]


def change_tickets(session: Session, changes: Iterable[Row]) -> None:
    """The next version of many tickets; no ticket is in it twice.

    Each row has `id` and the columns that change, by their names in the table. What is not in a
    row stays as it is.
    """
    alike = defaultdict(list)
    for row in changes:
        alike[tuple(row)].append(row)
    for names, rows in alike.items():
        _change_alike(session, names, rows)


def prepare_to_write_much(session: Session) -> None:
    """SQLite keeps 2 MB of pages at hand, and looks after its log every 4 MB: both too few here."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA cache_size = -131072"))
        session.execute(text("PRAGMA wal_autocheckpoint = 20000"))


def reserve_ids(session: Session, count: int) -> list[int]:
    """Ids for `count` new tickets, ascending. On SQLite they are free only as long as nobody else
    opens one: its next id is the highest and one."""
    if session.get_bind().dialect.name == "postgresql":
        sequence = "pg_get_serial_sequence('tickets', 'id')"
        asked = text(f"SELECT nextval({sequence}) FROM generate_series(1, :count)")
        return sorted(session.scalars(asked, {"count": count}))
    highest = session.scalar(select(func.max(TicketRow.id))) or 0
    return list(range(highest + 1, highest + 1 + count))


def real_tickets(session: Session) -> bool:
    """Whether there is a ticket that was not seeded."""
    seeded = or_(*(TicketRow.provisional_number.like(pattern) for pattern in SEEDED))
    return session.scalar(select(TicketRow.id).where(~seeded).limit(1)) is not None


def seeded_with(session: Session, node: str) -> bool:
    marks = (f"P-{node}-", f"S-{node}-")
    own = or_(*(TicketRow.provisional_number.startswith(mark, autoescape=True) for mark in marks))
    return session.scalar(select(TicketRow.id).where(own).limit(1)) is not None


def _change_alike(session: Session, names: Sequence[str], rows: Sequence[Row]) -> None:
    table = TicketRow.__table__
    others = [name for name in names if name != "id"]
    if session.get_bind().dialect.name == "sqlite":
        statement = update(table).where(table.c.id == bindparam("of_id"))  # type: ignore[arg-type]
        statement = statement.values({name: bindparam(f"new_{name}") for name in others})
        given = [{_bound(name): value for name, value in row.items()} for row in rows]
        session.connection().execute(statement, given)
        return
    # One statement for all rows: PostgreSQL would else plan and check each by itself.
    read = func.json_to_recordset(bindparam("rows", type_=JSON())).table_valued(
        *(column(name, table.c[name].type) for name in names)
    )
    new = read.render_derived(name="new", with_types=True)
    statement = update(table).where(table.c.id == new.c.id)  # type: ignore[arg-type]
    statement = statement.values({name: new.c[name] for name in others})
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    session.connection().execute(statement, {"rows": plain})


def _bound(name: str) -> str:
    return "of_id" if name == "id" else f"new_{name}"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
