"""Messages are made with the dispatch, in its transaction, once for each version."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.contacts import ContactUnknown, add_contact, contacts_of, remove_contact
from db.engine import reading, writing
from db.messages import count_by_state, inbox_of, queue_dispatch, still_stands
from db.models import MessageRow, TicketRow
from db.ticket_moves import Order, StaleEdit, apply_move
from tests.integration.store.dispatched import HANDLER, OPERATOR, SUPERVISOR, Desk
from tickets.contacts import ContactRefused


@pytest.fixture
def desk(store: Engine) -> Desk:
    desk = Desk(store)
    desk.contact("email", "water@city.example")
    desk.contact("webhook", "https://water.city.example/in")
    return desk


def told(rows: list[MessageRow]) -> list[tuple[str, str, str, int]]:
    return [(row.way, row.address, row.state, row.dispatch_version) for row in rows]


def test_a_dispatch_tells_the_unit_on_each_of_its_ways(desk: Desk) -> None:
    ticket = desk.dispatched()
    assert told(desk.messages()) == [
        ("inbox", "water", "sent", 4),
        ("email", "water@city.example", "due", 4),
        ("webhook", "https://water.city.example/in", "due", 4),
    ]
    assert {row.unit for row in desk.messages()} == {"water"}
    assert {row.due_at for row in desk.messages()} == {ticket.dispatched_at}
    assert all(str(ticket.number) in row.key for row in desk.messages())


def test_a_unit_without_contacts_has_its_inbox(desk: Desk) -> None:
    desk.dispatched(unit="parks")
    assert told(desk.messages()) == [("inbox", "parks", "sent", 4)]
    with reading(desk.engine) as session:
        (row,) = inbox_of(session, "parks", 10)
        assert "A pipe has burst" in row.body
        assert inbox_of(session, "water", 10) == []


def test_no_message_names_the_caller(desk: Desk) -> None:
    desk.dispatched(caller_name="Mr Lin")
    for row in desk.messages():
        assert "13800000001" not in row.subject + row.body
        assert "Mr Lin" not in row.subject + row.body


def test_a_dispatch_that_does_not_come_about_sends_nothing(desk: Desk) -> None:
    ticket_id = desk.screened()
    with pytest.raises(StaleEdit), writing(desk.engine) as session:
        apply_move(session, ticket_id, Order("dispatch", OPERATOR, desk.at, 1, {"unit": "water"}))
    with Session(desk.engine) as session:
        order = Order("dispatch", OPERATOR, desk.at, 3, {"unit": "water"})
        assert apply_move(session, ticket_id, order).state == "dispatched"
        session.rollback()
    assert desk.messages() == []


def test_the_same_version_is_queued_once(desk: Desk) -> None:
    ticket = desk.dispatched()
    before = [row.key for row in desk.messages()]
    with writing(desk.engine) as session:
        row = session.get_one(TicketRow, ticket.id)
        assert queue_dispatch(session, row, contacts_of(session, "water")) == 0
    assert [row.key for row in desk.messages()] == before


@pytest.mark.control(without="the key's uniqueness")
def test_control_without_its_key_the_same_version_would_be_sent_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = desk.dispatched()
    count = iter(range(9))
    monkeypatch.setattr("db.messages.key_of", lambda *_: f"another-{next(count)}")
    with writing(desk.engine) as session:
        row = session.get_one(TicketRow, ticket.id)
        assert queue_dispatch(session, row, contacts_of(session, "water")) == 3


def test_a_dispatch_after_an_objection_is_a_new_one(desk: Desk) -> None:
    ticket = desk.dispatched()
    desk.move(ticket.id, "object", HANDLER, "not our pipe")
    desk.move(ticket.id, "overrule", SUPERVISOR, "it is yours")
    assert [row.dispatch_version for row in desk.messages()] == [4] * 3 + [6] * 3
    assert len({row.key for row in desk.messages()}) == 6


def stands(desk: Desk) -> list[bool]:
    with reading(desk.engine) as session:
        return [still_stands(session, row) for row in session.query(MessageRow).all()]


def test_a_message_stands_while_the_unit_has_the_ticket(desk: Desk) -> None:
    ticket = desk.dispatched()
    assert stands(desk) == [True] * 3
    desk.move(ticket.id, "accept", HANDLER)
    assert stands(desk) == [True] * 3


@pytest.mark.parametrize("again", [False, True])
def test_a_message_of_a_recalled_dispatch_stands_no_more(desk: Desk, again: bool) -> None:
    ticket = desk.dispatched()
    desk.move(ticket.id, "recall", SUPERVISOR, "another unit")
    if again:
        desk.move(ticket.id, "dispatch", OPERATOR, unit="water")
    assert stands(desk) == [False] * 3 + [True] * (3 if again else 0)


def test_only_a_ticket_that_was_just_dispatched_is_queued(desk: Desk) -> None:
    ticket_id = desk.screened()
    with writing(desk.engine) as session, pytest.raises(ValueError, match="not dispatched"):
        queue_dispatch(session, session.get_one(TicketRow, ticket_id), [])


def test_contacts_are_kept_once_checked_and_taken_away(desk: Desk) -> None:
    desk.contact("email", "water@city.example")
    with writing(desk.engine) as session:
        assert [row.way for row in contacts_of(session, "water")] == ["email", "webhook"]
        with pytest.raises(ContactRefused):
            add_contact(session, "water", "email", "nobody")
        remove_contact(session, "water", "email", "water@city.example")
        with pytest.raises(ContactUnknown):
            remove_contact(session, "water", "email", "water@city.example")
        assert [row.way for row in contacts_of(session, None)] == ["webhook"]


def test_states_without_a_message_are_counted_as_none(desk: Desk) -> None:
    desk.dispatched()
    with reading(desk.engine) as session:
        assert count_by_state(session, ["due", "dead"]) == {"due": 2, "dead": 0}
