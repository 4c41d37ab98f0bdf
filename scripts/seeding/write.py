"""Writes seeded days into the store, some days a transaction, in several processes."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import make_engine, writing
from db.models import CallBackRow, CallRow, TicketRow
from db.ticket_bulk import (
    change_tickets,
    insert_rows,
    prepare_to_write_much,
    real_tickets,
    reserve_ids,
    seeded_with,
)
from db.tickets import take_numbers
from scripts.seeding.days import tell_day
from scripts.seeding.times import days_before, midnight
from scripts.seeding.told import Change, Life
from tickets.numbers import ticket_number

PATIENCE_S = 120.0  # for the other writers of SQLite, and for a statement of a whole day
AT_ONCE = 1000  # tickets of one transaction, rounded up to whole days
FEW = 3000  # tickets that one process writes before another one would have started


class StoreInUse(RuntimeError):
    """The store has tickets of real people; made-up ones beside them would falsify its figures."""


class SeededBefore(RuntimeError):
    """These very tickets are in the store already."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`until`: the day that has not begun yet; days: how many before it have tickets."""

    tickets: int
    seed: int
    until: date
    days: int


@dataclass(frozen=True, slots=True)
class DayPlan:
    """`ids` of its tickets; first: the day's first sequence number among all that are seeded;
    number: the day's last ticket number before them."""

    day: date
    seed: int
    ids: Sequence[int]
    first: int
    number: int
    until: datetime


def seed_tickets(
    engine: Engine,
    plan: Plan,
    *,
    beside: bool = False,
    processes: int = 2,
    progress: Callable[[int], object] = lambda _tickets: None,
) -> None:
    """progress: called with so many tickets whenever some are written.

    Raises:
        StoreInUse: there are real tickets, and not `beside`.
        SeededBefore: the same seed was written before.
    """
    days = _plan_days(engine, plan, beside=beside)
    url = engine.url.render_as_string(hide_password=False)
    if plan.tickets <= FEW or processes < 2:
        for some in _parcels(days):
            progress(write_days(engine, some))
        return
    # A forked process would share this one's connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _open_store, (url,)) as pool:
        for written in as_completed([pool.submit(_write_days, some) for some in _parcels(days)]):
            progress(written.result())


def write_days(engine: Engine, days: Sequence[DayPlan]) -> int:
    """How many tickets were written, all or none."""
    told = [(plan, n, life) for plan in days for n, life in enumerate(_lives(plan), start=1)]
    lives = [life for _, _, life in told]
    every_id = [ticket_id for plan in days for ticket_id in plan.ids]
    ids = {id(life): ticket_id for life, ticket_id in zip(lives, every_id, strict=True)}
    rows = [
        life.row
        | {
            "id": ids[id(life)],
            "number": ticket_number(plan.day, plan.number + n),
            "parent_id": ids[id(life.part_of)] if life.part_of else None,
            "changed_at": life.row["opened_at"],
        }
        for plan, n, life in told
    ]
    with writing(engine) as session:
        prepare_to_write_much(session)
        insert_rows(session, CallRow, [life.call for life in lives if life.call])
        insert_rows(session, TicketRow, rows)
        backs = [each | {"ticket_id": ids[id(life)]} for life in lives for each in life.call_backs]
        insert_rows(session, CallBackRow, backs)
        for changes in _by_version(lives, ids):
            change_tickets(session, changes)
    return len(lives)


def _lives(plan: DayPlan) -> list[Life]:
    return tell_day(plan.day, len(plan.ids), plan.seed, plan.first, plan.until)


def _parcels(days: Sequence[DayPlan]) -> Iterator[list[DayPlan]]:
    parcel: list[DayPlan] = []
    for day in days:
        parcel.append(day)
        if sum(len(each.ids) for each in parcel) >= AT_ONCE:
            yield parcel
            parcel = []
    if parcel:
        yield parcel


def _by_version(lives: Sequence[Life], ids: dict[int, int]) -> Iterator[list[dict[str, Any]]]:
    """All second versions, then all third ones, and so on."""
    for step in range(max((len(life.changes) for life in lives), default=0)):
        yield [
            _columns(life.changes[step], ids[id(life)], step + 2, ids)
            for life in lives
            if step < len(life.changes)
        ]


def _columns(change: Change, ticket_id: int, version: int, ids: dict[int, int]) -> dict[str, Any]:
    row = {
        "id": ticket_id,
        **change.values,
        "version": version,
        "move": change.move,
        "changed_by": change.actor.name,
        "changed_at": change.at,
        "because": change.because,
    }
    if "responsible" in row:
        row["claimed_by"] = row.pop("responsible")  # its name in the table
    if head := row.get("joined_to"):
        row["joined_to"] = ids[id(head)]
    return row


def _plan_days(engine: Engine, plan: Plan, *, beside: bool) -> list[DayPlan]:
    counts = days_before(plan.until, plan.days, plan.tickets)
    with writing(engine) as session:
        _refuse(session, plan, beside=beside)
        ids = reserve_ids(session, plan.tickets)
        before = take_numbers(session, Counter(dict(counts)))
    days, first = [], 0
    for day, count in counts:
        own = ids[first : first + count]
        until = midnight(plan.until)
        days.append(DayPlan(day, plan.seed, own, first + 1, before[day], until))
        first += count
    return days


def _refuse(session: Session, plan: Plan, *, beside: bool) -> None:
    if not beside and real_tickets(session):
        raise StoreInUse("the store has real tickets: seed another one, or say --beside")
    if seeded_with(session, f"seed{plan.seed}"):
        raise SeededBefore(f"tickets of seed {plan.seed} are there: take another with --random")


_engine: Engine | None = None


def _open_store(url: str) -> None:
    global _engine
    _engine = make_engine(url, statement_timeout_s=PATIENCE_S, pool_size=1)


def _write_days(days: list[DayPlan]) -> int:
    if _engine is None:
        raise RuntimeError("the process has opened no store")
    return write_days(_engine, days)
