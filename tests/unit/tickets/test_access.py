"""Who may see a ticket."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.access import may_reveal, may_see
from tickets.roles import Actor, Role


@dataclass
class Ticket:
    unit: str | None = None
    responsible: str | None = None
    sealed: bool = False


def person(*roles: Role, name: str = "li", units: frozenset[str] = frozenset()) -> Actor:
    return Actor(name, frozenset(roles), units)


ACTORS = st.builds(
    Actor,
    st.sampled_from(["li", "wang"]),
    st.frozensets(st.sampled_from(sorted(set(Role) - {Role.SYSTEM})), min_size=1),
    st.frozensets(st.sampled_from(["water", "power"])),
)
TICKETS = st.builds(
    Ticket,
    st.sampled_from([None, "water", "power", "gas"]),
    st.sampled_from([None, "li", "zhang"]),
    st.booleans(),
)


@given(TICKETS, ACTORS, st.booleans())
def test_a_sealed_ticket_is_seen_by_its_person_its_unit_and_supervisors_only(
    ticket: Ticket, actor: Actor, of_his_call: bool
):
    ticket.sealed = True
    named = (
        ticket.responsible == actor.name
        or Role.SUPERVISOR in actor.roles
        or (Role.HANDLER in actor.roles and ticket.unit in actor.units)
    )
    assert may_see(ticket, actor, of_his_call=of_his_call) == named


@given(TICKETS, ACTORS, st.booleans())
def test_sealing_shows_it_to_nobody_who_did_not_see_it_but_its_person(
    ticket: Ticket, actor: Actor, of_his_call: bool
):
    ticket.sealed = True
    if may_see(ticket, actor, of_his_call=of_his_call) and ticket.responsible != actor.name:
        ticket.sealed = False
        assert may_see(ticket, actor, of_his_call=of_his_call)


@pytest.mark.parametrize("unit", [None, "power"])
def test_a_handler_sees_his_units_tickets_and_no_others(unit):
    handler = person(Role.HANDLER, units=frozenset({"water"}))
    assert may_see(Ticket("water"), handler)
    assert not may_see(Ticket(unit), handler)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.LEADER, Role.AUDITOR, Role.SUPERVISOR])
def test_the_desk_leaders_and_auditors_read(role):
    assert may_see(Ticket(), person(role))


def test_a_call_taker_sees_tickets_of_his_calls_only_and_an_admin_none():
    assert may_see(Ticket(), person(Role.CALL_TAKER), of_his_call=True)
    assert not may_see(Ticket(), person(Role.CALL_TAKER))
    assert not may_see(Ticket(), person(Role.ADMIN), of_his_call=True)


def test_whole_numbers_are_for_who_rings_the_caller():
    shown = {role for role in Role if may_reveal(person(role))}
    assert shown == {Role.OPERATOR, Role.SUPERVISOR, Role.HANDLER}
