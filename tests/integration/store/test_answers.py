"""A unit answers by the link of its mail: once, for that dispatch, and nobody else."""

import threading

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.exc import OperationalError

from db import answers
from db.answers import Answered, DispatchOver, answer, asked
from db.engine import reading, writing
from db.models import TicketEventRow, TicketRow, UnitAnswerRow
from db.ticket_moves import StaleEdit, apply_move, history
from tests.integration.store.dispatched import HANDLER, OPERATOR, SUPERVISOR, Desk
from tickets.refused import MoveRefused, Refusal
from tickets.signed_links import AnswerKind, AnswerLink, link_for

ACCEPT, OBJECT, SOLVE = AnswerKind.ACCEPT, AnswerKind.OBJECT, AnswerKind.SOLVE


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


def link_of(ticket: TicketRow) -> AnswerLink:
    assert ticket.unit
    assert ticket.dispatched_at
    return link_for(ticket.id, ticket.version, ticket.unit, made_at=ticket.dispatched_at, days=30)


def told(desk: Desk, ticket: TicketRow) -> list[tuple[str, str, str | None]]:
    """The moves since the dispatch, with who and why."""
    with reading(desk.engine) as session:
        return [
            (event.move, event.by, event.because)
            for event in history(session, ticket.id)
            if event.version > ticket.version
        ]


def test_an_accepted_dispatch_says_in_the_history_that_it_came_by_link(desk: Desk) -> None:
    ticket = desk.dispatched()
    done = answer(desk.engine, link_of(ticket), ACCEPT, "", desk.at)
    assert (done.state, done.again) == ("accepted", False)
    assert told(desk, ticket) == [("accept", "link:water", None)]


def test_an_objection_needs_its_words(desk: Desk) -> None:
    ticket = desk.dispatched()
    with pytest.raises(MoveRefused, match="needs a reason") as refused:
        answer(desk.engine, link_of(ticket), OBJECT, " ", desk.at)
    assert refused.value.kind is Refusal.MISSING
    done = answer(desk.engine, link_of(ticket), OBJECT, "not our pipe", desk.at)
    assert done.state == "objected"
    assert told(desk, ticket) == [("object", "link:water", "not our pipe")]


def test_who_solves_at_once_accepts_with_it(desk: Desk) -> None:
    ticket = desk.dispatched()
    done = answer(desk.engine, link_of(ticket), SOLVE, "Mended", desk.at)
    assert done.state == "solved"
    assert [move for move, _, _ in told(desk, ticket)] == ["accept", "solve"]
    with reading(desk.engine) as session:
        assert session.get_one(TicketRow, ticket.id).result == "Mended"
        (kept,) = session.query(UnitAnswerRow).all()
        assert (kept.kind, kept.said, kept.ticket_version) == ("solve", "Mended", 6)


def test_a_link_used_twice_is_applied_once(desk: Desk) -> None:
    ticket = desk.dispatched()
    link = link_of(ticket)
    first = answer(desk.engine, link, ACCEPT, "", desk.at)
    answer(desk.engine, link, SOLVE, "Mended", desk.at)
    for kind in (ACCEPT, SOLVE):
        again = answer(desk.engine, link, kind, "something else", desk.at)
        assert (again.again, again.state) == (True, "solved")
        assert again.at == first.at
    assert [move for move, _, _ in told(desk, ticket)] == ["accept", "solve"]


@pytest.mark.control(without="the row of an answer")
def test_control_without_it_a_second_press_is_an_error_to_who_pressed(desk: Desk) -> None:
    ticket = desk.dispatched()
    answer(desk.engine, link_of(ticket), ACCEPT, "", desk.at)
    with writing(desk.engine) as session:
        session.execute(delete(UnitAnswerRow))
    with pytest.raises(MoveRefused, match="does not follow accepted"):
        answer(desk.engine, link_of(ticket), ACCEPT, "", desk.at)


