"""The capacity plan as a picture: blocking against lines, lines against calls a day."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from reports.capacity.erlang import blocked, lines_for
from reports.capacity.plan import Plan, Wish
from reports.pictures import COLOURS, panels, write_svg

LINES = range(1, 31)
STEPS = 60  # points of a curve over calls a day


def draw_capacity(plans: Sequence[Plan], wish: Wish, file: Path) -> None:
    """Both panels by Erlang B, one curve for each plan.

    Raises:
        OSError: the file cannot be written.
    """
    title = f"{wish.calls_a_day:g} calls a day, {wish.calls_an_hour:g} of them in the busy hour"
    figure, (by_lines, by_calls) = panels(title, 1, 2, inches=(11, 4.5))
    for plan in plans:
        colour = COLOURS[plan.world]
        shares = [blocked(plan.load, n) for n in LINES]
        # Both menus hold the lines alike: one curve lies on the other.
        dashes = "--" if plan.world == "menu-refer" else "-"
        by_lines.plot(LINES, shares, dashes, color=colour, label=plan.world)
        by_calls.step(*_lines_by_calls(plan, wish), dashes, where="post", color=colour)
    _blocking(by_lines, wish)
    _wanted(by_calls, wish)
    write_svg(figure, file)


def _blocking(axes: Axes, wish: Wish) -> None:
    axes.set_title("attempts that find every line taken", fontsize=10)
    axes.set_xlabel("police lines")
    axes.set_yscale("log")
    axes.set_ylim(1e-3, 1)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.axhline(wish.blocked_at_most, color="grey", linestyle=":")
    axes.axvline(wish.lines_now, color="grey", linestyle="--")
    axes.annotate(f"{wish.lines_now} lines now", (wish.lines_now + 0.3, 0.75), fontsize=8)
    axes.legend(fontsize=8)


def _wanted(axes: Axes, wish: Wish) -> None:
    axes.set_title(f"lines for at most {wish.blocked_at_most:.1%} blocked", fontsize=10)
    axes.set_xlabel("calls a day")
    axes.set_ylim(bottom=0)
    axes.axvline(wish.calls_a_day, color="grey", linestyle="--")
    axes.axhline(wish.lines_now, color="grey", linestyle="--")


def _lines_by_calls(plan: Plan, wish: Wish) -> tuple[list[float], list[int]]:
    """From nothing to three times the calls of the wish."""
    calls = [wish.calls_a_day * 3 * n / STEPS for n in range(1, STEPS + 1)]
    of_one = plan.load / wish.calls_a_day
    return calls, [lines_for(of_one * n, wish.blocked_at_most) for n in calls]
