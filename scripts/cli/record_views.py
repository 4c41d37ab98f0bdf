"""Rows as tables for people and as plain values for programs; callers' numbers always masked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from sqlalchemy import inspect

from db.models import Base, CallLegRow, CallRow, TicketRow
from reports.audit import UNFIT, AuditReport
from reports.masking import mask_number
from routing.steps import Step
from tickets.numbers import SHANGHAI

# Bytes and names that would tell who called; `raw` and `caller` are masked or left out.
PRIVATE = {"caller_raw_hex", "caller_name", "raw", "name", "named"}
NUMBERS = {"caller", "agi_callerid"}


def show(*parts: RenderableType) -> None:
    console = Console()
    for part in parts:
        console.print(part)


def call_as_dict(row: CallRow) -> dict[str, Any]:
    return _row_as_dict(row)


def ticket_as_dict(row: TicketRow) -> dict[str, Any]:
    told = _row_as_dict(row)
    del told["id"]
    return told


def story_as_dict(
    call: CallRow, legs: Sequence[CallLegRow], steps: Sequence[Step]
) -> dict[str, Any]:
    return {
        "call": call_as_dict(call),
        "legs": [_row_as_dict(leg) for leg in legs],
        "steps": [
            {
                "at": _plain(step.at),
                "ms": _ms(steps, step),
                "kind": step.kind.value,
                "node": step.node,
                "leg": step.leg,
                "data": masked(step.data),
            }
            for step in steps
        ],
    }


def calls_table(title: str, rows: Sequence[CallRow]) -> Table:
    table = new_table(title, "day, time", "call", "caller", "key", "why", "outcome", "ms")
    table.caption = "times of Asia/Shanghai; ms: key to slot free; `calls show` takes these ids"
    table.box, table.padding = SIMPLE_HEAD, (0, 0, 0, 1)  # whole in 80 columns
    for column in table.columns[:5]:
        column.no_wrap = True
    for row in rows:
        who = (_time(row.started_at, "%d %H:%M"), short_id(row.call_id), mask_number(row.caller))
        add_row(table, *who, row.key, row.rule_id or row.reason, row.outcome, row.release_ms)
    return table


def short_id(call_id: str) -> str:
    """The end of a call's id, which makes it unlike all others."""
    return call_id.rpartition("-")[2]


def tickets_table(rows: Sequence[TicketRow]) -> Table:
    table = new_table(
        "Tickets 工单", "number", "opened", "class", "caller", "source", "state", "release ms"
    )
    for row in rows:
        number = row.number or row.provisional_number
        caller = mask_number(row.caller)
        told = (number, _time(row.opened_at), row.service_class, caller, row.source, row.state)
        add_row(table, *told, row.release_ms)
    return table


def story(call: CallRow, legs: Sequence[CallLegRow], steps: Sequence[Step]) -> list[RenderableType]:
    told = new_table(
        "Legs 中继段", "node", "leg", "SIP Call-ID", "started", "ended", "end", "slot ms"
    )
    for leg in legs:
        times = (_time(leg.started_at), _time(leg.ended_at))
        add_row(
            told, leg.node, leg.uniqueid, leg.sip_call_id, *times, leg.end_reason, leg.line_held_ms
        )
    timeline = new_table("Timeline 经过", "ms", "step", "leg", "facts")
    for step in steps:
        facts = " ".join(f"{name}={value}" for name, value in masked(step.data).items())
        add_row(timeline, _ms(steps, step), step.kind.value, step.leg, facts)
    return [fields_table(call.call_id, call_as_dict(call)), told, timeline]


def fields_table(title: str, values: Mapping[str, Any]) -> Table:
    table = new_table(title, "field", "value")
    for name, value in values.items():
        add_row(table, name, value)
    return table


def audit_tables(report: AuditReport, *, verbose: bool) -> list[RenderableType]:
    counts = new_table("Audit 核对", "what", "count")
    for name, value in report.as_dict().items():
        add_row(counts, name, "away" if value is None else value)
    verdict = "Nothing missing, doubled or unexplained. 无缺失、无重复、无不明。"
    if not report.clean and not verbose:
        verdict = "Not clean: --verbose tells each row. 有差异。用 --verbose 逐条查看。"
    if unfit := report.count(UNFIT):
        verdict += f"\n{unfit} refused for their sound (488). {unfit} 个因媒体不兼容被拒。"
    if not report.findings or not verbose:
        return [counts, Text(verdict)]
    rows = new_table("Findings 差异", "kind", "subject", "explanation")
    for finding in report.findings:
        add_row(rows, finding.kind, finding.subject, finding.explanation)
    return [counts, rows, Text(verdict)] if report.clean else [counts, rows]


def _row_as_dict(row: Base) -> dict[str, Any]:
    names = [each.key for each in inspect(type(row)).column_attrs]
    return masked({name: _plain(getattr(row, name)) for name in names})


def masked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: mask_number(value) if name in NUMBERS and value else value
        for name, value in values.items()
        if name not in PRIVATE
    }


def _plain(value: Any) -> Any:  # noqa: ANN401  a column's value of any type
    return value.astimezone(SHANGHAI).isoformat() if isinstance(value, datetime) else value


def _ms(steps: Sequence[Step], step: Step) -> int:
    return round((step.at - steps[0].at).total_seconds() * 1000)


def _time(at: datetime | None, form: str = "%m-%d %H:%M:%S") -> str | None:
    return at.astimezone(SHANGHAI).strftime(form) if at else None


def new_table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def add_row(table: Table, *values: object) -> None:
    """As text, never as markup: the values were said by callers."""
    cells = (
        "-" if value is None else str(value).encode(errors="replace").decode() for value in values
    )
    table.add_row(*(Text(cell) for cell in cells))
