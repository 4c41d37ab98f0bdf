"""The storm as a picture: one panel for each thing that a city asks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from reports.pictures import COLOURS, panels, write_svg
from scripts.storm.figures import Figures, Share

PER_CENT = PercentFormatter(1.0, decimals=0)


def draw_storm(title: str, found: Mapping[str, Figures], file: Path) -> None:
    """One bar for each world in four panels; the intervals are those of the figures."""
    figure, (every, danger, seat, line) = panels(title, 2, 2, inches=(11, 7.5))
    _shares(every, "all attempts blocked", {w: f.blocked for w, f in found.items()})
    formula = [f.erlang_b for f in found.values()]
    every.plot(list(found), formula, "D", color="#CC79A7", label="Erlang B, for what was measured")
    every.legend(fontsize=8)
    emergencies = {w: f.emergencies_blocked for w, f in found.items()}
    _shares(danger, "emergencies' attempts blocked", emergencies)
    _bars(seat, "an emergency's first attempt to a seat's ring, s", found, "p50 and p99")
    _bars(line, "seconds on a police line of a call not for the police", found)
    _rotate(figure, (every, danger, seat, line))
    write_svg(figure, file)


def _shares(axes: Axes, title: str, shares: Mapping[str, Share]) -> None:
    worlds, values = list(shares), [share.value for share in shares.values()]
    below = [share.value - share.low for share in shares.values()]
    above = [share.high - share.value for share in shares.values()]
    axes.bar(worlds, values, color=[COLOURS[w] for w in worlds], alpha=0.75)
    axes.errorbar(worlds, values, yerr=[below, above], fmt="none", ecolor="black", capsize=4)
    axes.set_title(f"{title}, 95 % interval", fontsize=10)
    axes.yaxis.set_major_formatter(PER_CENT)


def _bars(axes: Axes, title: str, found: Mapping[str, Figures], both: str = "") -> None:
    """`both`: p99 as an outline behind p50."""
    worlds = list(found)
    colours = [COLOURS[world] for world in worlds]
    if both:
        p99 = [f.seat_p99_s for f in found.values()]
        axes.bar(worlds, p99, facecolor="none", edgecolor=colours, label="p99")
        axes.bar(worlds, [f.seat_p50_s for f in found.values()], color=colours, label="p50")
        axes.legend(fontsize=8)
    else:
        values = [f.line_s_not_police for f in found.values()]
        named = axes.bar(worlds, values, color=colours, alpha=0.75)
        axes.bar_label(named, fmt="%.1f", fontsize=8)
    axes.set_title(title, fontsize=10)


def _rotate(figure: Figure, every: Sequence[Axes]) -> None:
    for axes in every:
        axes.tick_params(axis="x", labelsize=8)
        axes.grid(axis="x", visible=False)
