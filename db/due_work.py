"""Work that waits in a table, claimed by one worker at a time, on both stores.

A claim is one conditional UPDATE ... RETURNING. Its condition stands in the UPDATE itself: a
PostgreSQL that has waited for another's lock looks at it again, and a SQLite has one writer at a
time. SKIP LOCKED only spares that wait; SQLite ignores it.

Who claims has a lease. When it is over, another may have the row: the first is then too late, and
is told so when it reports (`done`, `failed`), because the row's count of attempts has gone on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, case, func, select, update
from sqlalchemy.orm import Session

from db.models import Base

LOST = "who tried never said how it ended"


@dataclass(frozen=True, slots=True)
class DueWork:
    """A table with the columns id, state, due_at, attempts, claimed_by, claimed_until and
    failed_because; the four words are what stands in its `state`."""

    row: type[Base]
    waits: str = "due"
    works: str = "sending"
    done: str = "sent"
    dead: str = "dead"

    @property
    def table(self) -> Table:
        table = self.row.__table__
        assert isinstance(table, Table)
        return table


@dataclass(frozen=True, slots=True)
class Claim:
    """One row that is ours until its lease ends; `attempt` counts from 1."""

    id: int
    by: str
    attempt: int


def claim(
    session: Session, work: DueWork, *, by: str, now: datetime, lease_s: float, limit: int
) -> list[Claim]:
    """The oldest due rows, at most `limit`, which nobody else gets before the lease ends.

    by: a name that no other process has at the same time. `now`: aware; of this machine's clock,
    so the lease must be longer than the clocks of two workers can differ.
    """
    table = work.table
    free = and_(table.c.state == work.waits, table.c.due_at <= now)
    statement = (
        update(table)
        .where(table.c.id.in_(_oldest(table, free, table.c.due_at, limit)), free)
        .values(
            state=work.works,
            claimed_by=by,
            claimed_until=now + timedelta(seconds=lease_s),
            attempts=table.c.attempts + 1,
        )
        .returning(table.c.id, table.c.attempts)
    )
    return [Claim(row.id, by, row.attempts) for row in session.execute(statement)]


def is_due(session: Session, work: DueWork, now: datetime) -> bool:
    """Whether there is something to claim or to take back: a look that locks nothing."""
    table = work.table
    due = and_(table.c.state == work.waits, table.c.due_at <= now)
    lost = and_(table.c.state == work.works, table.c.claimed_until <= now)
    return any(
        session.execute(select(table.c.id).where(each).limit(1)).first() for each in (due, lost)
    )


def take_back(
    session: Session, work: DueWork, *, now: datetime, attempts_most: int, limit: int = 100
) -> int:
    """Rows whose worker let its lease pass are due again, or dead after so many attempts.

    Without that end a row that kills every worker would go round for ever.
    """
    table = work.table
    lost = and_(table.c.state == work.works, table.c.claimed_until <= now)
    worn = table.c.attempts >= attempts_most
    statement = (
        update(table)
        .where(table.c.id.in_(_oldest(table, lost, table.c.claimed_until, limit)), lost)
        .values(state=case((worn, work.dead), else_=work.waits), failed_because=LOST)
        .returning(table.c.id)
    )
    return len(session.execute(statement).all())


def done(session: Session, work: DueWork, claim: Claim, **values: object) -> bool:
    """False: the lease had ended and another has claimed it since; nothing is written."""
    return _report(session, work, claim, {**values, "state": work.done, "failed_because": None})


def failed(
    session: Session, work: DueWork, claim: Claim, because: str, again_at: datetime | None
) -> bool:
    """Due again at `again_at`; None: dead, until a person asks for it. False: as in `done`."""
    values: dict[str, Any] = {"failed_because": because}
    if again_at is None:
        values["state"] = work.dead
    else:
        values |= {"state": work.waits, "due_at": again_at}
    return _report(session, work, claim, values)


def revive(session: Session, work: DueWork, ids: Sequence[int], now: datetime) -> int:
    """Dead rows are due at once, with all their attempts before them; returns how many were."""
    table = work.table
    statement = (
        update(table)
        .where(table.c.id.in_(ids), table.c.state == work.dead)
        .values(state=work.waits, due_at=now, attempts=0, claimed_by=None, claimed_until=None)
        .returning(table.c.id)
    )
    return len(session.execute(statement).all())


def oldest_due_at(session: Session, work: DueWork) -> datetime | None:
    """When the row was due that has waited longest; it may be in the future, or being tried."""
    table = work.table
    times = [
        select(func.min(table.c.due_at)).where(table.c.state == state)
        for state in (work.waits, work.works)
    ]
    found = [at for query in times if (at := session.scalar(query)) is not None]
    return min(found, default=None)


def _oldest(
    table: Table, condition: ColumnElement[bool], by: ColumnElement[Any], limit: int
) -> Any:  # noqa: ANN401  (an operand of IN, whose type SQLAlchemy does not name)
    """In a CTE, which is evaluated once: a plain subquery may be planned to run for each row."""
    query = select(table.c.id).where(condition).order_by(by, table.c.id).limit(limit)
    return select(query.with_for_update(skip_locked=True).cte("oldest").c.id)


def _report(session: Session, work: DueWork, claim: Claim, values: dict[str, Any]) -> bool:
    """`waits` too: the row was taken back and nobody has it yet, so this report still counts."""
    table = work.table
    ours = and_(
        table.c.id == claim.id,
        table.c.claimed_by == claim.by,
        table.c.attempts == claim.attempt,
        table.c.state.in_([work.works, work.waits]),
    )
    statement = update(table).where(ours).values(values).returning(table.c.id)
    return session.execute(statement).first() is not None
