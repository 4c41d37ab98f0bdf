"""Tickets about one matter: offered, joined, parted, and all their callers called back."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from db import join_guard, ticket_moves
from db.engine import one_moment, reading, writing
from db.joins import join, joined_tickets, offers, to_call_back, unjoin
from db.models import TicketRow
from db.ticket_moves import Order, StaleEdit, apply_move
from db.tickets import open_ticket
from reports.ticket_audit import audit_tickets
from scripts.seeding.write import Plan, seed_tickets
from tests.integration.store.test_ticket_moves import HANDLER, OPERATOR, WORKER, draft
from tickets.refused import MoveRefused
from tickets.roles import Actor

T0 = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
BURST = {"matter": "0101", "place": "解放路12号", "area": "东关街道"}


class Desk:
    """Some tickets, each moved on by who may."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.opened = 0
        self.at = T0

    def open(self, caller: str | None = None, **given):
        self.opened += 1
        with writing(self.engine) as session:
            number = caller or f"1540000000{self.opened}"
            one = replace(draft(self.opened), caller=number, opened_at=T0)
            ticket_id = open_ticket(session, one, by="wang").id
        if given:
            self.move(ticket_id, "edit", **given)
        return ticket_id

    def order(self, ticket_id: int, name: str, actor: Actor, **given: object) -> Order:
        self.at += timedelta(minutes=1)
        with reading(self.engine) as session:
            version = session.get_one(TicketRow, ticket_id).version
        return Order(name, actor, self.at, version, given, "one matter")

    def move(self, ticket_id: int, name: str, actor: Actor = OPERATOR, **given: object) -> str:
        order = self.order(ticket_id, name, actor, **given)
        with writing(self.engine) as session:
            return apply_move(session, ticket_id, order).state

    def join(self, ticket_id: int, head_id: int) -> None:
        order = self.order(ticket_id, "join", OPERATOR)
        with writing(self.engine) as session:
            join(session, ticket_id, head_id, order)

    def unjoin(self, ticket_id: int) -> str:
        order = self.order(ticket_id, "unjoin", OPERATOR)
        with writing(self.engine) as session:
            return unjoin(session, ticket_id, order).state

    def row(self, ticket_id: int) -> TicketRow:
        with reading(self.engine) as session:
            ticket = session.get_one(TicketRow, ticket_id)
            session.expunge(ticket)
            return ticket


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


def test_the_same_pipe_is_offered_with_the_reason_and_nothing_else_is(desk: Desk) -> None:
    first = desk.open(request="解放路12号水管爆了，水喷得到处都是", **BURST)
    desk.open(request="老板拖欠工资", place="工业路8号", area="白石镇", matter="0701")
    second = desk.open(request="路上全是水", place="解放路12号门口", area="东关街道")
    with reading(desk.engine) as session:
        found = offers(session, session.get_one(TicketRow, second))
        assert [offer.ticket.id for offer in found] == [first]
        assert "x place" in str(found[0].likeness)


def test_what_has_been_joined_or_withdrawn_is_not_offered(desk: Desk) -> None:
    first = desk.open(request="水管爆了", **BURST)
    second = desk.open(request="水管爆了", **BURST)
    third = desk.open(request="水管爆了", **BURST)
    desk.join(second, first)
    desk.move(first, "edit", title="x")
    with reading(desk.engine) as session:
        ids = [offer.ticket.id for offer in offers(session, session.get_one(TicketRow, third))]
    assert ids == [first]


def test_the_second_report_of_a_seeded_pair_is_offered_its_first(store: Engine) -> None:
    """Of what the desk joined by hand nearly all would have been offered."""
    seed_tickets(store, Plan(tickets=4000, seed=9, until=date(2026, 11, 1), days=16))
    with reading(store) as session:
        joined = session.scalars(select(TicketRow).where(TicketRow.state == "joined")).all()
        lists = [[offer.ticket.id for offer in offers(session, each)] for each in joined]
        hits = [each.joined_to in found for each, found in zip(joined, lists, strict=True)]
    assert len(joined) > 60
    assert sum(hits) / len(hits) > 0.9
    assert sum(map(len, lists)) / len(lists) < 2  # few others beside it


def test_joined_and_parted_again_it_stands_as_before(desk: Desk) -> None:
    first, second = desk.open(**BURST), desk.open(request="水管爆了", **BURST)
    desk.move(second, "claim", responsible="wang")
    desk.move(second, "screen")
    desk.move(second, "dispatch", unit="water")
    desk.move(second, "accept", HANDLER)
    before = ticket_moves.columns_of(desk.row(second))
    desk.join(second, first)
    joined = desk.row(second)
    assert (joined.state, joined.joined_to, joined.close_exempt) == ("joined", first, "joined")
    assert desk.unjoin(second) == "accepted"
    after = ticket_moves.columns_of(desk.row(second))
    said = {"version", "move", "changed_at", "because", "changed_by"}
    assert {name for name in after if after[name] != before[name]} <= said
    desk.move(second, "solve", HANDLER, result="Mended")
    with one_moment(desk.engine) as session:
        assert audit_tickets(session).clean


