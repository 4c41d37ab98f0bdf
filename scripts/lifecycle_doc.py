"""Writes docs/lifecycle.md from the table of moves itself."""

from config.settings import ROOT
from tickets.lifecycle import MOVES, Move
from tickets.model import ENDED, State

PAGE = ROOT / "docs" / "lifecycle.md"
HEAD = """\
# The life of a ticket

<!-- Made by `var/venv/bin/python -m scripts.lifecycle_doc`: do not edit. -->

The table is `tickets/lifecycle.py`. A move that is not in it is refused, and so is one by another
role, without its fields, or by somebody who saw an older version. Each move leaves a row in
`ticket_events`, which the store writes by itself and lets nobody change. `closed` without a
recorded call-back is refused by the store, too.

"""
MANY = 6  # a move from so many states would hide the picture: it stands in the table alone


def page() -> str:
    return HEAD + _picture() + "\n" + _table()


def _picture() -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [
        f"    [*] --> {_name(state)}" for state in (State.NEW, State.CALL_BACK, State.RETURNED)
    ]
    for move in MOVES.values():
        if move.to is None or len(move.froms) >= MANY:
            continue
        for state in sorted(move.froms):
            lines.append(f"    {_name(state)} --> {_name(move.to)}: {move.name}")
    lines += [f"    {_name(state)} --> [*]" for state in sorted(ENDED)]
    return "\n".join([*lines, "```", ""])


def _name(state: State) -> str:
    return state.value.replace("-", "_")


def _table() -> str:
    head = "| move | 中文 | from | to | who | needs |\n|---|---|---|---|---|---|\n"
    return head + "".join(_row(move) for move in MOVES.values())


def _row(move: Move) -> str:
    stays = f"(as before {move.undoes})" if move.undoes else "(stays)"
    to = move.to.value if move.to else stays
    froms = (
        "any that has not ended" if len(move.froms) >= MANY * 2 else ", ".join(sorted(move.froms))
    )
    needs = ", ".join([*move.needs, *(["a reason"] if move.because else [])]) or "-"
    cells = (move.name, move.chinese, froms, to, ", ".join(sorted(move.roles)), needs)
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
