"""Pictures for docs and engineers: SVG whose bytes are the same for the same figures.

Text stays text, so that the reader's own fonts show the Chinese. The background is white in every
scheme: a picture is read in docs that may be dark.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Told apart by the colour-blind, too (Okabe and Ito).
COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "no-bridge": "#000000",
        "menu-redirect": "#E69F00",
        "menu-refer": "#D55E00",
        "call-taker": "#0072B2",
        "all": "#009E73",
    }
)
STYLE: Any = {  # matplotlib's type is a list of all its words
    "svg.fonttype": "none",
    "svg.hashsalt": "l110",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.3,
}


def panels(
    title: str, rows: int = 1, columns: int = 1, *, inches: tuple[float, float]
) -> tuple[Figure, list[Axes]]:
    """An empty picture and its panels, row by row. `inches`: width and height of all of it."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=inches, layout="constrained", facecolor="white")
        figure.suptitle(title, fontsize=12)
        made = figure.subplots(rows, columns, squeeze=False)
    return figure, [axes for row in made for axes in row]


def write_svg(figure: Figure, file: Path) -> None:
    """Raises OSError: it cannot be written there."""
    with mpl.rc_context(STYLE):
        figure.savefig(file, format="svg", metadata={"Date": None})
    # matplotlib ends lines with blanks, which no commit wants.
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