def at_once(desk: Desk, link: AnswerLink, kind: AnswerKind, times: int) -> list[Answered]:
    """The same answer by so many people in the same moment."""
    done: list[Answered] = []
    start = threading.Barrier(times)

    def press() -> None:
        start.wait()
        for _ in range(50):
            try:
                done.append(answer(desk.engine, link, kind, "Mended", desk.at))
                return
            except OperationalError:
                continue  # the store was busy

    threads = [threading.Thread(target=press) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def test_a_link_pressed_by_five_at_once_is_applied_once(desk: Desk) -> None:
    ticket = desk.dispatched()
    done = at_once(desk, link_of(ticket), SOLVE, 5)
    assert sorted(each.again for each in done) == [False, True, True, True, True]
    assert [move for move, _, _ in told(desk, ticket)] == ["accept", "solve"]


def test_a_link_of_an_earlier_dispatch_answers_nothing(desk: Desk) -> None:
    """The same unit has the ticket again; it has another link for that."""
    ticket = desk.dispatched()
    old = link_of(ticket)
    answer(desk.engine, old, OBJECT, "not our pipe", desk.at)
    anew = desk.move(ticket.id, "overrule", SUPERVISOR, "it is yours")
    with pytest.raises(DispatchOver, match="its link is over"):
        answer(desk.engine, old, ACCEPT, "", desk.at)
    assert answer(desk.engine, link_of(anew), ACCEPT, "", desk.at).state == "accepted"


@pytest.mark.control(without="the comparison with the newest dispatch")
def test_control_without_it_an_old_link_accepts_the_new_dispatch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = desk.dispatched()
    old = link_of(ticket)
    answer(desk.engine, old, OBJECT, "not our pipe", desk.at)
    desk.move(ticket.id, "overrule", SUPERVISOR, "it is yours")
    monkeypatch.setattr(answers, "newest_dispatch", lambda *_: old.version)
    assert answer(desk.engine, old, ACCEPT, "", desk.at).state == "accepted"


@pytest.mark.parametrize("to", [None, "gas"])
def test_a_link_of_a_recalled_dispatch_answers_nothing(desk: Desk, to: str | None) -> None:
    ticket = desk.dispatched()
    desk.move(ticket.id, "recall", SUPERVISOR, "not yours")
    if to:
        desk.move(ticket.id, "dispatch", OPERATOR, unit=to)
    with pytest.raises(DispatchOver):
        answer(desk.engine, link_of(ticket), ACCEPT, "", desk.at)
    with reading(desk.engine) as session:
        assert session.query(UnitAnswerRow).count() == 0


def test_an_answer_that_does_not_follow_is_refused_and_leaves_no_trace(desk: Desk) -> None:
    ticket = desk.dispatched()
    desk.move(ticket.id, "accept", HANDLER)
    with pytest.raises(MoveRefused) as refused:
        answer(desk.engine, link_of(ticket), OBJECT, "too late", desk.at)
    assert refused.value.kind is Refusal.WRONG_STATE
    assert answer(desk.engine, link_of(ticket), SOLVE, "Mended", desk.at).state == "solved"


def test_somebody_elses_edit_meanwhile_is_no_fault_of_the_unit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = desk.dispatched()
    real, stale = apply_move, [True, True]

    def slow(session, ticket_id, order):
        if stale:
            stale.pop()
            raise StaleEdit(order.version, session.get_one(TicketRow, ticket_id))
        return real(session, ticket_id, order)

    monkeypatch.setattr(answers, "apply_move", slow)
    assert answer(desk.engine, link_of(ticket), ACCEPT, "", desk.at).again is False
    assert [move for move, _, _ in told(desk, ticket)] == ["accept"]


def test_the_page_shows_what_may_be_answered_now(desk: Desk) -> None:
    ticket = desk.dispatched()
    link = link_of(ticket)

    def shown() -> tuple[str, tuple[AnswerKind, ...]]:
        with reading(desk.engine) as session:
            page = asked(session, link)
            return page.state, page.kinds

    assert shown() == ("dispatched", (ACCEPT, OBJECT, SOLVE))
    answer(desk.engine, link, ACCEPT, "", desk.at)
    assert shown() == ("accepted", (SOLVE,))
    answer(desk.engine, link, SOLVE, "Mended", desk.at)
    assert shown() == ("solved", ())


def test_the_page_of_a_sealed_ticket_shows_no_text(desk: Desk) -> None:
    ticket = desk.dispatched()
    desk.move(ticket.id, "seal", OPERATOR, "violence at home", sealed=True)
    with reading(desk.engine) as session:
        page = asked(session, link_of(ticket))
    assert (page.title, page.request, page.place) == (None, None, None)


def test_to_look_changes_nothing(desk: Desk) -> None:
    """Mail scanners open every link."""
    ticket = desk.dispatched()
    with reading(desk.engine) as session:
        before = session.query(TicketEventRow).count()
        asked(session, link_of(ticket))
        assert session.query(TicketEventRow).count() == before
        assert session.get_one(TicketRow, ticket.id).version == ticket.version
