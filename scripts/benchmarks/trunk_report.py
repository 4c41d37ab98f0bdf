"""The times of `scripts/bench release` as a table and as JSON."""

from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.intervals import Interval
from scripts.benchmarks.machine import Machine
from scripts.benchmarks.traffic import Stream
from scripts.benchmarks.trunk_free import Pair, Spans, Times, gone_ms, spans

MOST_OVER_MS = 50.0
ENOUGH_CALLS = 5000
MEASURED = (
    "from the key's first RTP end packet on its way to the BYE at the switch, by the switch's own "
    "monotonic clock; it brings the caller back before its final word"
)


@dataclass(frozen=True, slots=True)
class TrunkResult:
    command: str
    started_at: datetime
    stream: Stream
    times: Times
    over: Interval  # p99 of ours less p99 of the pure dialplan
    machine: Machine

    @property
    def goal_reached(self) -> bool:
        """By the whole interval, and over enough calls."""
        high = self.over.high
        return self.times.ours.calls >= ENOUGH_CALLS and high is not None and high <= MOST_OVER_MS

    def as_dict(self) -> dict[str, object]:
        times = self.times
        return {
            "command": self.command,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "measured": MEASURED,
            "rounds": len(times.each),
            "calls_per_round": self.stream.calls,
            "calls_per_s": self.stream.rate,
            "key_to_trunk_free_ms": {
                "pure": times.pure.as_dict(),
                "ours": times.ours.as_dict(),
                "p99_over_pure": self.over.as_dict(),
            },
            "key_to_refer_ms": {
                "pure": times.pure_referred.as_dict(),
                "ours": times.ours_referred.as_dict(),
            },
            "goal": {
                "p99_over_pure_ms": MOST_OVER_MS,
                "calls": ENOUGH_CALLS,
                "reached": self.goal_reached,
            },
            "pairs": [_pair(pair) for pair in times.each],
            "machine": self.machine.as_dict(),
        }

    def draw(self, console: Console) -> None:
        machine = self.machine
        console.print(self._table())
        console.print(f"p99 over the dialplan's own Transfer, ms, with 95 % interval: {self.over}")
        console.print(MEASURED)
        console.print(
            f"every call is on record; {machine.cores} cores, load {machine.load_before:.2f} "
            f"before and {machine.load_after:.2f} after"
        )
        word = "[green]reached[/]" if self.goal_reached else "[yellow]not shown[/]"
        console.print(
            f"goal, the whole interval at most {MOST_OVER_MS:g} ms over at least "
            f"{ENOUGH_CALLS:,} calls: {word}"
        )

    def _table(self) -> Table:
        times, stream = self.times, self.stream
        table = Table(title=f"{len(times.each)} pairs of {stream.calls} calls, {stream.rate:g}/s")
        table.add_column("milliseconds")
        for name in ("calls", "p50", "p99", "max"):
            table.add_column(name, justify="right")
        _row(table, "pure dialplan: key to trunk free", times.pure)
        _row(table, "  of it key to REFER", times.pure_referred)
        _row(table, "Livelihood 110: key to trunk free", times.ours)
        _row(table, "  of it key to REFER", times.ours_referred)
        return table


def told(number: int, pair: Pair) -> str:
    """One line for a pair that has just been measured."""
    pure = spans([gone_ms(call) for call in pair.pure])
    ours = spans([gone_ms(call) for call in pair.ours])
    return (
        f"pair {number}: p50 {pure.p50:.2f} and {ours.p50:.2f} ms, "
        f"p99 {pure.p99:.2f} and {ours.p99:.2f} ms"
    )


def _pair(pair: Pair) -> dict[str, object]:
    return {
        "pure": spans([gone_ms(call) for call in pair.pure]).as_dict(),
        "ours": spans([gone_ms(call) for call in pair.ours]).as_dict(),
    }


def _row(table: Table, name: str, times: Spans) -> None:
    table.add_row(name, str(times.calls), *(f"{t:.2f}" for t in (times.p50, times.p99, times.most)))
