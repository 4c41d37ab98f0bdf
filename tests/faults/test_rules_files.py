"""Bad rules files under a live bridge: refused by file and line, the last good ones decide."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.chaos.findings import Finding
from scripts.cli.rules import check
from scripts.lab.callers import Action, HangUp, Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.real_asterisk.system import System, running_system

GOOD = Path("config/rules.toml").read_text(encoding="utf-8")
SEATS = ("8001", "8002", "7001", "7002")
TURNS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Bad:
    """`line`: where the fault is said to be."""

    content: bytes
    line: int
    says: str


def behind(added: str, says: str, *, at: int = 1) -> Bad:
    """The good rules with something behind them; `at`: which of its lines is wrong."""
    return Bad(f"{GOOD}{added}".encode(), GOOD.count("\n") + at, says)


POLICE_DEFAULT = '[default]\ntarget = "police"\n'
assert POLICE_DEFAULT in GOOD

BAD = {
    "unknown-field": behind("\n[[rule]]\nid = 'x'\nkey = '7'\ntarget = 'police'\nwhim = 1\n",
                            "whim", at=6),
    "cycle": behind("\n[[language]]\nkey = '8'\nlanguage = 'zh'\n", "cycle", at=4),
    "overlap": behind("\n[[rule]]\nid = 'again'\nkey = '2'\ntarget = 'police'\n", "overlap", at=4),
    "10-mb": Bad(GOOD.encode() + b"#" * 10_000_000, 1, "64 kB"),
    "nesting-bomb": behind(f"\nx = {'[' * 5000}{']' * 5000}\n", "nested", at=2),
    "bom": Bad(b"\xef\xbb\xbf" + GOOD.encode(), 1, "byte order mark"),
    "gbk": Bad("# 报警按1\n".encode("gbk") + GOOD.encode(), 1, "GBK"),
    "no-police-default": Bad(GOOD.replace(POLICE_DEFAULT, "").encode(), 1, "default"),
    "not-toml": behind("\n[[rule\n", "TOML", at=2),
    "empty-target": behind("\n[[rule]]\nid = 'x'\nkey = '7'\ntarget = ''\n", "target", at=5),
}  # fmt: skip
NUMBERS = {
    "unknown-field": "B25",
    "cycle": "B26",
    "overlap": "B27",
    "10-mb": "B28",
    "nesting-bomb": "B29",
    "bom": "B30",
    "gbk": "B31",
    "no-police-default": "B32",
    "not-toml": "45",
    "empty-target": "46",
}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    seats = dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=0.5))
    root = tmp_path_factory.mktemp("rules")
    with running_system(root, 141, police=("8001", "8002"), lines=8, seats=seats) as system:
        yield system


def put(system: System, content: bytes) -> None:
    """As an editor does: the whole file at once."""
    path = system.node.settings.rules_path
    written = path.with_suffix(".new")
    written.write_bytes(content)
    written.replace(path)


def last_said(system: System, event: str) -> dict[str, object]:
    log = (system.node.settings.var / "log/ivr.log").read_text(encoding="utf-8")
    said: dict[str, object] = json.loads(
        [line for line in log.splitlines() if f'"event": "{event}"' in line][-1]
    )
    return said


def played(system: System, key: str) -> str:
    """A new caller with this key: his number."""
    number = f"1370000{next(TURNS):04d}"
    more: list[Action] = [Wait(0.3), Press("1")] if key == "2" else []
    system.town.call(number, [Press(key), *more, Stay(20)])
    return number


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.fault(NUMBERS[n], how=f"a live bridge is given {n}"))
        for n in BAD
    ],
)
def test_a_bad_rules_file_is_refused_with_its_line_and_the_last_good_rules_decide(
    system: System, told: Finding, name: str
) -> None:
    bad, before = BAD[name], footprint(system.node)
    in_the_menu = f"1360000{next(TURNS):04d}"
    system.town.call(in_the_menu, [Wait(3), HangUp()])
    wait_until(lambda: system.town.answered(in_the_menu), "a caller in the menu", 10)
    with system.logged("ivr", "rules.rejected"):
        put(system, bad.content)
    problems = str(last_said(system, "rules.rejected")["problems"])
    assert f"{system.node.settings.rules_path}:{bad.line}:" in problems
    assert bad.says in problems
    asked = CliRunner().invoke(check, [str(system.node.settings.rules_path)])
    assert asked.exit_code == 1
    assert f":{bad.line}:" in asked.output
    number = played(system, "2")
    assert system.town.ended(number).talked_to[0].startswith("7")
    row = system.call_of(number)
    assert (row.verdict, row.reason, row.bridge) == ("livelihood", "rule", "seen")
    assert system.call_of(in_the_menu).outcome == "left-in-menu"
    told.caller.append("key 2 led to livelihood as before; who was in the menu stayed in it")
    where = f"{system.node.settings.rules_path.parent}/"
    told.records.append(f"refused: {problems.replace(where, '')[-160:]}")
    told.leaks.append(wait_until_nothing_leaks(system.node, before))


@pytest.mark.control(*NUMBERS.values(), without="the fault: the changed file is a good one")
def test_control_a_good_file_does_change_what_the_next_caller_meets(
    system: System, told: Finding
) -> None:
    with system.logged("ivr", "rules.loaded"):
        put(system, GOOD.replace("enabled = true", "enabled = false").encode())
    number = played(system, "2")
    assert system.town.ended(number).talked_to[0].startswith("8")
    assert system.call_of(number).reason == "menu-off"
    told.caller.append("key 2 led to the police: the good file has the menu off")
    with system.logged("ivr", "rules.loaded"):
        put(system, GOOD.encode())
