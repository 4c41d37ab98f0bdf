"""Times against the rate as an SVG: both axes logarithmic, a line for each side."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Point = tuple[float, float]  # calls a second, milliseconds

WIDTH, HEIGHT, PANEL = 960, 420, 400
LEFT, TOP, BOTTOM = 60, 40, 60
COLOURS = ("#222222", "#c0392b", "#e67e22", "#2471a3", "#1e8449", "#8e44ad", "#7f8c8d")


def picture(panels: Mapping[str, Mapping[str, Sequence[Point]]]) -> str:
    """`panels`: title -> side -> its points. The key stands under them."""
    names = list(dict.fromkeys(name for sides in panels.values() for name in sides))
    colours = dict(zip(names, COLOURS * (1 + len(names) // len(COLOURS)), strict=False))
    height = HEIGHT + 20 * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, (title, sides) in enumerate(panels.items()):
        parts.append(_panel(title, sides, colours, LEFT + number * (PANEL + LEFT)))
    for number, name in enumerate(names):
        y = HEIGHT + 20 * number
        parts.append(f'<rect x="{LEFT}" y="{y - 9}" width="18" height="4" fill="{colours[name]}"/>')
        parts.append(f'<text x="{LEFT + 26}" y="{y - 3}">{escape(name)}</text>')
    return "\n".join((*parts, "</svg>\n"))


def _panel(
    title: str, sides: Mapping[str, Sequence[Point]], colours: Mapping[str, str], left: int
) -> str:
    points = [point for line in sides.values() for point in line]
    across, up = _scale([x for x, _ in points]), _scale([y for _, y in points])
    bottom, width = HEIGHT - BOTTOM, PANEL - 20
    deep = bottom - TOP

    def place(point: Point) -> str:
        x = left + width * _share(point[0], across)
        y = bottom - deep * _share(point[1], up)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<text x="{left}" y="24" font-weight="bold">{escape(title)}</text>',
        f'<path d="M{left},{TOP}V{bottom}H{left + width}" fill="none" stroke="#888"/>',
        f'<text x="{left + width / 2}" y="{bottom + 34}">calls a second</text>',
    ]
    for value in _marks(across):
        x = left + width * _share(value, across)
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{value:g}</text>')
    for value in _marks(up):
        y = bottom - deep * _share(value, up)
        parts.append(f'<text x="{left - 6}" y="{y:.1f}" text-anchor="end">{value:g}</text>')
    for name, line in sides.items():
        path = " ".join(place(point) for point in sorted(line))
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colours[name]}" stroke-width="2"/>'
        )
    return "\n".join(parts)


def _scale(values: Sequence[float]) -> Point:
    low, high = min(values, default=1.0), max(values, default=10.0)
    return max(low, 0.1) / 1.1, max(high, 0.2) * 1.1


def _share(value: float, scale: Point) -> float:
    low, high = scale
    return math.log(max(value, low) / low) / math.log(high / low)


def _marks(scale: Point) -> list[float]:
    tens = range(math.floor(math.log10(scale[0])), math.ceil(math.log10(scale[1])) + 1)
    every = [digit * 10.0**ten for ten in tens for digit in (1, 2, 5)]
    return [value for value in every if scale[0] <= value <= scale[1]]
