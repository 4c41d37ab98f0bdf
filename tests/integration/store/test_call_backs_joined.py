"""Callers whose tickets were joined to another one are all called back for it, on both stores."""

import pytest
from sqlalchemy import Engine

from db.engine import reading, writing
from db.models import TicketRow
from db.ticket_moves import Order, apply_move, history
from tests.integration.store.call_back_desk import ANSWERED, OPERATOR, Desk


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


def token_for(desk: Desk, number: str) -> str:
    (token,) = (order.token for order in desk.orders if order.number == number)
    return token


def test_everybody_who_asked_for_it_is_rung_each_telephone_once(desk: Desk) -> None:
    main = desk.solved("13800000001")
    desk.joined(main, "13800000002")
    desk.joined(main, "13800000003")
    desk.joined(main, "13800000001")
    desk.joined(main, "13800000002")
    assert desk.round().owed == 3
    desk.ends(**ANSWERED, solved="1", satisfied="5")
    for _ in range(3):
        desk.round(minutes=1)
        desk.ends(**ANSWERED, solved="1", satisfied="5")
    assert sorted(order.number for order in desk.orders) == [
        "13800000001", "13800000002", "13800000003",
    ]  # fmt: skip


def test_one_who_says_yes_leaves_his_ticket_joined(desk: Desk) -> None:
    main = desk.solved()
    joined = desk.joined(main, "13800000002")
    desk.round()
    for number in ("13800000001", "13800000002"):
        desk.ends(token_for(desk, number), **ANSWERED, solved="1", satisfied="5")
    done = desk.round(minutes=1)
    assert (done.closed, desk.state(main), desk.state(joined)) == (1, "closed", "joined")
    assert (desk.turn(main), desk.turn(joined)) == (None, None)
    assert [a.satisfied for a in desk.attempts(joined)] == [5]


@pytest.mark.parametrize("main_first", [True, False])
def test_one_who_says_no_reopens_what_his_was_joined_to(desk: Desk, main_first: bool) -> None:
    main = desk.solved()
    joined = desk.joined(main, "13800000002")
    desk.round()
    if main_first:
        desk.ends(token_for(desk, "13800000001"), **ANSWERED, solved="1", satisfied="5")
        desk.round(minutes=1)
        assert desk.state(main) == "closed"
    desk.ends(token_for(desk, "13800000002"), **ANSWERED, solved="2")
    assert desk.round(minutes=1).reopened == 1
    assert (desk.state(main), desk.state(joined)) == ("reopened", "joined")
    assert desk.unhappy == [f"{main}: None"]
    with reading(desk.engine) as session:
        number = session.get_one(TicketRow, joined).number
        assert history(session, main)[-1].because == f"{number}: call-back: not solved"


def test_a_main_ticket_that_goes_back_to_work_leaves_nobody_to_be_rung(desk: Desk) -> None:
    main = desk.solved()
    joined = desk.joined(main, "13800000002")
    desk.joined(main, "110")
    desk.round()
    desk.ends(token_for(desk, "13800000002"), out="BUSY")
    desk.ends(token_for(desk, "13800000001"), **ANSWERED, solved="2")
    desk.round(minutes=1)
    with writing(desk.engine) as session:
        version = session.get_one(TicketRow, main).version
        order = Order("screen", OPERATOR, desk.now, version, {"request": "A pipe"})
        apply_move(session, main, order)
    desk.round(minutes=11)
    assert len(desk.orders) == 2
    assert [desk.turn(one) for one in (main, joined, joined + 1)] == [None, None, None]


def test_a_joined_caller_is_rung_though_the_main_one_withheld_his_number(desk: Desk) -> None:
    main = desk.solved("unknown", source="web")
    with writing(desk.engine) as session:
        version = session.get_one(TicketRow, main).version
        order = Order("edit", OPERATOR, desk.now, version, {"caller_kind": "withheld"})
        apply_move(session, main, order)
    desk.joined(main, "13800000002")
    assert desk.round().exempt == 1
    assert [order.number for order in desk.orders] == ["13800000002"]
