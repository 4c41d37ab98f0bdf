"""What may happen to a ticket, and to whom it is refused."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.lifecycle_doc import PAGE, page
from tickets.fields import OF_MOVE, fields_given
from tickets.lifecycle import FRESH, MOVES, checked, moves_open_to
from tickets.model import ENDED, State
from tickets.refused import MoveRefused, Refusal
from tickets.roles import Actor, Role, system

OPERATOR = Actor("wang", frozenset({Role.OPERATOR}))
SUPERVISOR = Actor("chen", frozenset({Role.SUPERVISOR}))
HANDLER = Actor("li", frozenset({Role.HANDLER}), frozenset({"water"}))


@dataclass
class Ticket:
    state: str = "new"
    unit: str | None = "water"
    responsible: str | None = "wang"
    handing_to: str | None = None
    close_exempt: str | None = None
    matter: str | None = "0101"
    request: str | None = "A pipe has burst"


def refusal(
    ticket: Ticket, name: str, actor: Actor, because: str = "", **fields: object
) -> Refusal:
    with pytest.raises(MoveRefused) as refused:
        checked(ticket, name, actor, fields, because)
    return refused.value.kind


def refused_kind(attempt: Callable[[], object]) -> Refusal | None:
    try:
        attempt()
    except MoveRefused as refused:
        return refused.kind
    return None


def test_a_ticket_goes_from_the_call_to_the_citizens_yes():
    ticket = Ticket()
    for name, actor, fields in (
        ("screen", OPERATOR, {}),
        ("dispatch", OPERATOR, {}),
        ("accept", HANDLER, {}),
        ("begin", HANDLER, {}),
        ("solve", HANDLER, {"result": "Mended"}),
        ("owe-call-back", system("worker"), {}),
        ("close", system("worker"), {"said_solved": True}),
    ):
        move = checked(ticket, name, actor, fields)
        assert move.to is not None
        ticket.state = move.to.value
    assert ticket.state == "closed"


def test_an_objection_is_decided_by_the_supervisor_and_nobody_else():
    ticket = Ticket("objected")
    assert refusal(ticket, "uphold", OPERATOR, "not theirs") is Refusal.NOT_ALLOWED
    assert refusal(ticket, "uphold", HANDLER, "not ours") is Refusal.NOT_ALLOWED
    assert checked(ticket, "uphold", SUPERVISOR, {}, "not theirs").to is State.SCREENED
    assert checked(ticket, "overrule", SUPERVISOR, {}, "it is").to is State.DISPATCHED


def test_a_handler_touches_only_the_tickets_of_his_unit():
    ticket = Ticket("dispatched", unit="power")
    assert refusal(ticket, "accept", HANDLER) is Refusal.NOT_ALLOWED
    assert moves_open_to(ticket, HANDLER) == []


def test_a_ticket_changes_hands_only_if_the_other_takes_it():
    assert refusal(Ticket(), "claim", SUPERVISOR, responsible="chen") is Refusal.NOT_ALLOWED
    zhao = Actor("zhao", frozenset({Role.OPERATOR}))
    assert refusal(Ticket(), "offer", zhao, handing_to="zhao") is Refusal.NOT_ALLOWED
    assert checked(Ticket(), "offer", OPERATOR, {"handing_to": "zhao"}).to is None
    offered = Ticket(handing_to="zhao")
    assert refusal(offered, "take", SUPERVISOR, responsible="chen") is Refusal.NOT_ALLOWED
    assert checked(offered, "take", zhao, {"responsible": "zhao"}).to is None


@pytest.mark.parametrize("name", sorted(m.name for m in MOVES.values() if m.because))
def test_a_move_that_asks_for_a_reason_takes_no_blanks_for_one(name):
    move = MOVES[name]
    ticket = Ticket(min(move.froms))
    actor = Actor("all", frozenset(Role), frozenset({"water"}))
    fields = dict.fromkeys(move.needs, "x")
    assert refusal(ticket, name, actor, "  ", **fields) is Refusal.MISSING
    assert checked(ticket, name, actor, fields, "for a reason")


@pytest.mark.parametrize("state", sorted(ENDED))
def test_what_has_ended_is_only_opened_again(state):
    every = Actor("all", frozenset(Role), frozenset({"water"}))
    assert {m.name for m in moves_open_to(Ticket(state), every)} <= {"reopen", "unjoin"}


def test_every_state_is_reached_and_left():
    reached = {move.to for move in MOVES.values()} | FRESH
    assert set(State) <= reached
    leaving = [move for move in MOVES.values() if move.to or move.undoes]
    assert set(State) == {state for move in leaving for state in move.froms}


@given(
    st.sampled_from(sorted(MOVES)), st.sampled_from(sorted(State)), st.sampled_from(sorted(Role))
)
def test_no_role_makes_a_move_that_the_table_does_not_give_it(name, state, role):
    actor = Actor("x", frozenset({role}), frozenset({"water"}))
    move = MOVES[name]
    needed = dict.fromkeys(move.needs, "x")
    if kind := refused_kind(lambda: checked(Ticket(state), name, actor, needed, "so")):
        assert kind in (Refusal.NOT_ALLOWED, Refusal.WRONG_STATE)
    else:
        assert role in move.roles
        assert state in move.froms


@given(st.sampled_from(sorted(MOVES)), st.dictionaries(st.text(max_size=20), st.text(), max_size=4))
def test_a_field_that_a_move_does_not_set_is_refused_by_name(name, fields):
    if kind := refused_kind(lambda: fields_given(name, fields)):
        assert kind is Refusal.MISSING
    else:
        assert fields.keys() <= OF_MOVE.get(name, frozenset())


@pytest.mark.parametrize(
    ("move", "fields", "words"),
    [
        ("screen", {"urgency": "soon"}, "emergency, normal, urgent"),
        ("screen", {"title": "x" * 201}, "201 characters of 200"),
        ("screen", {"request": "a\0b"}, "is text"),
        ("close", {"satisfied": 6}, "1 to 5"),
        ("close", {"said_solved": "yes"}, "true or false"),
        ("seal", {"state": "closed"}, "it sets sealed"),
        ("dispatch", {"due_at": "tomorrow"}, "a time with its zone"),
    ],
)
def test_a_value_that_cannot_stand_in_its_field_is_refused_with_what_could(move, fields, words):
    with pytest.raises(MoveRefused, match=words):
        fields_given(move, fields)


def test_the_picture_is_drawn_from_the_table_as_it_is():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m scripts.lifecycle_doc"
