"""The real process by its launcher, with pipes as Asterisk holds them."""

import select
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_scripts.services import Services
from routing.rules import RuleSet, parse_rules
from tests.integration import asking
from tests.integration.conftest import RULES, ListJournal
from tests.integration.fake_asterisk import (
    FACTS,
    NO_KEY,
    PROMPT_BROKE,
    PROMPT_MISSING,
    environment,
    key,
)
from tests.integration.local_asterisk import LocalCall

SHIPPED = RULES.read_text(encoding="utf-8")
LAUNCHER = Path(__file__).parents[2] / "scripts" / "fallback"
LENGTHS = '{"zh": {"menu": 5.4}, "en": {"menu": 5.0}}'
GUARD = 'SET VARIABLE "TIMEOUT(absolute)" "9.4"'
ENGLISH_GUARD = 'SET VARIABLE "TIMEOUT(absolute)" "9"'
ENGLISH = 'SET VARIABLE "CHANNEL(language)" "en"'
ASK = asking.ASK
HELLO = environment()


def verdict(wire: str) -> str:
    return f'SET VARIABLE "L110_VERDICT" "{wire}"'


Dial = Callable[..., LocalCall]


@pytest.fixture(scope="module")
def dial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dial]:
    folder, calls = tmp_path_factory.mktemp("fallback"), list[LocalCall]()

    def start(
        hello: bytes = HELLO,
        facts: str = FACTS,
        rules: str = SHIPPED,
        last_good: str = "",
        lengths: str = LENGTHS,
        launcher: Path = LAUNCHER,
    ) -> LocalCall:
        files = [folder / "rules.toml", folder / "last-good.toml", folder / "lengths.json"]
        for path, text in zip(files, (rules, last_good, lengths), strict=True):
            path.write_text(text, encoding="utf-8")
        calls.append(LocalCall.dial(launcher, facts, *files))
        calls[-1].say(hello)
        return calls[-1]

    yield start
    for call in calls:
        call.bury()


@pytest.mark.parametrize(
    ("answers", "before", "wire"),
    [
        ((key("1"),), [GUARD, ASK], "police:1:rule:key-1:{v}:zh:-"),
        ((key("2"),), [GUARD, ASK], "livelihood:2:rule:key-2:{v}:zh:-"),
        ((key("5"),), [GUARD, ASK], "police:5:rule:key-5:{v}:zh:silent"),
        ((NO_KEY,), [GUARD, ASK], "police:-:no-key:-:{v}:zh:-"),
        ((key("8"), key("2")), [GUARD, ASK] * 2, "livelihood:2:rule:key-2:{v}:zh:-"),
        ((key("8"), NO_KEY), [GUARD, ASK] * 2, "police:-:no-key:-:{v}:zh:-"),
        ((key("A"), key("*")), [GUARD, ASK] * 2, "police:*:wrong-key:-:{v}:zh:-"),
        (
            (key("9"), key("2")),
            [GUARD, ASK, ENGLISH_GUARD, ENGLISH, ASK],
            "livelihood:2:rule:key-2:{v}:en:-",
        ),
        ((PROMPT_BROKE,), [GUARD, ASK], "police:-:prompt-failed:-:{v}:zh:-"),
        ((PROMPT_MISSING,), [GUARD, ASK], "police:-:prompt-failed:-:{v}:zh:-"),
        (("200 result=7 endpos=1\n",), [GUARD, ASK], "police:-:prompt-failed:-:{v}:zh:-"),
    ],
)
def test_every_branch_of_the_menu_ends_with_the_verdict_as_the_last_command(
    dial: Dial, menu_on: RuleSet, answers: tuple[str, ...], before: list[str], wire: str
) -> None:
    call = dial()
    assert call.play(*answers) == [*before, verdict(wire.format(v=menu_on.version))]
    assert call.ended() == 0


def test_with_the_menu_off_the_verdict_is_the_only_command(dial: Dial, menu_off: RuleSet) -> None:
    said = dial(rules=menu_off.text).play()
    assert said == [verdict(f"police:-:menu-off:-:{menu_off.version}:zh:-")]


@pytest.mark.parametrize("broken", ["", "[menu", "\0", '[default]\ntarget = "livelihood"\n'])
def test_broken_rules_give_way_to_the_last_good_and_without_them_to_the_police(
    dial: Dial, menu_on: RuleSet, broken: str
) -> None:
    said = dial(rules=broken, last_good=menu_on.text).play(key("2"))
    assert said[-1] == verdict(f"livelihood:2:rule:key-2:{menu_on.version}:zh:-")
    nothing_good = dial(rules=broken)
    assert nothing_good.play() == []
    assert nothing_good.ended() == 1


def test_lengths_that_cannot_be_read_arm_the_guard_for_the_longest_menu(dial: Dial) -> None:
    said = dial(lengths="{").play(key("2"))
    assert said[0] == 'SET VARIABLE "TIMEOUT(absolute)" "10"'
    assert "livelihood:2" in said[-1]


@pytest.mark.parametrize("facts", ["", "&&=", "marks=%FF&lines=²", "x" * 9000, "a'$(b)\"\n-c"])
def test_hostile_facts_never_cost_the_caller_his_menu(dial: Dial, facts: str) -> None:
    assert "livelihood:2" in dial(facts=facts).play(key("2"))[-1]


