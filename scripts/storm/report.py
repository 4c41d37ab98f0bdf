"""What the storm came to, as a table for people and as JSON for the picture."""

from collections.abc import Mapping
from dataclasses import asdict

from rich.table import Table

from scripts.storm.figures import Figures

COLUMNS = (
    "world 方案",
    "attempts 呼叫",
    "blocked 呼损",
    "Erlang B",
    "emergencies blocked 警情呼损",
    "never got through 始终未通",
    "to a seat p50, p99 接通秒数",
    "line, not police 非警情占线",
)


def table(title: str, found: Mapping[str, Figures]) -> Table:
    """One row for each world."""
    drawn = Table(title=title)
    for number, column in enumerate(COLUMNS):
        drawn.add_column(column, no_wrap=not number)
    for world, one in found.items():
        drawn.add_row(
            world,
            str(one.attempts),
            str(one.blocked),
            f"{one.erlang_b:.1%}{'' if one.erlang_b in one.blocked else ' !'}",
            str(one.emergencies_blocked),
            str(one.emergencies_lost),
            f"{one.seat_p50_s:.1f}, {one.seat_p99_s:.1f}",
            f"{one.line_s_not_police:.1f}",
        )
    return drawn


def as_dict(found: Mapping[str, Figures]) -> dict[str, object]:
    return {world: asdict(one) for world, one in found.items()}
