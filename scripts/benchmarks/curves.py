"""Times against the rate: both axes logarithmic, a line for each side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from reports.pictures import panels, write_svg

Point = tuple[float, float]  # calls a second, milliseconds

COLOURS = ("#222222", "#c0392b", "#e67e22", "#2471a3", "#1e8449", "#8e44ad", "#7f8c8d")


def draw_curves(titled: Mapping[str, Mapping[str, Sequence[Point]]], file: Path) -> None:
    """`titled`: of each panel, side -> its points. The key stands in the first one."""
    figure, axes = panels("Times against the rate", 1, len(titled), inches=(11, 4.5))
    for panel, (title, sides) in zip(axes, titled.items(), strict=True):
        for colour, (name, points) in zip(COLOURS, sides.items(), strict=False):
            _line(panel, name, points, colour)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("calls a second")
        panel.set_xscale("log")
        panel.set_yscale("log")
    axes[0].legend(fontsize=8)
    write_svg(figure, file)


def _line(axes: Axes, name: str, points: Sequence[Point], colour: str) -> None:
    ordered = sorted(points)
    axes.plot([x for x, _ in ordered], [y for _, y in ordered], ".-", color=colour, label=name)
