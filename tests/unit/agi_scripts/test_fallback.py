import os
import subprocess
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_scripts.fallback import (
    LONGEST_MENU_S,
    MAX_HEARD,
    AsteriskIsGone,
    CommandRefused,
    Lines,
    caller_marks,
    lines_in_use,
    load_rules,
    prompt_length_s,
)
from agi_scripts.record import Record
from agi_scripts.services import Services
from ivr.wire import Request
from routing.menu import Prompt
from routing.model import Mark
from routing.rules import RuleSet, RuleSetRejected
from routing.steps import Step

ROOT = Path(__file__).parents[3]
RULES = ROOT / "config" / "rules.toml"
MENU = Prompt("menu", "zh", 2.0)


class NoJournal:
    def write(self, step: Step) -> None: ...


def no_rules() -> RuleSet:
    raise LookupError


def as_the_bridge_reads(facts: str) -> Record:
    services = Services(
        no_rules, NoJournal(), lambda: datetime.now(UTC), lambda: 0.0, lambda *_: 1.0, "n1"
    )
    return Record(services, Request({"agi_arg_1": facts}))


hostile = st.text(alphabet="markslines=&%2C0157,+²\udcffwithheld", max_size=80) | st.text()
LIKELY = """
marks=withheld%2Cnumber_unreadable m%61rks=silent marks=%FF marks=,,claims_to_be_110 marks
lines=3 lines=%34 lines=² lines=999999 lines= = & ==
"""
likely = st.lists(st.sampled_from([*LIKELY.split(), "x" * 9000])).map("&".join)


@given(hostile | likely)
def test_no_facts_raise_and_all_mean_what_they_mean_to_the_bridge(facts: str) -> None:
    record = as_the_bridge_reads(facts)
    assert caller_marks(facts) == record.caller_marks
    assert lines_in_use(facts) == record.lines_in_use


def test_fields_past_the_sixty_fourth_are_left_out_as_by_the_bridge() -> None:
    facts = "x=1&" * 64 + "lines=3"
    assert lines_in_use(facts) == as_the_bridge_reads(facts).lines_in_use == 0


def test_facts_as_the_dialplan_writes_them_are_understood() -> None:
    facts = "call=x&caller=unknown&lines=3&raw=%0D%0A&marks=withheld%2Cnumber_unreadable"
    assert caller_marks(facts) == {Mark.WITHHELD, Mark.NUMBER_UNREADABLE}
    assert lines_in_use(facts) == 3


@pytest.mark.parametrize(
    ("text", "length_s"),
    [
        ('{"zh": {"menu": 5.319}}', 5.319),
        ('{"en": {"menu": 5.319}}', LONGEST_MENU_S),
        ('{"zh": {"menu": -1}}', LONGEST_MENU_S),
        ('{"zh": {"menu": 1e9}}', LONGEST_MENU_S),
        ('{"zh": {"menu": 1' + "0" * 400 + "}}", LONGEST_MENU_S),
        ('{"zh": {"menu": NaN}}', LONGEST_MENU_S),
        ('{"zh": {"menu": null}}', LONGEST_MENU_S),
        ('{"zh": []}', LONGEST_MENU_S),
        ("[]", LONGEST_MENU_S),
        ("[" * 60_000, LONGEST_MENU_S),
        ("", LONGEST_MENU_S),
        ("\udcff", LONGEST_MENU_S),
    ],
)
def test_a_length_that_cannot_be_is_the_longest_menu(
    tmp_path: Path, text: str, length_s: float
) -> None:
    lengths = tmp_path / "lengths.json"
    lengths.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert prompt_length_s(str(lengths), MENU) == length_s


def test_lengths_that_are_not_there_are_the_longest_menu(tmp_path: Path) -> None:
    assert prompt_length_s(str(tmp_path / "none.json"), MENU) == LONGEST_MENU_S


@pytest.mark.parametrize("rules", [b"", b"[menu", b"\xff\xfe", b"#" * 70_000, None])
def test_rules_of_no_use_give_way_to_the_last_good_copy(
    tmp_path: Path, rules: bytes | None
) -> None:
    bad = tmp_path / "rules.toml"
    if rules is not None:
        bad.write_bytes(rules)
    assert load_rules(str(bad), str(RULES)).knows("2")


def test_without_any_good_rules_there_are_none(tmp_path: Path) -> None:
    bad = tmp_path / "rules.toml"
    with pytest.raises(FileNotFoundError):
        load_rules(str(bad), str(bad))
    bad.write_text("[menu]\nenabled = true\n")
    with pytest.raises(RuleSetRejected):
        load_rules(str(tmp_path), str(bad))


def lines_of(said: bytes) -> Lines:
    """Asterisk says this and closes."""
    reading, writing = os.pipe()
    os.write(writing, said)
    os.close(writing)
    return Lines(reading)


def test_lines_come_one_by_one_whatever_their_bytes_and_the_end_raises() -> None:
    lines = lines_of(b"a\n\n\xff\nhalf a line")
    assert [lines.readline() for _ in range(3)] == ["a", "", "\udcff"]
    with pytest.raises(AsteriskIsGone):
        lines.readline()


def test_an_asterisk_that_says_too_much_is_not_listened_to_for_ever() -> None:
    lines = lines_of(b"x\n" * (MAX_HEARD // 2 + 1))
    with pytest.raises(AsteriskIsGone):
        deque(iter(lines.readline, None))


@pytest.mark.parametrize("said", [b"520-Invalid\n", b"520 Invalid, no usage\n"])
def test_a_refusal_is_not_read_on_for_an_end_that_may_not_come(said: bytes) -> None:
    with pytest.raises(CommandRefused):
        lines_of(said).readline()


@pytest.mark.parametrize("said", [b"", b"HANGUP\n"])
def test_an_end_or_a_word_is_no_quiet(said: bytes) -> None:
    assert not lines_of(said).stay_quiet(0.01)


def test_a_word_that_came_along_with_an_earlier_one_is_no_quiet() -> None:
    lines = lines_of(b"200 result=-1\nHANGUP\n")
    lines.readline()
    assert not lines.stay_quiet(0.01)


def test_it_loads_nothing_of_ours_but_routing() -> None:
    ask = "import agi_scripts.fallback, sys; print('\\n'.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-P", "-s", "-c", ask],
        env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    ours = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"routing"}
    assert {name for name in loaded if name.partition(".")[0] in ours} == {
        "agi_scripts",
        "agi_scripts.fallback",
    }
    heavy = {"asyncio", "sqlalchemy", "structlog", "click", "pydantic", "rich", "socket"}
    assert heavy.isdisjoint(loaded)
