"""Lists of tickets on both stores: who sees what, page by page, and words as they stand."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert

from db.engine import reading, writing
from db.models import CallRow, CallStepRow, TicketRow
from db.ticket_access import live_seat, seats_of_call, visible_to
from db.ticket_lists import Mark, Wanted, list_tickets
from tickets.access import LISTS, may_see
from tickets.roles import Actor, Role

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
SUPERVISOR = Actor("chen", frozenset({Role.SUPERVISOR}))


def row(n: int, **values: object) -> dict[str, object]:
    return {
        "number": f"20261123-{n:06d}",
        "provisional_number": f"P-{n}",
        "source": "counter",
        "state": "new",
        "opened_at": T0 + timedelta(seconds=n // 3),  # three share each second
        **values,
    }


def fill(store: Engine, rows: list[dict[str, object]]) -> None:
    with writing(store) as session:
        for each in rows:
            session.execute(insert(TicketRow).values(each))


def numbers(store: Engine, actor: Actor = SUPERVISOR, **wanted: Any) -> list[str]:  # noqa: ANN401
    with reading(store) as session:
        seen = visible_to(actor)
        rows = list_tickets(session, Wanted(**wanted), limit=200, seen=seen)
        return [str(row.number) for row in rows]


def test_the_list_and_the_rule_mean_the_same(store: Engine) -> None:
    grid = product(("water", "power", None), ("wang", "li", None), (True, False))
    fill(
        store,
        [
            row(n, unit=unit, responsible=responsible, sealed=sealed)
            for n, (unit, responsible, sealed) in enumerate(grid)
        ],
    )
    with reading(store) as session:
        every = list_tickets(session, Wanted(), limit=200)
    assert len(every) == 18
    roles = [*({role} for role in LISTS), {Role.HANDLER, Role.OPERATOR}]
    for name, held, units in product(("wang", "li"), roles, (set(), {"water"}, {"water", "power"})):
        actor = Actor(name, frozenset(held), frozenset(units))
        allowed = [str(each.number) for each in every if may_see(each, actor)]
        assert numbers(store, actor) == allowed, actor


def test_every_seat_that_talked_is_known_and_who_has_him_now(store: Engine) -> None:
    with writing(store) as session:
        for n, member in enumerate(("8001", "7001")):
            session.add(
                CallStepRow(
                    event_id=f"e{n}", node="n1", leg="1", call_id="c1", kind="seat", at=T0,
                    data={"member": member},
                )
            )  # fmt: skip
        session.add(CallRow(call_id="c1", node="n1", seat="7001"))
        session.add(CallRow(call_id="c2", node="n1", seat="7002", ended_at=T0))
    with reading(store) as session:
        assert seats_of_call(session, "c1") == {"8001", "7001"}
        assert seats_of_call(session, None) == frozenset()
        assert [live_seat(session, each) for each in ("c1", "c2", None)] == ["7001", None, None]


@pytest.mark.parametrize(
    ("actor", "wanted"),
    [
        (SUPERVISOR, {}),
        (SUPERVISOR, {"state": "new"}),
        (SUPERVISOR, {"caller": "13800000001"}),
        (Actor("wang", frozenset({Role.OPERATOR})), {}),
    ],
)
def test_a_page_deep_in_the_list_is_found_by_index_and_not_sorted(
    store: Engine, actor: Actor, wanted: dict[str, Any]
) -> None:
    fill(store, [row(n) for n in range(1, 30)])
    said: list[str] = []

    def explain(conn, _cursor, statement, parameters, _context, _many) -> None:
        if statement.startswith("SELECT tickets"):
            sqlite = conn.dialect.name == "sqlite"
            how = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
            said.extend(str(line) for line in conn.connection.execute(how + statement, parameters))

    with reading(store) as session:
        connection = session.connection()
        if store.dialect.name == "postgresql":  # so few rows would be read whole
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        event.listen(connection, "after_cursor_execute", explain)
        mark = Mark(T0 + timedelta(days=1), 9)
        list_tickets(session, Wanted(**wanted), limit=5, after=mark, seen=visible_to(actor))
    plan = "\n".join(said)
    assert "ix_tickets_" in plan
    assert "SCAN tickets\n" not in plan
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan.replace("Incremental Sort", "").replace("Sort Key", "")
