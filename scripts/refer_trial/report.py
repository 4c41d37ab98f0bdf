"""A trial as it is printed, and as JSON."""

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.refer_trial.errors import TrialFailed
from scripts.refer_trial.run import Found
from scripts.refer_trial.seen import Seen
from scripts.refer_trial.words import sentences

COLOURS = {"refer": "green", "redirect": "yellow", None: "red"}


def as_dict(found: Found) -> dict[str, object]:
    told = sentences(found.verdict, found.seen)
    return {
        "judged": found.verdict.mode is not None,
        "mode": found.verdict.mode,
        "why": found.verdict.why.value,
        "notes": [note.value for note in found.verdict.notes],
        "says": {"zh": [zh for zh, _ in told], "en": [en for _, en in told]},
        "test": found.test_id,
        "seen": _seen(found.seen),
    }


def failure(error: TrialFailed) -> dict[str, object]:
    says = {"zh": [error.zh], "en": [error.en]}
    return {"judged": False, "mode": None, "why": error.why, "says": says, "mend": error.mend}


def draw(found: Found, console: Console) -> None:
    table = Table(title=f"REFER · {found.test_id}")
    for heading in ("what 事项", "after 用时", "the switch 交换机"):
        table.add_column(heading, overflow="fold")
    for what, after, said in _rows(found.seen):
        table.add_row(what, "-" if after is None else f"{after} ms", escape(said))
    console.print(table)
    colour = COLOURS[found.verdict.mode]
    for place, (zh, en) in enumerate(sentences(found.verdict, found.seen)):
        style = f"bold {colour}" if place == 0 else None
        console.print(zh, style=style, markup=False, highlight=False)
        console.print(en, style=style, markup=False, highlight=False)


def _rows(seen: Seen) -> Iterator[tuple[str, int | None, str]]:
    answer = str(seen.answer) if seen.answer else "nothing 无"
    yield "answer to REFER 回答", seen.answer_ms, answer
    for one in seen.notified:
        yield "NOTIFY 通知", one.after_ms, one.line or "(empty)"
    if not seen.notified:
        yield "NOTIFY 通知", None, "none 无"
    back = _dialled(seen) if seen.returned_ms is not None else "nobody 无"
    yield "caller brought back 送回", seen.returned_ms, back
    answered = "yes 是" if seen.back_answered_ms is not None else "no 否"
    yield "second leg answered 接通", seen.back_answered_ms, answered
    by = {"switch": "BYE by the switch 交换机挂断", "node": "our BYE 我方挂断"}
    yield "old channel cleared 旧通道释放", seen.cleared_ms, by.get(seen.cleared_by or "", "no 否")


def _dialled(seen: Seen) -> str:
    return "with its id 编号完整" if seen.id_kept else f"as 被叫 {seen.dialled}"


def _seen(seen: Seen) -> dict[str, object]:
    return {
        "guard_ms": seen.guard_ms,
        "answer": seen.answer,
        "answer_ms": seen.answer_ms,
        "notified": [
            {"after_ms": one.after_ms, "line": one.line, "status": one.status}
            for one in seen.notified
        ],
        "returned_ms": seen.returned_ms,
        "dialled": seen.dialled,
        "id_kept": seen.id_kept,
        "caller_kept": seen.caller_kept,
        "back_answered_ms": seen.back_answered_ms,
        "cleared_by": seen.cleared_by,
        "bye_ms": seen.bye_ms,
        "cleared_ms": seen.cleared_ms,
    }
