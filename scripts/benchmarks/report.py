"""The bench's result as a table and as JSON."""

from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.intervals import Interval
from scripts.benchmarks.machine import Machine
from scripts.benchmarks.release import ReleaseTimes
from scripts.benchmarks.rounds import Pair, Pairs
from scripts.benchmarks.traffic import Stream

GOAL = 1.6  # Node's FastAGI needs 1.61 times a pure dialplan and records nothing
PARTS = {
    "asterisk": "Asterisk",
    "bridge": "bridge (l110 ivr)",
    "forwarder": "forwarder, store in it",
}


@dataclass(frozen=True, slots=True)
class Result:
    command: str
    started_at: datetime
    stream: Stream
    keys: str
    speaking: bool  # callers send sound from the answer on
    pairs: Pairs
    release: ReleaseTimes
    machine: Machine

    @property
    def goal_reached(self) -> bool:
        """By the whole interval; one round alone reaches nothing."""
        high = self.pairs.ratio.high
        return high is not None and high <= GOAL

    @property
    def callers(self) -> str:
        return "send sound from the answer on" if self.speaking else "send no sound but the key"

    def as_dict(self) -> dict[str, object]:
        pairs = self.pairs
        return {
            "command": self.command,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "rounds": len(pairs.each),
            "calls_per_round": self.stream.calls,
            "calls_per_s": self.stream.rate,
            "keys": self.keys,
            "callers": self.callers,
            "ratio": pairs.ratio.as_dict(),
            "goal": {"ratio": GOAL, "reached": self.goal_reached},
            "cpu_ms_per_call": {
                "pure": pairs.pure_ms.as_dict(),
                "ours": pairs.ours_ms.as_dict(),
                **{part: pairs.part_ms(part).as_dict() for part in PARTS},
            },
            "release_ms": self.release.as_dict(),
            "pairs": [pair.as_dict() for pair in pairs.each],
            "machine": self.machine.as_dict(),
        }

    def draw(self, console: Console) -> None:
        console.print(self._table())
        release, machine = self.release, self.machine
        console.print(
            f"key to slot free, ms: p50 {release.p50:.2f}, p99 {release.p99:.2f}, "
            f"max {release.most:.2f} ({release.calls} calls)"
        )
        console.print(
            f"every call is on record; {machine.cores} cores, load {machine.load_before:.2f} "
            f"before and {machine.load_after:.2f} after"
        )
        console.print(f"callers {self.callers}")
        word = "[green]reached[/]" if self.goal_reached else "[yellow]not shown[/]"
        console.print(f"goal, the whole interval at most {GOAL}: {word}")

    def _table(self) -> Table:
        pairs, stream = self.pairs, self.stream
        title = f"{len(pairs.each)} pairs of {stream.calls} calls, {stream.rate:g} calls/s"
        table = Table(title=title, caption="mean, and in brackets its 95 % interval over the pairs")
        table.add_column("CPU per call")
        table.add_column("ms", justify="right")
        table.add_column("of the pure dialplan", justify="right")
        _row(table, "pure dialplan", pairs.pure_ms, "1")
        for part, name in PARTS.items():
            _row(table, f"  {name}", pairs.part_ms(part), str(pairs.part_ratio(part)))
        _row(table, "Livelihood 110, sum", pairs.ours_ms, str(pairs.ratio))
        return table


def told(number: int, pair: Pair) -> str:
    """One line for a pair that has just been measured."""
    ours = ", ".join(f"{part} {value:.2f}" for part, value in pair.ours.items())
    pure = sum(pair.pure.values())
    return f"pair {number}: pure dialplan {pure:.2f} ms, {ours}; ratio {pair.ratio:.2f}"


def _row(table: Table, name: str, ms: Interval, share: str) -> None:
    table.add_row(name, str(ms), share)
