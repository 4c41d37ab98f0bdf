"""`scripts/bench maximum` as a table, as JSON and as a picture's curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from scripts.benchmarks.machine import Machine
from scripts.benchmarks.maximum import Climb, Round, times
from scripts.benchmarks.search import share

GOAL = 0.7  # of the pure dialplan's maximum, every call recorded and audited
PURE = "pure dialplan"
OURS = "Livelihood 110"


@dataclass(frozen=True, slots=True)
class MaximumResult:
    command: str
    started_at: datetime
    climbs: Sequence[Climb]
    missing: Sequence[str]
    machine: Machine

    def of_pure(self, climb: Climb) -> float | None:
        """None unless both were found: where time ran out, all have held the same few rates."""
        pure = next(each for each in self.climbs if each.side.name == PURE)
        both = climb.search.over and pure.search.over
        return share(climb.search.held, pure.search.held) if both else None

    @property
    def goal_reached(self) -> bool:
        """By each of our stores; a search that was not ended reaches nothing."""
        ours = [each for each in self.climbs if each.side.name.startswith(OURS)]
        return bool(ours) and all((self.of_pure(each) or 0) >= GOAL for each in ours)

    def at_most(self, climb: Climb) -> float | None:
        """What the share cannot be above: where this side failed, by what the dialplan held."""
        pure = next(each for each in self.climbs if each.side.name == PURE)
        failed = climb.search.failed
        return share(failed, pure.search.held) if failed else None

    @property
    def goal_missed(self) -> bool:
        """Seen before both are found, if one of our stores cannot come to it any more."""
        ours = (each for each in self.climbs if each.side.name.startswith(OURS))
        limits = (self.at_most(each) for each in ours)
        return any(limit is not None and limit < GOAL for limit in limits)

    def as_dict(self) -> dict[str, object]:
        return {
            "command": self.command,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "goal": {"of_pure": GOAL, "reached": self.goal_reached, "missed": self.goal_missed},
            "sides": [self._side(climb) for climb in self.climbs],
            "missing": list(self.missing),
            "machine": self.machine.as_dict(),
        }

    def _side(self, climb: Climb) -> dict[str, object]:
        return {
            "name": climb.side.name,
            "maximum": climb.search.held,
            "failed_at": climb.search.failed,
            "found": climb.search.over,
            "of_pure": self.of_pure(climb),
            "of_pure_at_most": self.at_most(climb),
            "rounds": [each.as_dict() for each in climb.rounds],
        }

    def draw(self, console: Console) -> None:
        console.print(self._table())
        for line in self.missing:
            console.print(f"left out: {line}", highlight=False)
        machine = self.machine
        console.print(
            f"{machine.cores} cores, callers on the same; load {machine.load_before:.2f} before, "
            f"{machine.load_after:.2f} after. Ours: every call audited, with its ticket. "
            "The peers record nothing."
        )
        open_end = "[red]missed[/]" if self.goal_missed else "[yellow]not shown[/]"
        word = "[green]reached[/]" if self.goal_reached else open_end
        console.print(f"goal, ours at least {GOAL} of the pure dialplan's maximum: {word}")

    def _table(self) -> Table:
        table = Table(title="sustained calls a second", caption="times and CPU at that rate")
        table.add_column("side")
        for name in ("held", "failed", "of pure", "CPU ms", "answer p50, p99", "release p50, p99"):
            table.add_column(name, justify="right")
        for climb in self.climbs:
            table.add_row(*self._cells(climb))
        return table

    def _cells(self, climb: Climb) -> tuple[str, ...]:
        search, best, part = climb.search, climb.best(), self.of_pure(climb)
        failed = f"{search.failed:g}" if search.failed else "-"
        return (
            climb.side.name,
            f"{search.held:g}" if search.over else f"{search.held:g} (not ended)",
            failed,
            self._share(climb) if part is None else f"{part:.2f}",
            f"{sum(best.cpu_ms.values()):.2f}" if best else "-",
            _two(best.answer_ms) if best else "-",
            _two(best.release_ms) if best else "-",
        )

    def _share(self, climb: Climb) -> str:
        limit = self.at_most(climb) if climb.side.name.startswith(OURS) else None
        return "-" if limit is None else f"below {limit:.2f}"


def told(climb: Climb, done: Round) -> str:
    """One line for a round that has just been played."""
    cpu = ", ".join(f"{part} {ms:.2f}" for part, ms in done.cpu_ms.items())
    word = done.why or "holds"
    return (
        f"{climb.side.name}: {done.rate:g}/s, {done.calls} calls: {word}; answer "
        f"{_two(done.answer_ms)} ms, release {_two(done.release_ms)} ms; CPU ms {cpu}; "
        f"callers {done.callers_cores:.2f} cores; load {done.load:g}"
    )


def _two(values: Sequence[float]) -> str:
    found = times(values)
    return f"{found['p50']:.1f}, {found['p99']:.1f}" if found else "-"
