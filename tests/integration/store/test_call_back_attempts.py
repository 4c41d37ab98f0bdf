"""Attempts to call back on both stores: each is made once, ends once, and is nobody's call."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db import call_backs as store
from db.engine import make_engine, reading
from db.models import CallBackTurnRow, CallLegRow, CallRow, CallStepRow
from dispatch.call_backs import Plan
from ivr.call_back import CallInDoubt, CallNotPlaced, CallOrder
from reports.audit import audit_calls
from reports.switch_list import SwitchLeg
from tests.integration.store.call_back_desk import ANSWERED, PLAN, Desk


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


def test_what_asterisk_did_not_take_is_an_attempt_that_failed(desk: Desk) -> None:
    ticket, other = desk.solved(), desk.solved("13800000002")

    def away(_: CallOrder) -> None:
        raise CallNotPlaced("Asterisk's manager is not connected.")

    assert desk.round(away).away
    (attempt,) = desk.attempts(ticket)
    assert (attempt.outcome, desk.attempts(other)) == ("failed", [])
    assert desk.round(minutes=9).placed == 1, "the other one"
    assert desk.round(minutes=12).placed == 1
    assert [order.number for order in desk.orders] == ["13800000002", "13800000001"]


def test_an_attempt_whose_end_never_comes_is_given_up(desk: Desk) -> None:
    ticket = desk.solved()

    def doubtful(order: CallOrder) -> None:
        desk.orders.append(order)
        raise CallInDoubt("the answer was lost")

    desk.round(doubtful)
    assert desk.round(minutes=29).lost == 0
    done = desk.round(minutes=2)
    assert (done.lost, done.again) == (1, 1)
    (attempt,) = desk.attempts(ticket)
    assert (attempt.outcome, attempt.note) == ("failed", "its end was never told")


def test_a_word_that_comes_late_or_twice_changes_nothing(desk: Desk) -> None:
    ticket = desk.solved()
    desk.round()
    desk.ends(**ANSWERED, solved="1", satisfied="5")
    desk.ends(**ANSWERED, solved="2", satisfied="1")
    desk.round(minutes=1)
    desk.ends(**ANSWERED, solved="2", satisfied="1")
    assert [a.satisfied for a in desk.attempts(ticket)] == [5]
    assert desk.state(ticket) == "closed"


def test_a_node_whose_clock_is_behind_does_not_keep_the_ticket_open(desk: Desk) -> None:
    ticket = desk.solved()
    desk.round()
    desk.now -= timedelta(hours=1)
    desk.ends(**ANSWERED, solved="1", satisfied="5")
    desk.now += timedelta(hours=1)
    assert desk.round().closed == 1
    (attempt,) = desk.attempts(ticket)
    assert attempt.ended_at == attempt.started_at


@pytest.mark.parametrize("change", ["ticket", "attempt", "time", "garbage"])
def test_a_word_of_an_attempt_that_is_none_ends_nothing(desk: Desk, change: str) -> None:
    ticket = desk.solved()
    desk.round()
    mine, n, ms = desk.orders[0].token.split("-")
    token = {
        "ticket": f"{int(mine) + 1}-{n}-{ms}",
        "attempt": f"{mine}-2-{ms}",
        "time": f"{mine}-{n}-{int(ms) + 1}",
        "garbage": "1' OR 1=1",
    }[change]
    desk.ends(token, **ANSWERED, solved="1", satisfied="5")
    assert [a.outcome for a in desk.attempts(ticket)] == [None]


def test_a_call_back_is_no_call_no_leg_and_no_figure(desk: Desk) -> None:
    desk.solved()
    desk.round()
    desk.ends(**ANSWERED, solved="1", satisfied="5")
    with reading(desk.engine) as session:
        assert session.scalars(select(CallRow)).all() == []
        assert session.scalars(select(CallLegRow)).all() == []
        kinds = sorted(session.scalars(select(CallStepRow.kind)))
    assert kinds == ["called-back", "calling-back"]


def test_the_audit_knows_our_own_calls_on_the_switchs_list(desk: Desk) -> None:
    desk.solved()
    desk.round()
    desk.ends(**ANSWERED, solved="1", satisfied="5")
    listed = [
        SwitchLeg(f"sip-{desk.orders[0].token}", None, None, "answered"),
        SwitchLeg("of-nobody", None, None, "answered"),
    ]
    with reading(desk.engine) as session:
        report = audit_calls(session, listed)
    assert [finding.subject for finding in report.findings] == ["of-nobody"]


def test_no_more_than_so_many_at_once(desk: Desk) -> None:
    for n in range(5):
        desk.solved(f"1380000000{n}")
    desk.round()
    desk.round(minutes=1)
    assert len(desk.orders) == 2
    desk.ends(**ANSWERED, solved="1", satisfied="4")
    desk.round(minutes=1)
    assert len(desk.orders) == 3


def test_many_workers_ring_everybody_once(desk: Desk) -> None:
    desk.plan = Plan(PLAN.hours, PLAN.ladder, 40, PLAN.lost_after)
    for n in range(20):
        desk.solved(f"1380000{n:04}")
    workers = [threading.Thread(target=work, args=(desk,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    desk.round()
    numbers = [order.number for order in desk.orders]
    assert sorted(numbers) == [f"1380000{n:04}" for n in range(20)]


def work(desk: Desk) -> None:
    """Three rounds of a worker with connections of its own; a store that is busy is asked again."""
    engine = make_engine(desk.engine.url.render_as_string(hide_password=False))
    own = Desk(engine, desk.now, desk.plan, desk.orders)
    for _ in range(3):
        with suppress(OperationalError):
            own.round()
    engine.dispose()


@pytest.mark.control(without="the condition on the turn when an attempt is claimed")
def test_control_without_the_claim_somebody_is_rung_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.solved()
    desk.round(lambda _: None)
    claim = store.claim

    def careless(session: Session, ticket_id: int, *args: object, **named: object) -> object:
        session.execute(update(CallBackTurnRow).values(state="due", due_at=desk.now))
        return claim(session, ticket_id, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "claim", careless)
    monkeypatch.setattr(store, "due", lambda *_: [1, 1])
    desk.round()
    assert len({order.token for order in desk.orders}) == 2
