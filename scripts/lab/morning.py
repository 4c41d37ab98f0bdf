"""A morning at the switch: who calls, why, what he does, and where he must end up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scripts.lab.callers import Action, HangUp, Press, Stay, Wait


class End(StrEnum):
    """Where a caller of the morning must end up, as the switch sees it."""

    POLICE = "police"
    LIVELIHOOD = "livelihood"
    GONE = "gone"  # hung up before any seat answered


@dataclass(frozen=True, slots=True)
class Scene:
    """One caller. `at_s` counts from the start of the morning; `ring_s` instead of actions: he
    gives up before the answer."""

    at_s: float
    zh: str
    en: str
    actions: Sequence[Action]
    end: End
    dial: str = "110"
    ring_s: float | None = None


STAY = Stay(40)


def _to_police(wait_s: float = 1.0) -> list[Action]:
    return [Wait(wait_s), Press("1"), STAY]


def _to_livelihood(service: str, wait_s: float = 1.0) -> list[Action]:
    return [Wait(wait_s), Press("2"), Wait(1), Press(service), STAY]


MENU_ON: tuple[Scene, ...] = (
    Scene(0, "水管爆裂", "burst pipe", _to_livelihood("4"), End.LIVELIHOOD),
    Scene(1, "入室盗窃", "burglary", _to_police(), End.POLICE),
    Scene(2, "拖欠工资", "wages owed", _to_livelihood("1"), End.LIVELIHOOD),
    Scene(4, "一声不吭", "keys nothing", [STAY], End.POLICE),
    Scene(6, "不能说话", "cannot speak, keys 5", [Wait(1), Press("5"), STAY], End.POLICE),
    Scene(8, "二手手机试线", "tests a phone, hangs up", [Wait(2), HangUp()], End.GONE),
    Scene(9, "钥匙锁在家里", "locked out", _to_livelihood("4", 2), End.LIVELIHOOD),
    Scene(
        11,
        "按错两次",
        "two wrong keys",
        [Wait(1), Press("8"), Wait(1), Press("7"), STAY],
        End.POLICE,
    ),
    Scene(
        13,
        "外国游客",
        "a visitor, in English",
        [Wait(1), Press("9"), *_to_livelihood("3")],
        End.LIVELIHOOD,
    ),
    Scene(16, "接听前挂断", "gives up before the answer", [], End.GONE, ring_s=0.001),
    Scene(18, "夜间施工噪音", "building noise", _to_livelihood("1"), End.LIVELIHOOD),
    Scene(20, "打架斗殴", "a fight, by G.711 A-law", _to_police(), End.POLICE, dial="110-alaw"),
    Scene(22, "孩子要回家", "a child's ride home", _to_livelihood("2"), End.LIVELIHOOD),
    Scene(
        24,
        "按了民生又遇险",
        "chose livelihood, then danger: *",
        [Wait(1), Press("2"), Wait(1), Press("*"), STAY],
        End.POLICE,
    ),
    Scene(
        26,
        "交通事故,带定位",
        "crash, with its place",
        _to_police(0.5),
        End.POLICE,
        dial="110-place",
    ),
    Scene(28, "路灯不亮", "street lamp out", _to_livelihood("3", 0.5), End.LIVELIHOOD),
    Scene(
        30, "按错一次", "one wrong key", [Wait(1), Press("8"), *_to_livelihood("1")], End.LIVELIHOOD
    ),
    Scene(32, "分不清该按几", "no second key", [Wait(1), Press("2"), STAY], End.LIVELIHOOD),
    Scene(
        35,
        "等待时挂断",
        "hangs up in the second menu",
        [Wait(1), Press("2"), Wait(2), HangUp()],
        End.GONE,
    ),
    Scene(37, "抢劫目击者", "witness of a robbery", _to_police(0), End.POLICE),
)
MENU_OFF: tuple[Scene, ...] = (
    Scene(0, "菜单关闭:报警", "menu off: an emergency", [STAY], End.POLICE),
    Scene(
        1, "菜单关闭:按2也不转走", "menu off: 2 takes nobody away", [Press("2"), STAY], End.POLICE
    ),
)


REFER: tuple[Scene, ...] = (
    Scene(0, "下水道堵塞", "blocked drain, by REFER", _to_livelihood("4", 0.2), End.LIVELIHOOD),
    Scene(1, "物价投诉", "prices, by REFER", _to_livelihood("1", 0.2), End.LIVELIHOOD),
    Scene(
        2,
        "转走后又遇险",
        "danger after a REFER: *",
        [Press("2"), Wait(1), Press("*"), STAY],
        End.POLICE,
    ),
)
REFUSED: tuple[Scene, ...] = (
    Scene(
        0,
        "交换机拒绝,本地转接",
        "REFER refused: stays here",
        _to_livelihood("4", 0.2),
        End.LIVELIHOOD,
    ),
    Scene(
        1,
        "被拒后又遇险",
        "REFER refused, then danger: *",
        [Press("2"), Wait(1), Press("*"), STAY],
        End.POLICE,
    ),
)
CALL_TAKER: tuple[Scene, ...] = (
    Scene(0, "接警员一键转民生", "call-taker hands over: *2", _to_police(0.2), End.LIVELIHOOD),
)
KEPT: tuple[Scene, ...] = (
    Scene(0, "接警员自己处理到底", "call-taker keeps the caller", _to_police(0.2), End.POLICE),
)
THREE_WAY: tuple[Scene, ...] = (
    Scene(0, "警民三方通话", "police, operator, caller: *3", _to_police(0.2), End.LIVELIHOOD),
)
OPERATOR: tuple[Scene, ...] = (
    Scene(0, "话务员一键转警察", "operator hands back: *1", _to_livelihood("1", 0.2), End.POLICE),
)


def numbered(scenes: Sequence[Scene], prefix: str) -> Iterator[tuple[str, Scene]]:
    """Give each caller a mobile number of his own: eleven digits that begin with `prefix`."""
    for place, scene in enumerate(scenes, 1):
        yield f"{prefix}{place:0{11 - len(prefix)}d}", scene
