"""The audit of tickets: ten thousand pass, and each thing that may be broken is named."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, delete, inspect, select, text, update
from sqlalchemy.orm import Session

from db.engine import one_moment, writing
from db.models import CallBackRow, TicketEventRow, TicketRow
from db.ticket_moves import Order, apply_move
from db.ticket_triggers import create_ticket_triggers, drop_ticket_triggers
from db.tickets import open_ticket, open_tickets
from reports.ticket_audit import KINDS, TicketAudit, audit_tickets
from scripts.cli.main import l110
from scripts.seeding.write import Plan, seed_tickets
from tests.integration.store.test_ticket_moves import OPERATOR, draft

NOW = datetime(2026, 11, 20, tzinfo=UTC)
UNTIL = date(2026, 11, 1)


def audited(engine: Engine) -> TicketAudit:
    with one_moment(engine) as session:
        return audit_tickets(session)


def kinds(engine: Engine) -> set[str]:
    return {finding.kind for finding in audited(engine).findings}


def one_in(session: Session, state: str, n: int = 0) -> int:
    query = select(TicketRow.id).where(TicketRow.state == state, TicketRow.id > 1)
    return session.scalars(query.order_by(TicketRow.id)).all()[n]


def change(session: Session, ticket_id: int, move: str, **values: object) -> None:
    """As a person with SQL would, who says who he is and no more."""
    said = {"move": move, "changed_by": "somebody", "changed_at": NOW, "because": None}
    own = update(TicketRow).where(TicketRow.id == ticket_id)
    session.execute(own.values(**said, **values, version=TicketRow.version + 1))


@pytest.fixture
def seeded(store: Engine) -> Engine:
    seed_tickets(store, Plan(tickets=400, seed=3, until=UNTIL, days=20))
    assert audited(store).clean
    return store


def test_ten_thousand_seeded_tickets_pass(store: Engine) -> None:
    seed_tickets(store, Plan(tickets=10_000, seed=1, until=UNTIL, days=60))
    audit = audited(store)
    assert audit.findings == []
    assert (audit.tickets, audit.older) == (10_000, 0)
    assert audit.events > 50_000


@pytest.mark.control(without="the triggers that write the history")
def test_control_a_ticket_that_is_not_as_its_history_says_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        drop_ticket_triggers(session.connection())
        session.execute(update(TicketRow).where(TicketRow.id == 7).values(title="quietly"))
    found = audited(seeded).findings
    assert [(one.kind, one.explanation) for one in found] == [
        ("row-differs", "its last event says otherwise of title")
    ]


@pytest.mark.parametrize("column", ["due_at", "sealed", "satisfied", "changed_by", "because"])
@pytest.mark.control(without="the triggers that write the history")
def test_control_no_kind_of_column_is_overlooked(seeded: Engine, column: str) -> None:
    values = {
        "due_at": NOW, "sealed": True, "satisfied": 2, "changed_by": "x", "because": "y",
    }  # fmt: skip
    with writing(seeded) as session:
        drop_ticket_triggers(session.connection())
        one = update(TicketRow).where(TicketRow.id == one_in(session, "new"))
        session.execute(one.values({column: values[column]}))
    assert [one.explanation for one in audited(seeded).findings] == [
        f"its last event says otherwise of {column}"
    ]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.control(without="the triggers that keep the history")
def test_control_a_version_that_is_gone_is_named(seeded: Engine, version: int) -> None:
    with writing(seeded) as session:
        drop_ticket_triggers(session.connection())
        row = TicketEventRow
        gone = delete(row).where(row.ticket_id == one_in(session, "closed"), row.version == version)
        session.execute(gone)
    assert kinds(seeded) == {"versions-broken"}


@pytest.mark.control(without="the triggers that keep the history")
def test_control_a_state_that_does_not_follow_the_last_is_named(seeded: Engine) -> None:
    row = TicketEventRow
    with writing(seeded) as session:
        drop_ticket_triggers(session.connection())
        screened = select(row.id).where(row.move == "screen", row.from_state == "new").limit(1)
        event_id = session.scalars(screened).one()
        session.execute(update(row).where(row.id == event_id).values(from_state="returned"))
    assert kinds(seeded) == {"states-broken"}


@pytest.mark.control(without="db.ticket_moves, which asks the lifecycle")
@pytest.mark.parametrize(
    ("state", "move", "to"),
    [("new", "begin", "accepted"), ("new", "conjure", "new"), ("closed", "edit", "closed"),
     ("dispatched", "accept", "solved")],
)  # fmt: skip
def test_control_a_move_that_is_not_of_the_table_is_named(
    seeded: Engine, state: str, move: str, to: str
) -> None:
    with writing(seeded) as session:
        change(session, one_in(session, state), move, state=to)
    assert kinds(seeded) == {"move-not-allowed"}


@pytest.mark.control(without="the store's own trigger against closing unasked")
def test_control_a_ticket_that_was_closed_unasked_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        if seeded.dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER tickets_close_update"))
        else:
            session.execute(text("DROP TRIGGER tickets_close ON tickets"))
        asked = select(CallBackRow.ticket_id)
        unasked = TicketRow.solved_at.is_not(None), TicketRow.close_exempt.is_(None)
        query = select(TicketRow.id).where(*unasked, TicketRow.id.not_in(asked))
        own = session.scalars(query.where(TicketRow.state != "closed")).first()
        assert own is not None
        change(session, own, "close", state="closed", closed_at=NOW)
    assert kinds(seeded) == {"closed-unasked"}


@pytest.mark.control(without="the triggers that keep the call-backs")
def test_control_a_call_back_that_is_gone_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        drop_ticket_triggers(session.connection())
        session.execute(delete(CallBackRow))
    assert kinds(seeded) == {"closed-unasked"}


@pytest.mark.control(without="db.join_guard")
def test_control_a_ticket_that_is_joined_to_nothing_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        change(session, one_in(session, "new"), "join", state="joined", joined_to=999_999)
    assert kinds(seeded) == {"joined-nowhere"}
    with writing(seeded) as session:
        dead = one_in(session, "withdrawn")
        change(session, one_in(session, "new"), "join", state="joined", joined_to=dead)
    assert len(audited(seeded).findings) == 2


@pytest.mark.control(without="db.join_guard")
def test_control_tickets_that_are_joined_in_a_circle_are_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        three = [one_in(session, "new", n) for n in range(3)]
        for ticket_id, to in zip(three, [*three[1:], three[0]], strict=True):
            change(session, ticket_id, "join", state="joined", joined_to=to)
    found = audited(seeded).findings
    assert [one.kind for one in found] == ["joined-in-a-circle"] * 3


@pytest.mark.control(without="db.join_guard")
def test_control_a_chain_of_joined_tickets_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        joined = one_in(session, "joined")
        change(session, one_in(session, "new"), "join", state="joined", joined_to=joined)
    assert kinds(seeded) == {"joined-in-a-chain"}


@pytest.mark.control(without="the desk, which gives a part its whole")
def test_control_a_part_without_its_whole_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        change(session, one_in(session, "new"), "edit", parent_id=1)
    assert kinds(seeded) == {"part-without-whole"}


@pytest.mark.control(without="the desk, which makes the parts")
def test_control_a_whole_without_parts_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        change(session, one_in(session, "screened"), "split", state="split")
    assert kinds(seeded) == {"part-without-whole"}


@pytest.mark.control(without="tickets.fields, which lets nobody empty it")
def test_control_a_ticket_that_nobody_answers_for_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        change(session, one_in(session, "dispatched"), "edit", responsible=None)
    assert kinds(seeded) == {"nobody-responsible"}


@pytest.mark.control(without="tickets.fields, which lets nobody give a number")
def test_control_a_number_of_another_day_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        change(session, one_in(session, "new"), "edit", number="20200101-000001")
    assert kinds(seeded) == {"number-of-another-day"}


@pytest.mark.control(without="the unique constraint")
def test_control_a_number_that_two_tickets_have_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        _let_numbers_be_doubled(session)
        own = one_in(session, "new")
        day = session.scalars(select(TicketRow.number).where(TicketRow.id == own)).one()
        assert day is not None
        same_day = TicketRow.number.like(f"{day[:8]}-%"), TicketRow.id != own
        other = session.scalars(select(TicketRow.number).where(*same_day)).first()
        change(session, own, "edit", number=other)
    assert kinds(seeded) == {"number-doubled"}


def _let_numbers_be_doubled(session: Session) -> None:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE tickets DROP CONSTRAINT uq_tickets_number"))
        return
    drop_ticket_triggers(connection)
    for statement in (
        "CREATE TABLE bare AS SELECT * FROM tickets",
        "DROP TABLE tickets",
        "ALTER TABLE bare RENAME TO tickets",
    ):
        connection.execute(text(statement))
    columns = [column["name"] for column in inspect(connection).get_columns("tickets")]
    create_ticket_triggers(connection, columns)


@pytest.mark.control(without="tickets.fields, which lets nobody take it away")
def test_control_a_unit_without_a_deadline_is_named(seeded: Engine) -> None:
    with writing(seeded) as session:
        change(session, one_in(session, "dispatched"), "edit", due_at=None)
    assert kinds(seeded) == {"no-deadline"}


def test_every_kind_has_its_control() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []


def test_tickets_older_than_the_history_are_told_apart(store: Engine) -> None:
    with writing(store) as session:
        open_ticket(session, draft(1), by="wang")
        drop_ticket_triggers(session.connection())
        session.execute(delete(TicketEventRow))
        names = [each["name"] for each in inspect(session.connection()).get_columns("tickets")]
        create_ticket_triggers(session.connection(), names)
        open_ticket(session, draft(2), by="wang")
    audit = audited(store)
    assert (audit.clean, audit.tickets, audit.older) == (True, 2, 1)


def test_a_call_that_is_told_again_before_anybody_touched_it_is_no_fault(store: Engine) -> None:
    from routing.story import fold
    from tests.integration.store.made import livelihood_call

    for steps in (livelihood_call(1)[:5], livelihood_call(1)):
        with writing(store) as session:
            open_tickets(session, [fold(steps)])
    with writing(store) as session:
        ticket = session.scalars(select(TicketRow)).one()
        apply_move(session, ticket.id, Order("claim", OPERATOR, NOW, 1, {"responsible": "wang"}))
    audit = audited(store)
    assert (audit.findings, audit.tickets) == ([], 1)
    assert audit.events >= 2


def test_the_command_names_what_is_broken_and_fails(seeded: Engine, tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    url = seeded.url.render_as_string(hide_password=False)
    config.write_text(f'database_url = "{url}"\nvar_dir = "{tmp_path}/var"\n')
    words = ["--config", str(config), "audit", "tickets"]
    passed = CliRunner().invoke(l110, words)
    assert (passed.exit_code, "None of 13 kinds" in passed.output) == (0, True)
    with writing(seeded) as session:
        change(session, one_in(session, "new"), "edit", parent_id=1)
    failed = CliRunner().invoke(l110, words)
    assert (failed.exit_code, "part-without-whole" in failed.output) == (1, True)
    told = json.loads(CliRunner().invoke(l110, [*words, "--json"]).output)
    assert (told["part-without-whole"], len(told["findings"])) == (1, 1)
