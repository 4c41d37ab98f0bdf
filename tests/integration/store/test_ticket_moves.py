"""Changes of tickets on both stores: versions, history, and what the store itself refuses."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, insert, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.engine import reading, writing
from db.models import CallBackRow, TicketEventRow, TicketRow
from db.ticket_moves import Order, StaleEdit, TicketUnknown, apply_move, history
from db.ticket_triggers import drop_ticket_triggers
from db.tickets import open_ticket
from scripts.chaos.findings import Finding
from tickets.model import ServiceClass, Source, State
from tickets.opening import TicketDraft
from tickets.refused import MoveRefused, Refusal
from tickets.roles import Actor, Role, system

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
OPERATOR = Actor("wang", frozenset({Role.OPERATOR}))
HANDLER = Actor("li", frozenset({Role.HANDLER}), frozenset({"water"}))
WORKER = system("worker")


def draft(n: int = 1) -> TicketDraft:
    return TicketDraft(
        f"D-{n}", None, Source.COUNTER, ServiceClass.COMPLAINT, "13800000001", State.NEW, T0, None
    )


class Life:
    """One ticket and the minutes that pass over it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.at = T0
        with writing(engine) as session:
            self.id = open_ticket(session, draft(), by="wang").id

    def move(self, name: str, actor: Actor, because: str = "", **given: object) -> str:
        self.at += timedelta(minutes=1)
        with writing(self.engine) as session:
            order = Order(name, actor, self.at, self.version(session), given, because)
            return apply_move(session, self.id, order).state

    def version(self, session: Session) -> int:
        return session.get_one(TicketRow, self.id).version

    def solved(self) -> None:
        self.move("claim", OPERATOR, responsible="wang")
        self.move("screen", OPERATOR, matter="0101", request="A pipe has burst")
        self.move("dispatch", OPERATOR, unit="water")
        self.move("accept", HANDLER)
        self.move("solve", HANDLER, result="Mended")
        self.move("owe-call-back", WORKER)

    def called_back(self, *, at: datetime | None = None) -> None:
        when = at or self.at
        with writing(self.engine) as session:
            attempt = len(session.execute(text("SELECT id FROM call_backs")).all()) + 1
            session.add(
                CallBackRow(
                    ticket_id=self.id, attempt=attempt, by="worker", started_at=when,
                    ended_at=when, outcome="answered", said_solved=True, satisfied=5,
                )
            )  # fmt: skip


@pytest.fixture
def life(store: Engine) -> Life:
    return Life(store)


def test_each_change_is_in_the_history_with_who_when_and_why(life: Life) -> None:
    life.move("claim", OPERATOR, responsible="wang")
    life.move("screen", OPERATOR, matter="0101", request="A pipe has burst")
    life.move("withdraw", OPERATOR, "he rang again", close_exempt="withdrawn")
    with reading(life.engine) as session:
        told = [
            (e.version, e.move, e.from_state, e.to_state, e.by) for e in history(session, life.id)
        ]
        last = history(session, life.id)[-1]
    assert told == [
        (1, "open", None, "new", "wang"),
        (2, "claim", "new", "new", "wang"),
        (3, "screen", "new", "screened", "wang"),
        (4, "withdraw", "screened", "withdrawn", "wang"),
    ]
    assert (last.because, last.at) == ("he rang again", life.at)
    assert last.record["request"] == "A pipe has burst"
    assert last.record["claimed_by"] == "wang"


def test_a_stale_edit_is_refused_with_the_ticket_as_it_stands(life: Life) -> None:
    life.move("claim", OPERATOR, responsible="wang")
    with writing(life.engine) as session, pytest.raises(StaleEdit, match="version 2") as stale:
        apply_move(session, life.id, Order("edit", OPERATOR, T0, 1, {"title": "late"}))
    assert (stale.value.kind, stale.value.now["responsible"]) == (Refusal.STALE, "wang")


