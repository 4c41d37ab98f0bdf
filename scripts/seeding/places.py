"""A made-up city's roads and housing estates, each in one of its 19 townships and streets."""

from random import Random

AREAS = tuple(f"A{n:02d}" for n in range(1, 20))  # codes of the city's areas
ROADS = (
    "解放路", "中山路", "和平路", "人民路", "建设路", "五一路", "八一路", "环城路", "滨江路",
    "文化路", "学院路", "站前路", "工业路", "新华街", "东大街", "西大街", "城隍巷", "米市巷",
    "水门巷", "古井巷", "南环路", "北环路", "迎宾路", "公园路",
)  # fmt: skip
ESTATES = (
    "桂花苑", "阳光家园", "锦绣花园", "金河湾", "翠竹小区", "安居小区", "锦江苑", "学府花园",
    "幸福里", "东方新城", "梅园小区", "书香雅苑", "龙泉花园", "百合苑", "水岸名都", "南山小区",
)  # fmt: skip
BESIDE = ("", "", "", "附近", "路口", "门口", "对面")


def place(rng: Random) -> tuple[str, str]:
    """An area, and a place in it; the area goes with the road, so that a road lies somewhere."""
    if rng.random() < 0.55:
        at = rng.randrange(len(ROADS))
        spot = f"{ROADS[at]}{rng.randrange(1, 400)}号"
    else:
        at = rng.randrange(len(ESTATES))
        spot = f"{ESTATES[at]}{rng.randrange(1, 61)}栋"
    return AREAS[(at * 7 + (rng.random() < 0.2)) % len(AREAS)], spot


def beside(rng: Random, spot: str) -> str:
    """The same place as another caller says it."""
    return spot + rng.choice(BESIDE)
