"""Who may see a ticket. What may be done to it is said by tickets/lifecycle.py."""

from typing import Protocol

from tickets.roles import DESK, Actor, Role

SEES_EVERYTHING = frozenset({Role.SUPERVISOR, Role.SYSTEM})
SEES_UNSEALED = frozenset({Role.OPERATOR, Role.LEADER, Role.AUDITOR})
LISTS = SEES_EVERYTHING | SEES_UNSEALED | {Role.HANDLER}
RINGS_THE_CALLER = DESK | {Role.HANDLER}


class Owned(Protocol):
    """What is asked of a ticket; a row of the store will do."""

    unit: str | None
    responsible: str | None
    sealed: bool


def may_see(ticket: Owned, actor: Actor, *, of_his_call: bool = False) -> bool:
    """of_his_call: the ticket came of a call that sat at this call-taker's own seat.

    A sealed ticket is seen by who answers for it, by supervisors and by its unit.
    """
    if actor.is_any(SEES_EVERYTHING):
        return True
    if actor.is_any(frozenset({Role.HANDLER})) and ticket.unit in actor.units:
        return True
    if ticket.sealed:
        return ticket.responsible == actor.name
    if actor.is_any(SEES_UNSEALED):
        return True
    return of_his_call and actor.is_any(frozenset({Role.CALL_TAKER}))


def may_reveal(actor: Actor) -> bool:
    """The whole number of a caller, on a ticket that the person may see."""
    return actor.is_any(RINGS_THE_CALLER)
