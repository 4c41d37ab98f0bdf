"""One worker process of the tests: `python -m tests.integration.store.claimer URL NAME HOW`.

It says `ready`, waits for a line, and then does what is due: a row is done by printing its id.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.due_work import Claim, claim, done
from db.engine import make_engine, reading, writing
from db.messages import MESSAGES
from db.models import MessageRow

LEASE_S = 600.0
AT_ONCE = 40
T = TypeVar("T")


def main(url: str, name: str, how: str) -> None:
    engine = make_engine(url, statement_timeout_s=60.0)
    ways: dict[str, Callable[[Engine, str], None]] = {
        "claim": _claim_all,
        "select-then-update": _select_then_update,
        "hold": _hold_one,
        "hold-uncommitted": _hold_uncommitted,
    }
    print("ready", flush=True)
    sys.stdin.readline()
    ways[how](engine, name)
    engine.dispose()


def _claim_all(engine: Engine, name: str) -> None:
    while ours := _claimed(engine, name):
        _do([each.id for each in ours])
        _retried(lambda: _report(engine, ours))


def _claimed(engine: Engine, name: str) -> list[Claim]:
    def once() -> list[Claim]:
        with writing(engine) as session:
            return claim_some(session, name, AT_ONCE)

    return _retried(once)


def claim_some(session: Session, name: str, limit: int) -> list[Claim]:
    now = datetime.now(UTC)
    return claim(session, MESSAGES, by=name, now=now, lease_s=LEASE_S, limit=limit)


def _report(engine: Engine, ours: list[Claim]) -> None:
    with writing(engine) as session:
        for each in ours:
            assert done(session, MESSAGES, each)


def _select_then_update(engine: Engine, _name: str) -> None:
    """What a claim must not be: it looks, and then writes."""
    row = MessageRow
    while True:
        with reading(engine) as session:
            due = select(row.id).where(row.state == "due").order_by(row.due_at, row.id)
            ids = list(session.scalars(due.limit(AT_ONCE)))
        if not ids:
            return
        _retried(partial(_take, engine, ids))
        _do(ids)


def _take(engine: Engine, ids: list[int]) -> None:
    with writing(engine) as session:
        session.execute(update(MessageRow).where(MessageRow.id.in_(ids)).values(state="sent"))


def _hold_one(engine: Engine, name: str) -> None:
    with writing(engine) as session:
        ours = claim_some(session, name, 1)
    _do([each.id for each in ours])
    sys.stdin.readline()


def _hold_uncommitted(engine: Engine, name: str) -> None:
    with writing(engine) as session:
        _do([each.id for each in claim_some(session, name, 1)])
        sys.stdin.readline()


def _do(ids: list[int]) -> None:
    sys.stdout.write("".join(f"{each}\n" for each in ids))
    sys.stdout.flush()


def _retried(call: Callable[[], T]) -> T:
    for _ in range(20):
        try:
            return call()
        except OperationalError:
            continue  # the store was busy for longer than we wait
    return call()


if __name__ == "__main__":
    main(*sys.argv[1:4])
