"""Call-backs on both stores: whose turn it is, and the moves that follow from an answer."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from db import call_backs as store
from db.engine import reading, writing
from db.models import CallRow, TicketRow
from db.ticket_moves import Order, apply_move, history
from dispatch.call_backs import run_call_backs
from tests.integration.store.call_back_desk import ANSWERED, MONDAY, OPERATOR, PLAN, Desk
from tickets.call_backs import Outcome, Said


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


def test_a_solved_ticket_is_rung_and_closes_with_what_the_citizen_pressed(desk: Desk) -> None:
    ticket = desk.solved()
    done = desk.round()
    assert (done.owed, done.placed, desk.state(ticket)) == (1, 1, "call-back-due")
    assert [order.number for order in desk.orders] == ["13800000001"]
    desk.ends(**ANSWERED, solved="1", satisfied="5", message="")
    assert desk.round(minutes=1).closed == 1
    with reading(desk.engine) as session:
        row = session.get_one(TicketRow, ticket)
        last = history(session, ticket)[-1]
        assert (row.state, row.said_solved, row.satisfied) == ("closed", True, 5)
        assert (last.by, last.because) == ("worker", "call-back: solved, satisfied 5")
    assert desk.turn(ticket) is None
    (attempt,) = desk.attempts(ticket)
    assert (attempt.outcome, attempt.satisfied, attempt.attempt) == ("answered", 5, 1)
    assert attempt.sip_call_id == f"sip-{desk.orders[0].token}"


@pytest.mark.parametrize(
    ("solved", "satisfied", "told"), [("2", "", "None"), ("1", "2", "2"), ("2", "5", "5")]
)
def test_unsolved_or_dissatisfied_reopens_and_the_supervisor_is_told(
    desk: Desk, solved: str, satisfied: str, told: str
) -> None:
    ticket = desk.solved()
    desk.round()
    desk.ends(**ANSWERED, solved=solved, satisfied=satisfied)
    assert desk.round(minutes=1).reopened == 1
    assert (desk.state(ticket), desk.unhappy) == ("reopened", [f"{ticket}: {told}"])
    assert desk.turn(ticket) is None


def test_a_word_of_the_supervisor_that_fails_reopens_nothing_yet(desk: Desk) -> None:
    """Both are one transaction: nobody is left unhappy without anybody knowing."""
    ticket = desk.solved()
    desk.round()
    desk.ends(**ANSWERED, solved="2")

    def broken(*_: object) -> None:
        raise OSError("no mail")

    with pytest.raises(OSError, match="no mail"):
        run_call_backs(desk.engine, desk.orders.append, desk.now, PLAN, unhappy=broken)
    assert desk.state(ticket) == "call-back-due"
    assert desk.round().reopened == 1


def test_three_attempts_without_an_answer_then_a_person(desk: Desk) -> None:
    ticket = desk.solved()
    desk.round()
    waits = [("BUSY", 10), ("NOANSWER", 60), ("hung-up", 300)]
    for number, (out, minutes) in enumerate(waits, 1):
        assert len(desk.orders) == number
        desk.ends(out=out)
        desk.round(seconds=1)
        assert len(desk.orders) == number, "not before its time"
        desk.round(minutes=minutes)
    turn = desk.turn(ticket)
    assert turn is not None
    assert (turn.state, len(desk.orders)) == ("person", 3)
    assert turn.because == "3 attempts without an answer, last hung-up"
    assert [a.outcome for a in desk.attempts(ticket)] == ["busy", "no-answer", "hung-up"]
    assert desk.round(days=1).placed == 0
    assert desk.state(ticket) == "call-back-due"


def test_a_person_calls_and_the_turn_is_over(desk: Desk) -> None:
    ticket = desk.solved(None, source="counter")
    assert desk.round().to_person == 1
    with writing(desk.engine) as session:
        said = Said(Outcome.PERSON, True, 4)
        store.record_by_hand(session, ticket, by="wang", at=desk.now, said=said, note="rang")
        version = session.get_one(TicketRow, ticket).version
        given = {"said_solved": True, "satisfied": 4}
        apply_move(session, ticket, Order("close", OPERATOR, desk.now, version, given))
    desk.round()
    assert (desk.state(ticket), desk.turn(ticket)) == ("closed", None)


def test_a_withheld_number_is_exempt_by_name_and_nobody_is_rung(desk: Desk) -> None:
    ticket = desk.solved("unknown", source="call")
    assert desk.round().exempt == 1
    with reading(desk.engine) as session:
        row = session.get_one(TicketRow, ticket)
        assert (row.state, row.close_exempt) == ("closed", "withheld-number")
    assert desk.orders == []


def test_a_number_that_its_caller_withheld_is_not_rung_though_we_know_it(desk: Desk) -> None:
    ticket = desk.solved(source="call")
    call = {"call_id": "c1", "node": "n1", "withheld": True, "outcome": "talked-to-livelihood"}
    with writing(desk.engine) as session:
        session.add(CallRow(**call))
        session.execute(update(TicketRow).values(call_id="c1", version=TicketRow.version + 1))
    assert desk.round().exempt == 1
    assert (desk.state(ticket), desk.orders) == ("closed", [])


def test_an_answer_in_the_call_with_consent_closes_without_one(desk: Desk) -> None:
    ticket = desk.solved(close_exempt="answered-in-call")
    assert desk.round().exempt == 1
    assert desk.state(ticket) == "closed"


def test_nobody_is_rung_at_night(desk: Desk) -> None:
    desk.now = MONDAY.replace(hour=13)  # 21:00
    desk.solved()
    assert desk.round().placed == 0
    assert desk.round(hours=3).placed == 0
    assert desk.round(hours=9).placed == 1


def test_the_row_stands_before_anybody_is_rung(desk: Desk) -> None:
    ticket = desk.solved()
    seen: list[int] = []
    desk.round(lambda _: seen.append(len(desk.attempts(ticket))))
    assert seen == [1]


def test_a_ticket_that_somebody_closed_meanwhile_is_left_alone(desk: Desk) -> None:
    ticket = desk.solved()
    desk.round()
    with writing(desk.engine) as session:
        version = session.get_one(TicketRow, ticket).version
        order = Order("withdraw", OPERATOR, desk.now, version, {}, "he rang by himself")
        apply_move(session, ticket, order)
    desk.ends(**ANSWERED, solved="2")
    done = desk.round(minutes=1)
    assert (done.reopened, desk.state(ticket), desk.turn(ticket)) == (0, "withdrawn", None)


def test_a_ticket_solved_again_begins_its_attempts_anew(desk: Desk) -> None:
    ticket = desk.solved()
    desk.round()
    desk.ends(out="BUSY")
    desk.round(seconds=1)
    desk.round(minutes=10)
    desk.ends(**ANSWERED, solved="2")
    desk.round(minutes=1)
    desk.now += timedelta(minutes=1)
    with writing(desk.engine) as session:
        for move, given in (
            ("screen", {"request": "A pipe"}),
            ("answer", {"result": "Mended again"}),
        ):
            version = session.get_one(TicketRow, ticket).version
            apply_move(session, ticket, Order(move, OPERATOR, desk.now, version, given))
    for _ in range(2):
        desk.round(minutes=11)
        desk.ends(out="BUSY")
        desk.round(seconds=1)
    turn = desk.turn(ticket)
    assert turn is not None
    assert (turn.state, [a.attempt for a in desk.attempts(ticket)]) == ("due", [1, 2, 3, 4])


def test_a_language_of_the_call_is_the_language_of_the_call_back(desk: Desk) -> None:
    desk.solved(source="call")
    call = {"call_id": "c1", "node": "n1", "language": "en", "outcome": "talked-to-livelihood"}
    with writing(desk.engine) as session:
        session.add(CallRow(**call))
        session.execute(update(TicketRow).values(call_id="c1", version=TicketRow.version + 1))
    desk.round()
    assert [order.language for order in desk.orders] == ["en"]
