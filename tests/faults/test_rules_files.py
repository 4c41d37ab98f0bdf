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
from scripts.lab.callers import HangUp, Press, Stay, Wait
from scripts.lab.footprint import footprint, wait_until_nothing_leaks
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.patched import start_patched
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
TO_LIVELIHOOD = 'target = "livelihood"'
AGAIN = "\n[[rule]]\nid = 'again'\nkey = '2'\ntarget = 'police'\n"
assert GOOD.count(POLICE_DEFAULT) == GOOD.count(TO_LIVELIHOOD) == 1

BAD = {
    "unknown-field": behind("\n[[rule]]\nid = 'busy'\nkey = '7'\ntarget = 'livelihood'\n"
                            "when_line_in_use = '>=9'\n", "when_lines_in_use?", at=6),
    "cycle": behind("\n[[language]]\nkey = '8'\nlanguage = 'zh'\n", "cycle", at=4),
    "overlap": behind(AGAIN, "overlap", at=4),
    "10-mb": Bad(GOOD.encode() + b"#" * 10_000_000, 1, "64 kB"),
    "nesting-bomb": behind(f"\nx = {'[' * 5000}{']' * 5000}\n", "nested", at=2),
    "bom": Bad(b"\xef\xbb\xbf" + GOOD.encode(), 1, "byte order mark"),
    "gbk": Bad("# 报警按1\n".encode("gbk") + GOOD.encode(), 1, "GBK"),
    "no-police-default": Bad(GOOD.replace(POLICE_DEFAULT, "").encode(), 1, "default"),
    "not-toml": behind("\n[[rule\n", "TOML", at=2),
    "empty-target": Bad(GOOD.replace(TO_LIVELIHOOD, "target = ''").encode(),
                        GOOD[: GOOD.index(TO_LIVELIHOOD)].count("\n") + 1, "target"),
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


def played(system: System, keys: str) -> str:
    """A new caller with these keys: his number."""
    number = f"1370000{next(TURNS):04d}"
    pressed = (Press(key) for key in keys)
    system.town.call(number, [*pressed, Wait(0.3), Press("1"), Stay(20)])
    return number


def side(system: System, number: str) -> str:
    """The first digit of the seat that he talked to: 7 is livelihood, 8 the police."""
    return system.town.ended(number).talked_to[0][0]


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


# Python that has a bridge without a protection.
KEEPS_NONE = """
from scripts.live_rules import LiveRules
read = LiveRules.refresh
def refresh(self):
    good = read(self)
    if not good: self.current = self._none
    return good
LiveRules.refresh = refresh
"""
READS_ON = "from routing.problems import Faults; Faults.raise_if_any = lambda self: None"
GOES_ROUND = """
import inspect, routing.menu as menu
once = inspect.getsource(menu.walk)
assert " and other not in seen" in once
exec(once.replace(" and other not in seen", ""), menu.__dict__)
"""
ANY_DEPTH = """
import routing.rules_text as text
text.line_of_nesting = lambda lines, limit: None
text.RecursionError = ZeroDivisionError
"""
ANY_SIZE = "import routing.rules_text as text; text.MAX_BYTES = 1 << 30"


def bridge_without(system: System, patch: str) -> None:
    put(system, GOOD.encode())
    start_patched(system.node, "ivr", patch)
    system.node.wait_for("ivr")


def taken(system: System, content: bytes) -> None:
    with system.logged("ivr", "rules.loaded"):
        put(system, content)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.control(NUMBERS[n], without="the last good rules"))
        for n in BAD
    ],
)
def test_control_where_a_refused_file_leaves_no_rules_the_next_caller_is_not_asked(
    system: System, told: Finding, name: str
) -> None:
    """For B30, B31, B32 and 45 no check alone would show: Python's TOML reader takes no mark and no
    broken text, GBK spoils comments only, and every doubt is the police's in routing.decide."""
    bridge_without(system, KEEPS_NONE)
    with system.logged("ivr", "rules.rejected"):
        put(system, BAD[name].content)
    number = played(system, "2")
    assert side(system, number) == "8"
    assert system.call_of(number).reason == "menu-off"
    told.caller.append("key 2 led to the police: there was no menu")


@pytest.mark.control("B25", without="the refusal of a field that nobody knows")
def test_control_where_a_field_may_be_unknown_a_rule_holds_without_its_condition(
    system: System, told: Finding
) -> None:
    bridge_without(system, READS_ON)
    taken(system, BAD["unknown-field"].content)
    number = played(system, "7")
    assert side(system, number) == "7"
    assert system.call_of(number).reason == "rule"
    told.caller.append("key 7 led to livelihood with one line in use; its rule says nine")


@pytest.mark.control("B26", without="the refusal of a cycle, and each language only once")
def test_control_where_languages_may_go_round_a_caller_is_asked_for_ever(
    system: System, told: Finding
) -> None:
    """The refusal alone would not show: the walk through the menu enters no language twice."""
    bridge_without(system, f"{READS_ON}\n{GOES_ROUND}")
    taken(system, BAD["cycle"].content)
    assert side(system, played(system, "989898982")) == "7"
    told.caller.append("asked 9 times; 2 languages and one wrong key make 4 at most")


@pytest.mark.control("B27", without="the refusal of two rules for one call")
def test_control_where_rules_may_overlap_their_order_decides(system: System, told: Finding) -> None:
    bridge_without(system, READS_ON)
    taken(system, BAD["overlap"].content)
    behind_it = side(system, played(system, "2"))
    taken(system, (AGAIN + GOOD).encode())
    before_it = side(system, played(system, "2"))
    assert (behind_it, before_it) == ("7", "8")
    told.caller.append("key 2 led to livelihood, and the other way round to the police")


@pytest.mark.control("46", without="the refusal of an empty target")
def test_control_where_a_target_may_be_empty_its_key_means_nothing(
    system: System, told: Finding
) -> None:
    bridge_without(system, READS_ON)
    taken(system, BAD["empty-target"].content)
    number = played(system, "22")
    assert side(system, number) == "8"
    assert system.call_of(number).reason == "wrong-key"
    told.caller.append("key 2 was a wrong key")


@pytest.mark.control("B28", without="the limit of the size")
def test_control_where_rules_may_be_large_the_local_script_is_left_without_any(
    system: System, told: Finding
) -> None:
    """It has limits of its own, and the last good file is the large one by now."""
    bridge_without(system, ANY_SIZE)
    taken(system, BAD["10-mb"].content)
    system.node.processes["ivr"].stop()
    number = played(system, "2")
    assert side(system, number) == "8"
    assert system.call_of(number).bridge == "away"
    told.caller.append("without the bridge key 2 led to the police: no rules were good")


@pytest.mark.control("B29", without="the limit of the depth")
def test_control_where_rules_may_nest_at_will_no_bridge_lives(
    system: System, told: Finding
) -> None:
    bridge_without(system, ANY_DEPTH)
    put(system, BAD["nesting-bomb"].content)
    assert_ends(system)
    number = played(system, "2")
    assert side(system, number) == "7"
    assert system.call_of(number).bridge == "away"
    told.caller.append("key 2 led to livelihood by the local script: the bridge was gone")
    start_patched(system.node, "ivr", ANY_DEPTH)
    assert_ends(system)
    told.records.append("the bridge ended by it, and so did the next one at its start")


def assert_ends(system: System) -> None:
    bridge = system.node.processes["ivr"]
    wait_until(lambda: not bridge.running, "the bridge to end", 10)
    assert "RecursionError" in bridge.last_words()