def test_joined_twice_and_parted_twice_it_stands_as_before_the_second_time(desk: Desk) -> None:
    first, second = desk.open(), desk.open(request="水管爆了", **BURST)
    desk.join(second, first)
    assert desk.unjoin(second) == "new"
    desk.move(second, "claim", responsible="wang")
    desk.move(second, "screen")
    desk.join(second, first)
    assert desk.unjoin(second) == "screened"


def test_every_caller_of_a_joined_ticket_is_called_back_once(desk: Desk) -> None:
    head = desk.open("15400000001")
    for caller in ("15400000002", "15400000001", "15400000003", "unknown"):
        desk.join(desk.open(caller), head)
    with reading(desk.engine) as session:
        told = to_call_back(session, head)
        assert [each.caller for each in told] == ["15400000001", "15400000002", "15400000003"]
        assert {each.head_id for each in told} == {head}
        assert len(joined_tickets(session, head)) == 4


def test_a_ticket_is_not_joined_to_itself_to_nothing_or_to_what_is_joined(desk: Desk) -> None:
    first, second, third = desk.open(), desk.open(), desk.open()
    with pytest.raises(MoveRefused, match="to itself"):
        desk.join(first, first)
    with pytest.raises(MoveRefused, match="nothing to join to"):
        desk.join(first, 999)
    desk.join(second, first)
    with pytest.raises(MoveRefused, match="is joined: join to an open or closed"):
        desk.join(third, second)
    desk.move(third, "withdraw", close_exempt="withdrawn")
    with pytest.raises(MoveRefused, match="is withdrawn"):
        desk.join(first, third)


def test_a_head_stays_as_long_as_others_are_joined_to_it(desk: Desk) -> None:
    head, second, other = desk.open(), desk.open(), desk.open()
    desk.join(second, head)
    with pytest.raises(MoveRefused, match="1 joined to it"):
        desk.join(head, other)
    with pytest.raises(MoveRefused, match="undo that first"):
        desk.move(head, "withdraw", close_exempt="withdrawn")
    desk.unjoin(second)
    assert desk.move(head, "withdraw", close_exempt="withdrawn") == "withdrawn"


@pytest.mark.control(without="db.join_guard")
def test_control_without_the_guard_a_circle_comes_about(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticket_moves, "refuse_loose_ends", lambda *_: None)
    first, second = desk.open(), desk.open()
    desk.join(first, second)
    desk.join(second, first)
    with one_moment(desk.engine) as session:
        found = audit_tickets(session).findings
    assert {one.kind for one in found} == {"joined-in-a-circle"}


def cross(desk: Desk, meet: Callable[[], None]) -> tuple[int, list[str]]:
    """Two people join two tickets to each other; both have looked before either writes."""
    pair = desk.open(), desk.open()
    refused: list[str] = []

    def one_way(ticket_id: int, head_id: int) -> None:
        order = desk.order(ticket_id, "join", OPERATOR)
        try:
            with writing(desk.engine) as session:
                meet()
                join(session, ticket_id, head_id, order)
        except MoveRefused as fault:
            refused.append(str(fault))

    both = [threading.Thread(target=one_way, args=way) for way in (pair, pair[::-1])]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(timeout=20)
    return sum(desk.row(ticket_id).state == "joined" for ticket_id in pair), refused


def test_of_two_that_are_joined_to_each_other_at_once_one_is(desk: Desk) -> None:
    barrier = threading.Barrier(2)
    is_sqlite = desk.engine.dialect.name == "sqlite"  # there the second waits for its lock

    def meet() -> None:
        if not is_sqlite:
            barrier.wait(10)

    joined, refused = cross(desk, meet)
    assert (joined, len(refused)) == (1, 1)


@pytest.mark.control(without="the lock on both tickets")
def test_control_without_the_lock_both_are_joined_to_each_other(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only PostgreSQL lets two write at once; SQLite has its one lock from the beginning."""
    if store.dialect.name == "sqlite":
        pytest.skip("SQLite's writers never run side by side")
    desk = Desk(store)
    barrier = threading.Barrier(2)
    plain = join_guard._joined_to

    def unlocked(session, ids):
        query = select(TicketRow).where(TicketRow.id.in_(ids))
        return {row.id: row for row in session.scalars(query)}

    def both_have_looked(session, ticket_id):
        found = plain(session, ticket_id)
        barrier.wait(10)
        return found

    monkeypatch.setattr(join_guard, "_locked", unlocked)
    monkeypatch.setattr(join_guard, "_joined_to", both_have_looked)
    joined, refused = cross(desk, lambda: None)
    assert (joined, refused) == (2, [])


def test_a_join_by_who_saw_an_older_version_is_refused(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    order = desk.order(second, "join", OPERATOR)
    desk.move(second, "edit", title="x")
    with pytest.raises(StaleEdit), writing(desk.engine) as session:
        join(session, second, first, order)


def test_a_worker_joins_nothing(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    order = desk.order(second, "join", WORKER)
    with pytest.raises(MoveRefused, match="may not join"), writing(desk.engine) as session:
        join(session, second, first, order)
