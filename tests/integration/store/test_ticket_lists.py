"""Lists of tickets on both stores: who sees what, page by page, and words as they stand."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert

from db import ticket_lists
from db.engine import reading, writing
from db.models import CallRow, CallStepRow, TicketRow
from db.ticket_lists import Wanted, list_tickets, live_seat, seats_of_call
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
        asked = Wanted(**{"limit": 200, **wanted})
        return [str(row.number) for row in list_tickets(session, actor, asked)]


def test_pages_have_every_ticket_once_newest_first(store: Engine) -> None:
    fill(store, [row(n) for n in range(1, 26)])
    seen: list[str] = []
    after = None
    while True:
        with reading(store) as session:
            page = list_tickets(session, SUPERVISOR, Wanted(limit=4, after=after))
            if not page:
                break
            after = (page[-1].opened_at, page[-1].id)
            seen += [str(each.number) for each in page]
        if len(seen) == 8:  # one that comes in meanwhile moves no page
            fill(store, [row(99)])
    assert seen == [f"20261123-{n:06d}" for n in range(25, 0, -1)]


def test_each_filter_and_all_together(store: Engine) -> None:
    values: dict[str, Any] = {
        "state": "screened", "unit": "water", "responsible": "wang", "matter": "0101",
        "caller": "13800000001",
    }  # fmt: skip
    fill(store, [row(1, **values), row(2)])
    fill(store, [row(10 + n, **{**values, name: "x"}) for n, name in enumerate(values)])
    assert numbers(store, **values) == ["20261123-000001"]
    for name, value in values.items():
        assert "20261123-000002" not in numbers(store, **{name: value})
        assert len(numbers(store, **{name: value})) == len(values)


WORDS = ["100%", "a_b", "\\", "'; DROP TABLE tickets; --", "%", "_", "水管"]


@pytest.mark.parametrize("word", WORDS)
def test_words_are_looked_for_as_they_stand(store: Engine, word: str) -> None:
    """B36."""
    fill(store, [row(1, request=f"before {word} after"), row(2, request="100 axb /")])
    assert numbers(store, text=word) == ["20261123-000001"]


@pytest.mark.control("B36", without="the escape of LIKE's own characters")
def test_control_without_the_escape_a_per_cent_sign_finds_everything(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, [row(1, request="100%"), row(2, request="100 axb")])
    plain = [TicketRow.request.icontains("%", autoescape=False)]
    monkeypatch.setattr(ticket_lists, "_filters", lambda _: plain)
    assert len(numbers(store, text="%")) == 2


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
        every = list_tickets(session, SUPERVISOR, Wanted(limit=200))
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
        list_tickets(session, actor, Wanted(limit=5, after=(T0 + timedelta(days=1), 9), **wanted))
    plan = "\n".join(said)
    assert "ix_tickets_" in plan
    assert "SCAN tickets\n" not in plan
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan.replace("Incremental Sort", "").replace("Sort Key", "")
