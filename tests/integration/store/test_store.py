"""Steps become the same rows on both stores, whatever comes twice or in the wrong order."""

import random
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from db.engine import make_engine, reading, writing
from db.models import (
    Base,
    CallLegRow,
    CallRow,
    CallStepRow,
    RuleSetRow,
    TicketCounterRow,
    TicketEventRow,
    TicketRow,
)
from db.store import apply_steps
from db.upgrade import upgrade
from routing.steps import Step, StepKind
from tests.integration.store.made import (
    T0,
    a_step,
    beginning,
    boot,
    call_id,
    livelihood_call,
    police_call,
    rules,
)


def apply(store: Engine, steps: list[Step]) -> None:
    with writing(store) as session:
        apply_steps(session, steps)


def rows(store: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row but for the numbers of tickets, which follow the order of arrival."""
    numbers = {"id", "number"}
    told: dict[str, list[dict[str, Any]]] = {}
    with reading(store) as session:
        for table in (CallRow, CallLegRow, TicketRow, RuleSetRow):
            columns = [column for column in table.__table__.columns if column.name not in numbers]
            found = session.execute(select(*columns).order_by(*columns[:2])).mappings()
            told[table.__tablename__] = [dict(row) for row in found]
    return told


def test_a_released_call_is_one_call_one_leg_and_one_ticket(store: Engine) -> None:
    apply(store, livelihood_call(1))
    with reading(store) as session:
        call = session.scalars(select(CallRow)).one()
        leg = session.scalars(select(CallLegRow)).one()
        ticket = session.scalars(select(TicketRow)).one()
    assert (call.verdict, call.key, call.outcome) == ("livelihood", "2", "talked-to-livelihood")
    assert call.started_at == T0 + timedelta(seconds=0.011)
    assert call.slot_held_ms is not None
    assert call.trunk_held_ms == 20010
    assert (leg.sip_call_id, leg.end_reason) == ("sip-n1-1@switch", "ended")
    assert leg.intake_seen
    assert ticket.number == "20261124-000001"  # 04:26 in Shanghai
    assert (ticket.call_id, ticket.service_class) == (call.call_id, "complaint")


def test_a_police_call_opens_no_ticket(store: Engine) -> None:
    apply(store, police_call(1))
    with reading(store) as session:
        assert session.scalar(select(func.count()).select_from(TicketRow)) == 0
        assert session.scalars(select(CallRow.outcome)).one() == "talked-to-police"


def test_tickets_of_a_day_are_numbered_without_a_gap(store: Engine) -> None:
    for first in (0, 3, 6):
        apply(store, [step for n in range(first, first + 3) for step in livelihood_call(n)])
    with reading(store) as session:
        numbers = session.scalars(select(TicketRow.number).order_by(TicketRow.number)).all()
        assert numbers == [f"20261124-{n:06}" for n in range(1, 10)]
        assert session.scalars(select(TicketCounterRow.last)).one() == 9


def test_the_same_batch_twice_changes_nothing(store: Engine) -> None:
    steps = [*livelihood_call(1), *police_call(2), rules("9f3c2a10", 0)]
    apply(store, steps)
    before = rows(store)
    apply(store, steps)
    apply(store, [*steps, *steps])
    assert rows(store) == before


def test_steps_one_by_one_and_backwards_tell_the_same_story(store: Engine, tmp_path: Path) -> None:
    steps = [*livelihood_call(1), *beginning(2), boot(30), *police_call(3)]
    apply(store, steps)
    other = make_engine(f"sqlite:///{tmp_path}/other.sqlite3")
    upgrade(other)
    for step in reversed(steps):
        apply(other, [step])
    assert rows(other) == rows(store)
    other.dispose()


STEPS = [
    *livelihood_call(1),
    *beginning(2),
    *police_call(3, answered=False),
    boot(-1),
    boot(10),
    boot(40),
    a_step(StepKind.RETURNED, 1, 8, how="key"),
    rules("9f3c2a10", 0),
    rules("9f3c2a10", 5, "n2"),
    a_step(StepKind.CHAN_START, 9, 0, channel="PJSIP/l110-trunk-00000009"),
    a_step(StepKind.SEAT, 1, 9, node="n2", leg="n2-1.1", queue="police"),
]


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('expected')}/s.sqlite3")
    upgrade(engine)
    apply(engine, STEPS)
    told = rows(engine)
    engine.dispose()
    return told


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.permutations(range(len(STEPS))),
    cuts=st.sets(st.integers(1, len(STEPS) - 1), max_size=8),
    again=st.sets(st.integers(0, len(STEPS) - 1), max_size=6),
)
def test_any_split_any_order_and_any_repetition_give_the_same_rows(
    expected: dict[str, list[dict[str, Any]]],
    order: list[int],
    cuts: set[int],
    again: set[int],
) -> None:
    engine = make_engine("sqlite://")
    upgrade(engine)
    shuffled = [STEPS[at] for at in order]
    edges = [0, *sorted(cuts), len(STEPS)]
    for start, end in pairwise(edges):
        apply(engine, shuffled[start:end])
    apply(engine, [STEPS[at] for at in sorted(again)])
    assert rows(engine) == expected
    engine.dispose()


def test_a_restart_of_the_node_ends_what_it_lost(store: Engine) -> None:
    apply(store, [*beginning(1), *beginning(2, "n2")])
    apply(store, [boot(30)])
    with reading(store) as session:
        ended = {leg.node: leg.end_reason for leg in session.scalars(select(CallLegRow))}
        assert ended == {"n1": "node-lost", "n2": None}
        assert (
            session.scalars(select(CallRow.outcome).where(CallRow.call_id == call_id(1))).one()
            == "node-lost"
        )


def test_a_leg_that_is_heard_of_after_the_restart_is_lost_too(store: Engine) -> None:
    apply(store, [boot(30)])
    apply(store, beginning(1))
    with reading(store) as session:
        assert session.scalars(select(CallLegRow.end_reason)).one() == "node-lost"


def test_a_ticket_follows_its_call_until_somebody_owns_it(store: Engine) -> None:
    early = [step for step in livelihood_call(1) if step.kind is not StepKind.CLASS]
    late = [step for step in livelihood_call(1) if step.kind is StepKind.CLASS]
    apply(store, early)
    apply(store, late)
    with writing(store) as session:
        assert session.scalars(select(TicketRow.service_class)).one() == "complaint"
        session.execute(
            update(TicketRow).values(
                responsible="wang", version=2, move="claim", service_class="hardship"
            )
        )
    apply(store, late)
    with reading(store) as session:
        assert session.scalars(select(TicketRow.service_class)).one() == "hardship"


def test_a_call_that_is_told_again_adds_nothing_to_its_tickets_history(store: Engine) -> None:
    early = [step for step in livelihood_call(1) if step.kind is not StepKind.CLASS]
    for told in (early, early, livelihood_call(1), livelihood_call(1)):
        apply(store, told)
    with reading(store) as session:
        classes = [e.record["service_class"] for e in session.scalars(select(TicketEventRow))]
    assert classes == ["unclassified", "complaint"]


def test_two_nodes_that_tell_of_one_call_lose_no_leg(store: Engine) -> None:
    second = [
        a_step(StepKind.CHAN_START, 1, 4, "n2", channel="PJSIP/l110-trunk-00000001"),
        Step(
            "n2/n2-1795465608.1/start",
            StepKind.START,
            "n2",
            "n2-1795465608.1",
            call_id(1),
            T0 + timedelta(seconds=4.1),
            {"sip": "back@switch"},
        ),
    ]
    apply(store, beginning(1))
    apply(store, second)
    with reading(store) as session:
        legs = session.scalars(select(CallLegRow).order_by(CallLegRow.node)).all()
        assert [(leg.node, leg.call_id) for leg in legs] == [("n1", call_id(1)), ("n2", call_id(1))]


@pytest.mark.parametrize(
    "change",
    [
        update(CallStepRow).values(node="forged"),
        delete(CallStepRow),
        text(
            "INSERT OR REPLACE INTO call_steps (event_id, kind, node, leg, at, data)"
            " SELECT event_id, kind, 'forged', leg, at, data FROM call_steps"
        ),
    ],
    ids=["update", "delete", "replace"],
)
def test_a_step_that_is_written_stays_as_it_is(store: Engine, change: Any) -> None:  # noqa: ANN401
    apply(store, beginning(1))
    with pytest.raises(DBAPIError), writing(store) as session:
        session.execute(change)
    with reading(store) as session:
        assert set(session.scalars(select(CallStepRow.node))) == {"n1"}


def test_broken_bytes_of_a_caller_are_kept_and_lose_no_call(store: Engine) -> None:
    name = "\udcd5\udcc5\x00 ${SHELL(id)}"
    start = a_step(StepKind.START, 1, 0.001, name=name, caller="unknown", raw="%00%D5", sip="x\0y")
    apply(store, [start])
    with reading(store) as session:
        assert session.scalars(select(CallStepRow)).one().data["name"] == name
        assert session.scalars(select(CallRow)).one().caller == "unknown"


def test_a_call_has_one_ticket_even_by_hand(store: Engine) -> None:
    apply(store, livelihood_call(1))
    with reading(store) as session:
        ticket = session.scalars(select(TicketRow)).one()
    row = {
        "provisional_number": "P-other",
        "call_id": ticket.call_id,
        "source": "web",
        "state": "new",
        "opened_at": T0,
    }
    with pytest.raises(IntegrityError), writing(store) as session:
        session.execute(insert(TicketRow), [row])


def test_a_batch_is_told_in_any_order_of_arrival_at_scale(store: Engine) -> None:
    steps = [step for n in range(300) for step in livelihood_call(n)]
    random.Random(110).shuffle(steps)
    for start in range(0, len(steps), 700):
        apply(store, steps[start : start + 700])
    with reading(store) as session:
        counted = select(func.count(), func.count(CallRow.ended_at)).select_from(CallRow)
        assert session.execute(counted).one() == (300, 300)
        assert session.scalar(select(func.count()).select_from(TicketRow)) == 300


def test_all_tables_of_the_contract_are_there(store: Engine) -> None:
    assert set(Base.metadata.tables) <= set(inspect(store).get_table_names())
