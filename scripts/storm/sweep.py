"""Blocking against the share of callers who key correctly: Erlang B and the simulation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from matplotlib.axes import Axes
from rich.table import Table

from reports.capacity.erlang import blocked
from reports.capacity.hour import MIXES, WORLDS, Habits, Mix, World, means
from reports.pictures import COLOURS, panels, write_svg
from scripts.storm.callers import CALLS_AN_HOUR, LINES
from scripts.storm.figures import Share, share
from scripts.storm.picture import PER_CENT
from scripts.storm.simulation import simulate

SHARES = tuple(n / 10 for n in range(11))
DRAWN = ("no-bridge", "menu-refer", "call-taker", "all")  # menu-redirect frees lines as menu-refer


@dataclass(frozen=True, slots=True)
class Point:
    """`formula`: Erlang B for the mean times; `simulated`: of all attempts, with its interval."""

    keys_correctly: float
    formula: float
    simulated: Share


def sweep(
    world: World, mix: Mix, habits: Habits, *, switches: int, hours: float, seed: int = 1
) -> list[Point]:
    """One point for each share; where nothing is keyed they are all alike."""
    return [_point(world, mix, replace(habits, keys_correctly=p), switches, hours, seed)
            for p in SHARES]  # fmt: skip


def _point(world: World, mix: Mix, habits: Habits, switches: int, hours: float, seed: int) -> Point:
    load = CALLS_AN_HOUR / 3600 * means(world, mix, habits).line_s
    seen = [simulate(world, mix, habits, hours, seed + n) for n in range(switches)]
    simulated = share(seen, lambda _: True, lambda attempt: attempt.blocked)
    return Point(habits.keys_correctly, blocked(load, LINES), simulated)


Curves = dict[str, dict[str, list[Point]]]  # by mix, then by world


def sweep_all(habits: Habits, *, switches: int, hours: float, seed: int = 1) -> Curves:
    """Every drawn world under both mixes."""
    return {
        mix.name: {
            world: sweep(WORLDS[world], mix, habits, switches=switches, hours=hours, seed=seed)
            for world in DRAWN
        }
        for mix in MIXES.values()
    }


def draw_sweep(title: str, curves: Curves, file: Path) -> None:
    """A panel for each mix."""
    figure, axes = panels(title, 1, len(curves), inches=(11, 4.5))
    for panel, (mix, worlds) in zip(axes, curves.items(), strict=True):
        for world, points in worlds.items():
            _curve(panel, world, points)
        panel.set_title(f"{mix} mix", fontsize=10)
        panel.set_xlabel("share of callers with a key to press who press it")
        panel.set_ylabel("attempts blocked")
        panel.set_ylim(0, 0.6)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(PER_CENT)
    axes[0].legend(fontsize=8)
    write_svg(figure, file)


def _curve(axes: Axes, world: str, points: Sequence[Point]) -> None:
    xs = [point.keys_correctly for point in points]
    seen = [point.simulated for point in points]
    axes.plot(xs, [p.formula for p in points], color=COLOURS[world], label=f"{world} (Erlang B)")
    axes.errorbar(
        xs,
        [share.value for share in seen],
        yerr=[[s.value - s.low for s in seen], [s.high - s.value for s in seen]],
        fmt="o", markersize=3, color=COLOURS[world], capsize=2,
    )  # fmt: skip


def sweep_table(mix: str, worlds: dict[str, list[Point]]) -> Table:
    """Simulated share, and the formula's in brackets."""
    table = Table(title=mix)
    table.add_column("world 方案", no_wrap=True)
    for p in SHARES[::2]:
        table.add_column(f"{p:.0%}")
    for world, points in worlds.items():
        table.add_row(world, *(f"{p.simulated.value:.1%} ({p.formula:.1%})" for p in points[::2]))
    return table
