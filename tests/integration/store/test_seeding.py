"""Seeding on both stores: the triggers write the history, as they do for a person's changes."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, func, select

from db.engine import make_engine, reading, writing
from db.models import CallBackRow, CallRow, TicketEventRow, TicketRow
from db.ticket_moves import Order, apply_move, columns_of
from db.tickets import open_ticket
from db.triggers import expected, triggers
from db.upgrade import newest, upgrade
from scripts.cli.main import l110
from scripts.seeding.days import tell_day
from scripts.seeding.times import midnight
from scripts.seeding.write import Plan, SeededBefore, StoreInUse, seed_tickets
from tests.integration.store.test_ticket_moves import OPERATOR, draft

UNTIL = date(2026, 11, 1)
PLAN = Plan(tickets=400, seed=3, until=UNTIL, days=20)


def tickets(engine: Engine) -> list[dict[str, Any]]:
    with reading(engine) as session:
        return [columns_of(row) for row in session.scalars(select(TicketRow).order_by("id"))]


def count(engine: Engine, row: type) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


@pytest.fixture
def seeded(store: Engine) -> Engine:
    seed_tickets(store, PLAN)
    return store


def test_as_many_as_asked_with_histories_call_backs_and_calls(seeded: Engine) -> None:
    assert len(tickets(seeded)) == 400
    assert count(seeded, TicketEventRow) > 1600
    assert count(seeded, CallBackRow) > 60
    assert 150 < count(seeded, CallRow) < 350


def test_the_stores_own_triggers_are_all_there_afterwards(seeded: Engine) -> None:
    with seeded.connect() as connection:
        assert triggers(connection) == expected(seeded.dialect.name, newest())


def test_a_seeded_ticket_is_what_its_moves_would_have_made_of_it(
    seeded: Engine, another: Callable[[], str]
) -> None:
    """Each life once more, by the way that a person's changes take."""
    day = date(2026, 10, 20)
    with reading(seeded) as session:
        rows = session.scalars(select(TicketRow).order_by(TicketRow.id)).all()
        of_day = [columns_of(row) for row in rows if (row.number or "").startswith("20261020")]
        first = rows.index(next(r for r in rows if r.id == of_day[0]["id"])) + 1
    lives = tell_day(day, len(of_day), 3, first, midnight(UNTIL))
    engine = make_engine(another())
    upgrade(engine)
    alone = [n for n, life in enumerate(lives) if not life.joined_to and not life.part_of]
    for n in alone:
        life = lives[n]
        with writing(engine) as session:
            ticket = TicketRow(**life.row, changed_at=life.row["opened_at"])
            ticket.number = of_day[n]["number"]
            session.add(ticket)
            session.flush()
            backs = [CallBackRow(**each, ticket_id=ticket.id) for each in life.call_backs]
            session.add_all(backs)
            session.flush()
            for change in life.changes:
                order = Order(
                    change.move, change.actor, change.at, ticket.version, change.given,
                    change.because or "",
                )  # fmt: skip
                ticket = apply_move(session, ticket.id, order)
            made = columns_of(ticket)
        same = {name for name in made if made[name] == of_day[n][name]}
        assert set(made) - same <= {"id"}, (life.row, made, of_day[n])
    engine.dispose()
    assert len(alone) > 5


def test_the_same_seed_makes_the_same_store(seeded: Engine, another: Callable[[], str]) -> None:
    engine = make_engine(another())
    upgrade(engine)
    seed_tickets(engine, PLAN)
    assert tickets(engine) == tickets(seeded)
    engine.dispose()


def test_several_processes_write_what_one_writes(
    seeded: Engine, another: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.seeding.write.FEW", 0)
    engine = make_engine(another())
    upgrade(engine)
    seed_tickets(engine, PLAN, processes=2)
    assert tickets(engine) == tickets(seeded)
    engine.dispose()


def test_a_store_with_a_real_ticket_is_left_alone_unless_it_is_said(store: Engine) -> None:
    with writing(store) as session:
        real = open_ticket(session, draft(), by="wang").id
    with pytest.raises(StoreInUse, match="real tickets"):
        seed_tickets(store, PLAN)
    assert count(store, TicketRow) == 1
    seed_tickets(store, PLAN, beside=True)
    with writing(store) as session:
        apply_move(session, real, Order("claim", OPERATOR, draft().opened_at, 1,
                                        {"responsible": "wang"}))  # fmt: skip
        open_ticket(session, draft(2), by="wang")
    assert count(store, TicketRow) == 402


def test_the_same_tickets_are_not_seeded_twice(seeded: Engine) -> None:
    with pytest.raises(SeededBefore, match="--random"):
        seed_tickets(seeded, PLAN)
    seed_tickets(seeded, Plan(10, 31, UNTIL, 5))
    assert count(seeded, TicketRow) == 410


def test_the_command_seeds_and_the_audit_finds_nothing(store: Engine, tmp_path: Path) -> None:
    words = ("--tickets", "300", "--random", "5", "--days", "10", "--until", "2026-11-01")
    config = tmp_path / "settings.toml"
    url = store.url.render_as_string(hide_password=False)
    config.write_text(f'database_url = "{url}"\nvar_dir = "{tmp_path}/var"\n')
    seeded = CliRunner().invoke(l110, ["--config", str(config), "seed", *words])
    assert seeded.exit_code == 0, seeded.output
    assert "300 tickets in" in seeded.output
    again = CliRunner().invoke(l110, ["--config", str(config), "seed", *words])
    assert again.exit_code == 1
    assert "take another with --random" in again.output
    told = CliRunner().invoke(l110, ["--config", str(config), "audit", "tickets", "--json"])
    assert (told.exit_code, json.loads(told.output)["tickets"]) == (0, 300)
