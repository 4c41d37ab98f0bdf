"""What the demo's morning came to, and whether the switch agrees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, func, select

from config.settings import Settings
from db.calls import newest_calls
from db.engine import make_engine, reading
from db.models import CallLegRow
from db.steps import steps_about
from reports.audit import AuditReport, audit_calls
from reports.summary import Summary, summarise
from reports.switch_list import read_switch_list
from reports.witnesses import cdr_lines, cel_starts
from routing.steps import StepKind
from scripts.demo_ways import Way, not_shown, ways_of, ways_table
from scripts.lab.morning import End, Scene
from scripts.lab.town import Town
from scripts.lab.waiting import wait_until
from scripts.lab.witness import Witness

STORED_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Report:
    """`astray`: callers who did not end where their scene says, in words."""

    summary: Summary
    audit: AuditReport
    astray: tuple[str, ...]
    left_channels: tuple[str, ...]
    ways: tuple[Way, ...]

    @property
    def good(self) -> bool:
        played = not not_shown(self.ways)
        return self.audit.clean and played and not self.astray and not self.left_channels

    def as_dict(self) -> dict[str, object]:
        """`line_held_ms` is how long a police line's slot was held by calls that were released."""
        summary, audit = self.summary, self.audit
        return {
            "calls": summary.calls,
            "verdicts": summary.verdicts,
            "line_held_ms": _two(summary.slot_held_ms.as_dict()),
            "release_ms": _two(summary.release_ms.as_dict()),
            "tickets": summary.tickets,
            "audit": {
                name: audit.as_dict()[name]
                for name in ("switch", "legs", "calls", "missing", "doubled", "unexplained")
            },
            "astray": list(self.astray),
            "channels_left": list(self.left_channels),
            "ways": [way.as_dict() for way in self.ways],
            "ways_not_shown": list(not_shown(self.ways)),
        }

    def draw(self, console: Console) -> None:
        console.print(self._figures())
        console.print(ways_table(self.ways))
        audit = self.audit
        style = "green" if audit.clean else "red"
        console.print(
            f"[{style}]audit against the switch's own list:[/] switch {audit.switch}, legs "
            f"{audit.legs}, calls {audit.calls}; missing {audit.count('missing')}, doubled "
            f"{audit.count('doubled')}, unexplained {audit.count('unexplained')} "
            f"(CEL {audit.cel}, CDR {audit.cdr})"
        )
        for finding in audit.findings:
            console.print(f"[red]{finding.kind}[/] {finding.subject}: {finding.explanation}")
        for told in self.astray:
            console.print(f"[red]astray[/] {told}")
        for way in not_shown(self.ways):
            console.print(f"[red]nobody left the line by[/] {way}")
        for channel in self.left_channels:
            console.print(f"[red]channel left behind[/] {channel}")

    def _figures(self) -> Table:
        summary = self.summary
        table = Table(title="the morning")
        table.add_column("figure")
        table.add_column("value", justify="right")
        table.add_row("calls", str(summary.calls))
        for verdict, count in summary.verdicts.items():
            table.add_row(f"  verdict {verdict}", str(count))
        for name, figure in (
            ("police slot held by released calls, ms (p50 / p99)", summary.slot_held_ms),
            ("key to slot free, ms (p50 / p99)", summary.release_ms),
            ("trunk channel held by released calls, ms (p50 / p99)", summary.trunk_held_ms),
        ):
            two = _two(figure.as_dict())
            table.add_row(name, f"{two['p50']} / {two['p99']}")
        table.add_row("tickets", str(summary.tickets))
        return table


def _two(figure: Mapping[str, object]) -> dict[str, object]:
    return {"p50": figure["p50"], "p99": figure["p99"]}


def report(
    settings: Settings, town: Town, people: Mapping[str, Scene], started_at: datetime
) -> Report:
    """Once every leg of the switch is stored: count, compare, and look for what stayed behind."""
    engine = make_engine(settings.store_url)
    since = started_at - timedelta(seconds=1)
    listed = read_switch_list(town.switch.export_list())
    mine = [leg for leg in listed if leg.started_at and leg.started_at >= since]
    wait_until(lambda: _ended(engine, since) >= len(mine), "the store", STORED_WITHIN_S)
    with reading(engine) as session:
        audit = audit_calls(
            session,
            listed,
            cel_starts=cel_starts(settings.cel_path),
            cdr_lines=cdr_lines(settings.cdr_path),
            since=since,
        )
        summary = summarise(session, since)
        calls = newest_calls(session, summary.calls, since=since)
        steps = steps_about(session, (), [call.call_id for call in calls])
        refused = {step.call_id or "" for step in steps if step.kind is StepKind.UNREFERRED}
        third = {step.call_id or "" for step in steps if step.kind is StepKind.THREE_WAY}
        ways = ways_of(calls, town.trunk_legs_by_caller(), refused, third)
    astray = tuple(
        f"{number} ({scene.en}): {told}"
        for number, scene in people.items()
        if (told := _astray(town.saw(number), scene.end))
    )
    return Report(summary, audit, astray, tuple(town.switch.channels()), ways)


def _ended(engine: Engine, since: datetime) -> int:
    with reading(engine) as session:
        leg = CallLegRow
        query = select(func.count()).where(leg.started_at >= since, leg.ended_at.is_not(None))
        return session.scalar(query) or 0


def _astray(seen: Witness, end: End) -> str | None:
    rooms = {"8": End.POLICE, "7": End.LIVELIHOOD}
    found = rooms[seen.talked_to[-1][0]] if seen.talked else End.GONE
    return None if found is end else f"should end at {end.value}, ended at {found.value}"
