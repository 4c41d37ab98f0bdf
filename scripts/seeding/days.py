"""All tickets that one day opens: single ones, pairs that are one matter, wholes with parts."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from scripts.seeding.calls import told_call
from scripts.seeding.matters import Matter, matters
from scripts.seeding.paths import WAYS, Teller
from scripts.seeding.people import caller
from scripts.seeding.places import beside, place
from scripts.seeding.times import midnight, moment
from scripts.seeding.told import Life
from tickets.numbers import provisional_number

EVERY = matters()
WEIGHTS = [matter.weight for matter in EVERY]
WAY_LIST, WAY_WEIGHTS = list(WAYS), list(WAYS.values())
PAIRS, WHOLES, STALLED = 0.03, 0.004, 0.06
PARTS = 2
SOURCES = ("call", "web", "counter", "grid", "other-hotline")
SOURCE_WEIGHTS = (70, 12, 5, 5, 8)
BEFORE = ("", "", "", "你好，", "您好，我要反映：", "麻烦问一下，")
AFTER = ("", "", "", "请尽快处理。", "希望有人管。", "谢谢。", "已经打过几次电话了。")
WHEN = ("昨天晚上", "今天早上", "刚才", "前天", "上周", "中午", "凌晨", "这几天")


def tell_day(day: date, count: int, seed: int, first: int, until: datetime) -> list[Life]:
    """`count` lives in the order of their opening; what is not before `until` has not happened.

    first: the sequence number of the day's first ticket among all. The same for the same seed.
    """
    rng = Random(f"{seed}/{day.isoformat()}")
    last = midnight(day) + timedelta(days=1, seconds=-1)
    lives: list[Life] = []
    while (room := count - len(lives)) > 0:
        chance = rng.random()
        if chance < WHOLES and room > PARTS:
            lives += _whole(rng, day, last)
        elif chance < WHOLES + PAIRS and room > 1:
            lives += _pair(rng, day, last)
        else:
            lives.append(_single(rng, day))
    lives.sort(key=lambda life: life.row["opened_at"])
    for n, life in enumerate(lives, start=first):
        life.until(until)
        _name(life, rng, n, f"seed{seed}")
    return lives


def _single(rng: Random, day: date) -> Life:
    matter = rng.choices(EVERY, WEIGHTS)[0]
    area, spot = place(rng)
    life = _opened(rng, matter, moment(rng, day), area, spot)
    WAY_LIST[rng.choices(range(len(WAY_LIST)), WAY_WEIGHTS)[0]](Teller(rng, matter), life)
    _may_stall(rng, life)
    return life


def _pair(rng: Random, day: date, last: datetime) -> list[Life]:
    """A second caller rings about the same pipe within hours; the desk sees that it is one."""
    matter = rng.choices(EVERY, WEIGHTS)[0]
    area, spot = place(rng)
    head = _opened(rng, matter, moment(rng, day), area, spot)
    teller = Teller(rng, matter)
    teller.usual(head)
    at = min(head.row["opened_at"] + teller.hours(2), last)
    second = _opened(rng, matter, at, area, beside(rng, spot))
    teller.claim(second)
    if second.row["opened_at"] >= head.row["opened_at"]:
        second.joined_to = head
        given: dict[str, Any] = {"joined_to": head, "close_exempt": "joined"}
        second.do("join", teller.desk(second), teller.minutes(5), "同一事项", **given)
    return [head, second]


def _whole(rng: Random, day: date, last: datetime) -> list[Life]:
    """One call about two things: each unit gets its part, and the whole is answered at once."""
    matter = rng.choices(EVERY, WEIGHTS)[0]
    area, spot = place(rng)
    whole = _opened(rng, matter, moment(rng, day), area, spot)
    teller = Teller(rng, matter)
    teller.claim(whole)
    teller.screen(whole)
    whole.do("split", teller.desk(whole), teller.minutes(3), "涉及两个单位")
    if whole.at > last:  # its parts are of the same day, as all that is told here
        whole.stalls(2)
        return [whole, *(_single(rng, day) for _ in range(PARTS))]
    parts = [_part(rng, whole, other) for other in rng.sample(EVERY, PARTS)]
    whole.at = max(part.solved_at or part.at for part in parts)
    whole.do("gather", teller.desk(whole), teller.minutes(30), result=matter.result)
    whole.solved_at = whole.at
    teller.call_back(whole)
    return [whole, *parts]


def _part(rng: Random, whole: Life, matter: Matter) -> Life:
    row = whole.row | {"opened_at": whole.at, "release_ms": None}
    row["request"] = _text(rng, matter, whole.row["place"])
    row["service_class"] = matter.service_class
    part = Life(row, whole.at, part_of=whole)
    part.row["changed_by"] = whole.changes[0].actor.name
    Teller(rng, matter).usual(part)
    return part


def _opened(rng: Random, matter: Matter, at: datetime, area: str, spot: str) -> Life:
    source = rng.choices(SOURCES, SOURCE_WEIGHTS)[0]
    row = {
        "source": source,
        "service_class": matter.service_class,
        "state": "new",
        "opened_at": at,
        "release_ms": None,
        "caller": None,
        "caller_kind": None,
        "caller_name": None,
        "caller_sex": None,
        "caller_age_band": None,
        "caller_area": None,
        "caller_work": None,
        "request": _text(rng, matter, spot),
        "place": spot,
        "area": area,
        "changed_by": "forwarder" if source == "call" else "import",
    }
    life = Life(row | caller(rng, area), at)
    if source == "call":
        life.call = told_call(rng, life.row)
        life.row["release_ms"] = life.call["release_ms"]
    return life


def _text(rng: Random, matter: Matter, spot: str) -> str:
    said = rng.choice(matter.phrasings)
    said = said.format(place=spot, when=rng.choice(WHEN), n=rng.randrange(2, 9))
    return rng.choice(BEFORE) + said + rng.choice(AFTER)


def _may_stall(rng: Random, life: Life) -> None:
    if rng.random() < STALLED:
        life.stalls(rng.randrange(len(life.changes)))


def _name(life: Life, rng: Random, n: int, node: str) -> None:
    """A node called after the seed: what was seeded can be told from what is real."""
    if life.call is None:
        life.row |= {"provisional_number": f"S-{node}-{n}", "call_id": None}
        return
    at = life.call["started_at"]
    call_id = f"{at:%Y%m%dT%H%M%SZ}-{node}-{n}-{rng.getrandbits(32):08x}"
    life.call |= {"call_id": call_id, "node": node}
    life.row |= {"provisional_number": provisional_number(call_id), "call_id": call_id}
