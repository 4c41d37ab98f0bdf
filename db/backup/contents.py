"""How many rows each table has, and a digest of them that no order of reading changes."""

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, Row, Table, inspect, select

from db.models import Base

AT_A_TIME = 1000
WIDTH = 1 << 256


@dataclass(frozen=True, slots=True)
class Content:
    rows: int
    digest: str


def contents(connection: Connection) -> dict[str, Content]:
    """By table, as the tables are now, of whatever revision. One transaction sees one state."""
    book = MetaData()
    book.reflect(connection)
    return {name: _content(connection, table) for name, table in sorted(book.tables.items())}


def holds_records(connection: Connection) -> bool:
    """Whether any table of ours has a row."""
    there = set(inspect(connection).get_table_names())
    ours = [table for name, table in Base.metadata.tables.items() if name in there]
    return any(
        connection.execute(select(*table.primary_key.columns).limit(1)).first() for table in ours
    )


def _content(connection: Connection, table: Table) -> Content:
    """The sum of the rows' digests: a server that sorts otherwise tells the same."""
    rows, total = 0, 0
    with connection.execution_options(yield_per=AT_A_TIME).execute(select(table)) as found:
        for row in found:
            rows += 1
            total = (total + _digest(row)) % WIDTH
    return Content(rows, f"{total:064x}")


def _digest(row: Row[tuple[object, ...]]) -> int:
    text = json.dumps(list(row), default=str, sort_keys=True)
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