def test_a_ticket_that_is_not_there_is_said_to_be_unknown(store: Engine) -> None:
    with writing(store) as session, pytest.raises(TicketUnknown):
        apply_move(session, 77, Order("edit", OPERATOR, T0, 1))


def test_nobody_closes_a_solved_ticket_that_was_not_called_back(life: Life) -> None:
    life.solved()
    with pytest.raises(MoveRefused, match="without a recorded call-back") as refused:
        life.move("close", WORKER)
    assert refused.value.kind is Refusal.NO_CALL_BACK
    life.called_back()
    assert life.move("close", WORKER, said_solved=True, satisfied=5) == "closed"


def test_sql_past_the_application_does_not_close_it_either(life: Life) -> None:
    life.solved()
    for exempt in (None, "because I say so"):
        with (
            pytest.raises(DBAPIError, match="without a recorded call-back"),
            writing(life.engine) as s,
        ):
            s.execute(
                update(TicketRow).values(
                    state="closed", version=TicketRow.version + 1, close_exempt=exempt
                )
            )
    with pytest.raises(DBAPIError, match="without a recorded call-back"), writing(life.engine) as s:
        s.execute(
            insert(TicketRow).values(
                provisional_number="X", source="call", state="closed", opened_at=T0
            )
        )


@pytest.mark.control(without="the store's own trigger")
def test_control_without_the_trigger_it_would_be_closed_unasked(life: Life) -> None:
    life.solved()
    with writing(life.engine) as session:
        drop_ticket_triggers(session.connection())
    assert life.move("close", WORKER) == "closed"


def test_a_call_back_before_the_last_solving_does_not_count(life: Life) -> None:
    life.solved()
    life.called_back()
    life.move("reopen", WORKER, "not solved", said_solved=False)
    life.move("screen", OPERATOR)
    life.move("dispatch", OPERATOR, unit="water")
    life.move("accept", HANDLER)
    life.move("solve", HANDLER, result="Mended again")
    with pytest.raises(MoveRefused, match="without a recorded call-back"):
        life.move("close", WORKER)
    life.called_back()
    assert life.move("close", WORKER) == "closed"


def test_a_named_exemption_closes_without_a_call(life: Life) -> None:
    life.move("claim", OPERATOR, responsible="wang")
    life.move("answer", OPERATOR, matter="0301", result="Window 4", close_exempt="answered-in-call")
    assert life.move("close", OPERATOR) == "closed"


def test_history_and_ended_attempts_cannot_be_edited(life: Life) -> None:
    life.called_back()
    for statement in (
        update(TicketEventRow).values(by="nobody"),
        delete(TicketEventRow),
        update(CallBackRow).values(satisfied=1),
        delete(CallBackRow),
    ):
        with (
            pytest.raises(DBAPIError, match=r"append-only|once it has ended"),
            writing(life.engine) as s,
        ):
            s.execute(statement)


def test_a_change_that_says_no_version_is_refused_once_somebody_has_touched_the_ticket(
    life: Life,
) -> None:
    with writing(life.engine) as session:  # as the forwarder follows its call
        session.execute(update(TicketRow).values(service_class="hardship"))
    life.move("claim", OPERATOR, responsible="wang")
    for version in (TicketRow.version, TicketRow.version + 2):
        with pytest.raises(DBAPIError, match="says its version"), writing(life.engine) as session:
            session.execute(update(TicketRow).values(title="quietly", version=version))


@pytest.mark.control("B41", without="the store's own trigger")
def test_control_without_the_trigger_a_quiet_change_stands(life: Life, told: Finding) -> None:
    life.move("claim", OPERATOR, responsible="wang")
    with writing(life.engine) as session:
        drop_ticket_triggers(session.connection())
        session.execute(update(TicketRow).values(title="quietly"))
    with reading(life.engine) as session:
        ticket = session.get_one(TicketRow, life.id)
    assert (ticket.title, ticket.version) == ("quietly", 2)
    told.records.append("what another wrote is gone, and nobody is told")