def test_what_the_caller_sent_is_never_said_again(dial: Dial) -> None:
    call = dial(environment(agi_callerid='138"\nagi_x: \udcff'), facts='name=%22evil"')
    assert not any("evil" in command or "138" in command for command in call.play(key("2")))
    assert call.ended() == 0


FAULTS = [
    "HANGUP\n",
    "200 result=-1 endpos=5\nHANGUP\n",
    "200 result=1 (hangup)\n",
    "510 Invalid or unknown command\n",
    "511 Command Not Permitted on a dead channel\n",
    "520-Invalid command syntax.\nUsage: x\n520 End of proper usage.\n",
    "520 Invalid command syntax.  Proper usage not available.\n",
    "what?\n",
    "\n",
    "x" * 60_000,
]


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        *(("SET VARIABLE", fault) for fault in FAULTS),
        *(("GET OPTION", fault) for fault in [*FAULTS, "200 result=\n", "200 result=2x\n"]),
    ],
)
def test_after_any_fault_nothing_more_is_tried(dial: Dial, verb: str, answer: str) -> None:
    call = dial()
    call.until(verb)
    call.say(answer)
    started = time.monotonic()
    assert call.ended() == 1
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("last_words", ["", "200 result=-1 endpos=9\n", "520-Invalid\n", "200 re"])
def test_a_pipe_that_closes_in_the_prompt_ends_the_process_at_once(
    dial: Dial, last_words: str
) -> None:
    call = dial()
    call.until("GET OPTION")
    call.say(last_words)
    call.close()
    started = time.monotonic()
    assert call.ended() == 1
    assert time.monotonic() - started < 1


def test_a_pipe_that_closes_in_the_environment_ends_the_process(dial: Dial) -> None:
    call = dial(hello=b"agi_request: fallback\n")
    call.close()
    assert call.ended() == 1


def test_a_hang_up_by_signal_ends_the_process_in_the_prompt(dial: Dial) -> None:
    call = dial()
    call.until("GET OPTION")
    call.process.send_signal(signal.SIGHUP)
    assert call.ended() == -signal.SIGHUP


def test_nobody_reading_ends_the_process(dial: Dial) -> None:
    call = dial(hello=b"")
    assert call.process.stdout is not None
    call.process.stdout.close()
    call.say(HELLO)
    assert call.process.wait() == -signal.SIGPIPE


@pytest.mark.parametrize(
    ("hello", "silent_at", "after_s"),
    [(b"agi_x: y\n", None, 2), (HELLO, "SET VARIABLE", 2), (HELLO, "GET OPTION", 2.6)],
)
def test_an_asterisk_that_falls_silent_is_given_up_when_the_command_should_be_over(
    dial: Dial, menu_on: RuleSet, hello: bytes, silent_at: str | None, after_s: float
) -> None:
    rules = menu_on.text.replace("patience_s = 2.0", "patience_s = 0.5")
    call = dial(hello, rules=rules, lengths='{"zh": {"menu": 0.1}}')
    started = time.monotonic()
    if silent_at:
        call.until(silent_at)
        started = time.monotonic()
    assert call.ended() == -signal.SIGALRM
    assert after_s - 0.5 < time.monotonic() - started < after_s + 1


def test_a_slow_caller_is_waited_for_as_long_as_his_prompt_lasts(dial: Dial) -> None:
    call = dial()
    call.until("GET OPTION")
    assert call.process.stdout is not None
    assert select.select([call.process.stdout], [], [], 2.5)[0] == []
    call.say(key("2"))
    assert "livelihood:2" in call.play()[-1]


def test_the_launcher_works_through_a_link(dial: Dial, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(LAUNCHER)
    assert "police:1" in dial(launcher=tmp_path / "link").play(key("1"))[-1]


CONDITIONS = """
[[rule]]
id = "withheld-3"
key = "3"
target = "livelihood"
caller_marks = ["withheld"]
when_lines_in_use = ">=2"
"""
RULE_SETS = [
    SHIPPED,
    SHIPPED + CONDITIONS,
    SHIPPED.replace("wrong_keys_allowed = 1", "wrong_keys_allowed = 3"),
    SHIPPED.replace('language = "zh"', 'language = "en"').replace(
        'key = "9"\nlanguage = "en"', 'key = "9"\nlanguage = "zh"'
    ),
]
KEYS = [*map(key, "0123456789*#AD"), NO_KEY, PROMPT_BROKE, PROMPT_MISSING]


@settings(max_examples=60, deadline=None)
@given(
    answers=st.lists(st.sampled_from([*map(key, "2399"), *KEYS]), min_size=6, max_size=6),
    rules=st.sampled_from(RULE_SETS),
    facts=st.sampled_from(
        ["", FACTS, FACTS + "&marks=withheld", "lines=1&marks=withheld%2Csilent"]
    ),
)
def test_the_same_keys_bring_the_same_commands_as_from_the_bridge(
    dial: Dial, answers: list[str], rules: str, facts: str
) -> None:
    parsed = parse_rules(rules, "rules.toml")
    bridge = Services(
        rules=lambda: parsed,
        journal=ListJournal(),
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        prompt_length_s=lambda language, name: {"zh": 5.4, "en": 5.0}[language],
        node="n1",
    )
    hello = environment(facts=facts)
    asked = asking.run(bridge, *answers, hello=hello)
    said = dial(hello, facts, rules).play(*answers)
    assert [c.replace('"', "") for c in said] == [c.replace('"', "") for c in asked]
    assert said[-1].startswith('SET VARIABLE "L110_VERDICT"')
