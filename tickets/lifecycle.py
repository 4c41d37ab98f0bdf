"""What may happen to a ticket: one table of moves, who may make them, what each needs.

The picture in docs/tickets.md is drawn from this table (scripts/lifecycle_doc.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tickets.model import ENDED, State
from tickets.refused import MoveRefused, Refusal
from tickets.roles import DESK, Actor, Role

S = State
SUPERVISORS = frozenset({Role.SUPERVISOR})
UNIT = frozenset({Role.HANDLER})
UNIT_OR_DESK = UNIT | DESK
CALLS_BACK = DESK | {Role.SYSTEM}
FRESH = frozenset({S.NEW, S.CALL_BACK, S.RETURNED})
AT_THE_UNIT = frozenset({S.DISPATCHED, S.ACCEPTED, S.IN_PROGRESS, S.WAITING, S.EXTENSION_ASKED})
WORKED_ON = frozenset({S.ACCEPTED, S.IN_PROGRESS})
CLOCK_RUNS = (AT_THE_UNIT | {S.OBJECTED}) - {S.WAITING}
FINISHED = frozenset({S.SOLVED, S.UNSOLVABLE})
OPEN = frozenset(State) - ENDED


@dataclass(frozen=True, slots=True)
class Move:
    """`to` is None where the state stays. `needs`: fields that must be set with it or before.

    because: whether a reason in words is asked for. undoes: the move whose former state comes
    back; `to` is None then, too.
    """

    name: str
    chinese: str
    froms: frozenset[State]
    to: State | None
    roles: frozenset[Role]
    needs: tuple[str, ...] = ()
    because: bool = False
    undoes: str | None = None


def _move(
    name: str,
    chinese: str,
    froms: frozenset[State] | State,
    to: State | None,
    roles: frozenset[Role],
    *needs: str,
    because: bool = False,
    undoes: str | None = None,
) -> Move:
    froms = frozenset({froms}) if isinstance(froms, State) else froms
    return Move(name, chinese, froms, to, roles, needs, because, undoes)


MOVES = {
    move.name: move
    for move in (
        _move("edit", "补录", OPEN, None, DESK),
        _move("claim", "认领", OPEN, None, DESK, "responsible"),
        _move("offer", "移交", OPEN, None, DESK, "handing_to"),
        _move("take", "接收移交", OPEN, None, DESK, "responsible"),
        _move("seal", "保密", OPEN, None, DESK, because=True),
        _move("screen", "受理", FRESH | {S.REOPENED}, S.SCREENED, DESK, "matter", "request"),
        _move("split", "拆分", S.SCREENED, S.SPLIT, DESK, because=True),
        _move("gather", "并案答复", S.SPLIT, S.SOLVED, CALLS_BACK, "result"),
        _move("dispatch", "派单", S.SCREENED, S.DISPATCHED, DESK, "unit", "matter", "responsible"),
        _move("accept", "签收", S.DISPATCHED, S.ACCEPTED, UNIT),
        _move("object", "派单异议", S.DISPATCHED, S.OBJECTED, UNIT, because=True),
        _move("uphold", "异议成立", S.OBJECTED, S.SCREENED, SUPERVISORS, because=True),
        _move("overrule", "异议驳回", S.OBJECTED, S.DISPATCHED, SUPERVISORS, because=True),
        _move("begin", "办理", S.ACCEPTED, S.IN_PROGRESS, UNIT),
        _move("wait", "等待群众", WORKED_ON, S.WAITING, UNIT_OR_DESK, because=True),
        _move("go-on", "恢复办理", S.WAITING, S.IN_PROGRESS, UNIT_OR_DESK),
        _move(
            "ask-extension", "申请延期", WORKED_ON, S.EXTENSION_ASKED, UNIT,
            "extension_to", because=True,
        ),
        _move("grant", "同意延期", S.EXTENSION_ASKED, S.IN_PROGRESS, SUPERVISORS),
        _move(
            "recompute", "重算时限", CLOCK_RUNS, None, frozenset({Role.SYSTEM}), "due_at",
            because=True,
        ),
        _move("deny", "不同意延期", S.EXTENSION_ASKED, S.IN_PROGRESS, SUPERVISORS, because=True),
        _move("recall", "收回", AT_THE_UNIT, S.SCREENED, SUPERVISORS, because=True),
        _move("solve", "办结", WORKED_ON, S.SOLVED, UNIT, "result"),
        _move("give-up", "无法办结", WORKED_ON, S.UNSOLVABLE, UNIT, "result", because=True),
        _move("answer", "直接答复", FRESH | {S.SCREENED}, S.SOLVED, DESK, "matter", "result"),
        _move("owe-call-back", "待回访", FINISHED, S.CALL_BACK_DUE, CALLS_BACK),
        _move("close", "办结归档", FINISHED | {S.CALL_BACK_DUE}, S.CLOSED, CALLS_BACK),
        _move(
            "reopen", "重办", FINISHED | {S.CALL_BACK_DUE, S.CLOSED, S.WITHDRAWN}, S.REOPENED,
            CALLS_BACK, because=True,
        ),
        _move("join", "并入", OPEN, S.JOINED, DESK, "joined_to", because=True),
        _move("unjoin", "撤销并入", S.JOINED, None, DESK, because=True, undoes="join"),
        _move("withdraw", "撤诉", OPEN, S.WITHDRAWN, DESK, because=True),
    )
}  # fmt: skip


class Standing(Protocol):
    """What a guard asks of a ticket; a row of the store will do."""

    state: str
    unit: str | None
    responsible: str | None
    handing_to: str | None
    close_exempt: str | None


def checked(
    ticket: Standing, name: str, actor: Actor, given: Mapping[str, Any], because: str = ""
) -> Move:
    """The move, if this person may make it now with what is given.

    Raises:
        MoveRefused: with the one reason why not, and what would be needed.
    """
    move = MOVES.get(name)
    if move is None:
        raise MoveRefused(Refusal.UNKNOWN, f"no move is called {name}: {', '.join(sorted(MOVES))}")
    if not actor.is_any(move.roles):
        who = ", ".join(sorted(move.roles))
        raise MoveRefused(Refusal.NOT_ALLOWED, f"{actor.name} may not {name}: it takes {who}")
    if State(ticket.state) not in move.froms:
        states = ", ".join(sorted(move.froms))
        raise MoveRefused(
            Refusal.WRONG_STATE, f"{name} does not follow {ticket.state}, only {states}"
        )
    missing = [need for need in move.needs if not (given.get(need) or _has(ticket, need, move))]
    if missing:
        raise MoveRefused(Refusal.MISSING, f"{name} needs {', '.join(missing)}")
    if move.because and not because.strip():
        raise MoveRefused(Refusal.MISSING, f"{name} needs a reason in words")
    _own_unit(ticket, move, actor)
    _persons(ticket, name, actor, given)
    return move


def moves_open_to(ticket: Standing, actor: Actor) -> list[Move]:
    """What a page offers this person; a move may still ask for fields."""
    own = actor.is_any(DESK | {Role.SYSTEM}) or ticket.unit in actor.units
    state = State(ticket.state)
    return [m for m in MOVES.values() if own and state in m.froms and actor.is_any(m.roles)]


def _has(ticket: Standing, need: str, move: Move) -> bool:
    """A field from before counts, except what a move is there to give anew."""
    anew = {"result", "extension_to", "joined_to"}
    if move.name in ("claim", "offer", "take"):
        return False
    return need not in anew and bool(getattr(ticket, need, None))


def _own_unit(ticket: Standing, move: Move, actor: Actor) -> None:
    if actor.is_any(move.roles - UNIT):
        return
    if ticket.unit not in actor.units:
        raise MoveRefused(
            Refusal.NOT_ALLOWED, f"this ticket is with {ticket.unit or 'nobody'}, not with yours"
        )


def _persons(ticket: Standing, name: str, actor: Actor, given: Mapping[str, Any]) -> None:
    """One person answers for a ticket from start to end; it changes hands only if accepted."""
    if name == "claim" and ticket.responsible:
        raise MoveRefused(
            Refusal.NOT_ALLOWED, f"{ticket.responsible} answers for it: let it be handed over"
        )
    if name in ("claim", "take") and given.get("responsible") != actor.name:
        raise MoveRefused(Refusal.NOT_ALLOWED, "a ticket is taken by oneself, not for another")
    if name == "take" and ticket.handing_to != actor.name:
        raise MoveRefused(Refusal.NOT_ALLOWED, "nobody has handed it over to you")
    if name == "offer" and not (ticket.responsible == actor.name or actor.is_any(SUPERVISORS)):
        raise MoveRefused(
            Refusal.NOT_ALLOWED, "only who answers for it, or a supervisor, hands it over"
        )
