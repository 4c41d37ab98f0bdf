"""The desk, the units' handlers, and who rings: made up, each of them."""

from random import Random
from typing import Any

from tickets.roles import Actor, Role, system

OPERATORS = tuple(
    Actor(name, frozenset({Role.OPERATOR}))
    for name in (
        "chen.fang", "deng.jie", "gao.min", "huang.li", "lin.yan", "luo.qing", "ma.hong",
        "sun.xia", "wu.ping", "xie.na", "zhang.wei", "zhou.mei",
    )
)  # fmt: skip
SUPERVISORS = tuple(
    Actor(name, frozenset({Role.OPERATOR, Role.SUPERVISOR})) for name in ("he.jun", "zheng.kai")
)
WORKER = system("worker")
# No operator of mobile networks has numbers that begin so, as far as we know.
PREFIX = "154"
OFTEN = 400  # callers who ring again and again
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平"
AGE_BANDS = ("18-35", "36-59", "60-79", "80-and-over", "under-18")
AGE_WEIGHTS = (30, 42, 22, 4, 2)
WORKS = ("企业职工", "务工", "个体经营", "退休", "务农", "学生", "无业")


def handler(unit: str, rng: Random) -> Actor:
    return Actor(f"{unit}.{rng.randrange(1, 4)}", frozenset({Role.HANDLER}), frozenset({unit}))


def telephone(rng: Random) -> str:
    if rng.random() < 0.15:
        return f"{PREFIX}0000{rng.randrange(OFTEN):04d}"
    return f"{PREFIX}{rng.randrange(10_000, 100_000_000):08d}"


def caller(rng: Random, area: str) -> dict[str, Any]:
    """The caller's part of a ticket; 2 % withhold their number, 1 % ring from a shared one."""
    chance = rng.random()
    if chance < 0.02:
        return {"caller": None, "caller_kind": "withheld"}
    told: dict[str, Any] = {"caller": telephone(rng)}
    told["caller_kind"] = "shared" if chance < 0.03 else "person"
    if chance < 0.6:
        told["caller_name"] = rng.choice(SURNAMES) + rng.choice(GIVEN)
        told["caller_sex"] = "female" if rng.random() < 0.52 else "male"
        told["caller_age_band"] = rng.choices(AGE_BANDS, AGE_WEIGHTS)[0]
        told["caller_area"] = area
    if chance < 0.3:
        told["caller_work"] = rng.choice(WORKS)
    return told
