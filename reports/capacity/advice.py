"""What a plan means, in plain words of both languages."""

from collections.abc import Sequence
from typing import NamedTuple

from reports.capacity.plan import Plan, Wish

WORTH_SAYING = 0.005  # a smaller difference of blocking is none


class Words(NamedTuple):
    zh: str
    en: str


def advice(plans: Sequence[Plan], wish: Wish) -> list[Words]:
    """Of plans for the worlds of `reports.capacity.hour.WORLDS`; the first is without a bridge."""
    now = plans[0]
    best = min(plans, key=lambda plan: (plan.blocked_now, plan.line_s))
    menu = next((plan for plan in plans if plan.world == "menu-refer"), now)
    told = [
        Words(
            f"忙时 {wish.calls_an_hour:.0f} 个来电、{wish.lines_now} 条线路，不接本系统时 "
            f"{now.blocked_now:.1%} 的来电打不进来。",
            f"With {wish.calls_an_hour:.0f} calls in the busy hour on {wish.lines_now} lines, "
            f"{now.blocked_now:.1%} find every line taken without this bridge.",
        )
    ]
    if menu.blocked_now > now.blocked_now + WORTH_SAYING:
        told.append(
            Words(
                "来电大多不按键，只用菜单反而更堵：每个来电先占用一段提示音的时间。"
                "应由接警员一键转出。",
                "Most callers press nothing, so a menu alone makes it worse: each of them holds a "
                "line for the prompt first. The call-taker's key is what helps.",
            )
        )
    if best is not now:
        told.append(
            Words(
                f"最有效的方案是“{best.world}”：呼损降到 {best.blocked_now:.1%}；"
                f"要不超过 {wish.blocked_at_most:.1%}，需 {best.lines} 条线路"
                f"（不接本系统需 {now.lines} 条）。",
                f"`{best.world}` does most: {best.blocked_now:.1%} are blocked. For at most "
                f"{wish.blocked_at_most:.1%} it takes {best.lines} lines, and {now.lines} "
                "without this bridge.",
            )
        )
    if best.desk_seats:
        told.append(
            Words(
                f"民生席需同时在席 {best.desk_seats} 人，"
                f"{wish.answered:.0%} 的来电 {wish.within_s:g} 秒内接通。",
                f"The livelihood desk needs {best.desk_seats} operators at their seats to answer "
                f"{wish.answered:.0%} within {wish.within_s:g} s.",
            )
        )
    if best.blocked_now > wish.blocked_at_most:
        told.append(
            Words(
                f"现有 {wish.lines_now} 条线路不够，请增加线路。",
                f"{wish.lines_now} lines are not enough in any of these ways: add lines.",
            )
        )
    return told
