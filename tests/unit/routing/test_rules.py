from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.model import Mark, Target
from routing.problems import Problem
from routing.rules import Menu, RuleSet, RuleSetRejected, parse_rules

SHIPPED = (Path(__file__).parents[3] / "config" / "rules.toml").read_bytes()
DEFAULT = '[default]\ntarget = "police"\n'
TWO = '[[rule]]\nid = "two"\nkey = "2"\ntarget = "livelihood"\n'
TWO_AGAIN = '[[rule]]\nid = "again"\nkey = "2"\ntarget = "police"\n'


def problems(text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(RuleSetRejected) as rejected:
        parse_rules(text, "rules.toml")
    return rejected.value.problems


def test_the_shipped_file_is_a_rule_set() -> None:
    rules = parse_rules(SHIPPED, "config/rules.toml")
    assert rules.menu == Menu(enabled=True, language="zh", patience_s=2.0, wrong_keys_allowed=1)
    assert [(rule.key, rule.target) for rule in rules.rules] == [
        ("1", Target.POLICE),
        ("2", Target.LIVELIHOOD),
        ("5", Target.POLICE),
    ]
    assert rules.rules[2].marks == {Mark.SILENT}
    assert [(entry.key, entry.language) for entry in rules.languages] == [("9", "en")]


def test_text_and_bytes_are_the_same_rule_set_with_the_same_version() -> None:
    rules = parse_rules(SHIPPED, "rules")
    assert rules == parse_rules(SHIPPED.decode(), "rules")
    assert rules.version != parse_rules(SHIPPED + b"\n", "rules").version


@pytest.mark.parametrize(
    ("text", "line", "field", "words"),
    [
        # B25 unknown field
        (DEFAULT + TWO + "hour = 3\n", 7, "rule[1].hour", "did you mean hours?"),
        (DEFAULT + "[menus]\n", 3, "menus", "did you mean menu?"),
        (DEFAULT + "[menu]\nwhen = 1\n", 4, "menu.when", "unknown"),
        ('[default]\ntarget = "police"\n"a b" = 1\n', 1, "default.'a b'", "unknown"),
        # B26 cycle
        (
            DEFAULT + '[[language]]\nkey = "9"\nlanguage = "zh"\n',
            5,
            "language[1].language",
            "cycle",
        ),
        (
            DEFAULT
            + '[menu]\nlanguage = "en"\n'
            + '[[language]]\nkey = "9"\nlanguage = "zh"\n'
            + '[[language]]\nkey = "8"\nlanguage = "en"\n',
            10,
            "language[2].language",
            "cycle",
        ),
        # B27 overlap
        (DEFAULT + TWO + TWO_AGAIN, 9, "rule[2].key", "overlap"),
        (
            DEFAULT + TWO + 'hours = "22:00-06:00"\n' + TWO_AGAIN + 'hours = "05:59-22:00"\n',
            10,
            "rule[2].key",
            "overlap: key 2 already means rule two (line 3)",
        ),
        (
            DEFAULT + TWO + 'when_lines_in_use = ">=3"\n' + TWO_AGAIN + "when_lines_in_use = 9\n",
            10,
            "rule[2].key",
            "overlap",
        ),
        # B32 and 46: no police default, targets that lead nowhere
        (TWO, 1, "default", 'add [default] with target = "police"'),
        ("[default]\n", 1, "default.target", "police"),
        ('\n[default]\ntarget = "livelihood"\n', 3, "default.target", "must be the police"),
        (DEFAULT + TWO.replace("livelihood", ""), 6, "rule[1].target", "not empty"),
        (DEFAULT + TWO.replace("livelihood", "polcie"), 6, "rule[1].target", "mean police?"),
        (DEFAULT + TWO.replace('target = "livelihood"', ""), 3, "rule[1]", "target is missing"),
        # keys, names and values
        (DEFAULT + TWO.replace('"2"', '"A"'), 5, "rule[1].key", "no key of a telephone"),
        (DEFAULT + TWO.replace('"2"', '"22"'), 5, "rule[1].key", "no key of a telephone"),
        (DEFAULT + TWO.replace('"2"', "2"), 5, "rule[1].key", "in quotes"),
        (DEFAULT + TWO.replace('"two"', '"a:b"'), 4, "rule[1].id", "use up to 40"),
        (DEFAULT + TWO + TWO.replace('"2"', '"3"'), 8, "rule[2].id", "rename"),
        (
            DEFAULT + TWO.replace('"2"', '"9"') + '[[language]]\nkey = "9"\nlanguage = "en"\n',
            5,
            "rule[1].key",
            "taken by language[1] (en)",
        ),
        (
            DEFAULT + '[[language]]\nkey = "9"\nlanguage = "fr"\n',
            5,
            "language[1].language",
            "en, zh",
        ),
        (DEFAULT + '[menu]\nlanguage = "fr"\n', 4, "menu.language", "en, zh"),
        (DEFAULT + "[menu]\nenabled = 1\n", 4, "menu.enabled", "true or false"),
        (DEFAULT + "[menu]\npatience_s = nan\n", 4, "menu.patience_s", "0.5 to 10"),
        (DEFAULT + "[menu]\npatience_s = 99\n", 4, "menu.patience_s", "0.5 to 10"),
        (DEFAULT + "[menu]\nwrong_keys_allowed = 4\n", 4, "menu.wrong_keys_allowed", "0 to 3"),
        (DEFAULT + TWO + 'hours = "8-20"\n', 7, "rule[1].hours", '"08:00-20:00"'),
        (DEFAULT + TWO + 'hours = "08:00-08:00"\n', 7, "rule[1].hours", "leave hours out"),
        (DEFAULT + TWO + 'hours = "00:00-24:00"\n', 7, "rule[1].hours", "leave hours out"),
        (DEFAULT + TWO + 'when_lines_in_use = "<0"\n', 7, "rule[1].when_lines_in_use", '">=3"'),
        (DEFAULT + TWO + "when_lines_in_use = true\n", 7, "rule[1].when_lines_in_use", '">=3"'),
        (DEFAULT + TWO + "when_lines_in_use = 0x" + "f" * 9000, 7, "rule[1].when_lines_in_use", ""),
        (DEFAULT + TWO + 'marks = "silent"\n', 7, "rule[1].marks", "a list"),
        (DEFAULT + TWO + 'marks = ["silnt"]\n', 7, "rule[1].marks", "mean silent?"),
        (DEFAULT + TWO + "caller_marks = [7]\n", 7, "rule[1].caller_marks", "unknown"),
        (
            DEFAULT + TWO + 'caller_marks = ["silent"]\nunless_caller_marks = ["silent"]\n',
            8,
            "rule[1].unless_caller_marks",
            "never hold",
        ),
        (DEFAULT + '[rule]\nid = "a"\n', 3, "rule", "two brackets"),
        ("menu = 1\n" + DEFAULT, 1, "menu", "must be a table"),
        # what cannot be read at all
        (b"#" * 65537, 1, "", "65537 bytes"),
        (b"\xef\xbb\xbf" + DEFAULT.encode(), 1, "", "byte order mark"),
        (DEFAULT.encode("utf-16"), 1, "", "UTF-16"),
        ((DEFAULT + "# 民生热线\n").encode("gbk"), 3, "", "looks like GBK"),
        (DEFAULT.encode() + b"\n# \xff\xff\n", 4, "", "not UTF-8: save"),
        (DEFAULT + "\ud800", 3, "", "not UTF-8"),
        (DEFAULT + "a = " + "[" * 9 + "]" * 9, 3, "", "deeper than 8"),
        (DEFAULT + "a = " + "[" * 60000, 3, "", "deeper than 8"),
        (DEFAULT + "a = " + "{a=" * 15000, 3, "", "deeper than 8"),
        (DEFAULT + ".".join("a" * 30000) + " = 1", 3, "", "deeper than 8"),
        (DEFAULT + "[menu\n", 3, "", "not valid TOML"),
        (DEFAULT + "[menu]\n[menu]\n", 4, "", "not valid TOML"),
        (DEFAULT + 'x = """\n\n', 3, "", "not valid TOML"),
        (DEFAULT + "x = " + "9" * 9000, 3, "", "not valid TOML"),
        (DEFAULT + "x = \x00", 3, "", "not valid TOML"),
    ],
)
def test_a_fault_is_refused_with_its_line_and_its_mend(
    text: str | bytes, line: int, field: str, words: str
) -> None:
    [problem] = problems(text)
    assert (problem.source, problem.line, problem.field) == ("rules.toml", line, field)
    assert words in problem.message


def test_every_fault_is_told_in_one_go_and_in_the_order_of_the_file() -> None:
    text = '[menu]\nenabled = 3\n[[rule]]\nid = "a"\nkey = "x"\ntarget = "no"\nfoo = 1\n'
    found = [(problem.line, problem.field) for problem in problems(text)]
    assert found == [
        (1, "default"),
        (2, "menu.enabled"),
        (5, "rule[1].key"),
        (6, "rule[1].target"),
        (7, "rule[1].foo"),
    ]


def test_a_flood_of_faults_is_cut_and_counted() -> None:
    found = problems(DEFAULT + "".join(f"x{n} = 1\n" for n in range(2000)))
    assert len(found) == 51
    assert found[-1].message == "and 1950 more problems"


def test_a_flood_of_rules_is_refused() -> None:
    [problem] = problems(DEFAULT + "[[rule]]\n" * 5000)
    assert "5000 entries" in problem.message


def test_the_refusal_reads_as_file_line_field_and_mend() -> None:
    with pytest.raises(
        RuleSetRejected, match=r"^rules\.toml:1: default: is missing: add \[default"
    ):
        parse_rules("", "rules.toml")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('hours = "08:00-20:00"', 'hours = "20:00-08:00"'),
        ('hours = "00:00-12:00"', 'hours = "12:00-24:00"'),
        ('when_lines_in_use = ">=3"', 'when_lines_in_use = "<3"'),
        ('caller_marks = ["withheld"]', 'unless_caller_marks = ["withheld"]'),
    ],
)
def test_rules_of_one_key_may_exclude_each_other(one: str, other: str) -> None:
    rules = parse_rules(f"{DEFAULT}{TWO}{one}\n{TWO_AGAIN}{other}\n", "rules")
    assert [rule.id for rule in rules.rules] == ["two", "again"]


@pytest.mark.parametrize(
    "text",
    [
        'default = {target = "police"}\nrule = [{id = "a", key = "2", target = "police", x = 1}]\n',
        'default.target = "police"\n[[rule]]\nid = """\na b"""\nkey = "2"\ntarget = "police"\n',
    ],
)
def test_a_field_in_an_unusual_place_still_has_a_line_of_the_file(text: str) -> None:
    assert all(1 <= problem.line <= text.count("\n") for problem in problems(text))


def test_strings_and_comments_do_not_shift_the_lines() -> None:
    text = DEFAULT + '# [[rule]]\n[[rule]] # "\nid = "a#b"\nkey = \'2\'\ntarget = "police"\n'
    [problem] = problems(text)
    assert (problem.line, problem.field) == (5, "rule[1].id")


def parse_or_reject(text: str | bytes) -> RuleSet | RuleSetRejected:
    try:
        return parse_rules(text, "fuzz")
    except RuleSetRejected as rejected:
        return rejected


def assert_sound(outcome: RuleSet | RuleSetRejected, text: str | bytes) -> None:
    if isinstance(outcome, RuleSet):
        assert len(outcome.version) == 8
        return
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    last_line = raw.count(b"\n") + 1
    assert outcome.problems
    assert all(1 <= problem.line <= last_line for problem in outcome.problems)
    assert all(problem.message and "\n" not in str(problem) for problem in outcome.problems)


@given(st.binary(max_size=400) | st.text(max_size=400))
def test_any_bytes_are_a_rule_set_or_are_refused(text: str | bytes) -> None:
    assert_sound(parse_or_reject(text), text)


@given(
    st.integers(0, len(SHIPPED)),
    st.integers(0, 40),
    st.binary(max_size=12)
    | st.sampled_from([b"[", b'"', b'"""', b"'''", b"=", b"[[rule]]", b"\n"]),
)
def test_a_damaged_file_is_a_rule_set_or_is_refused(start: int, cut: int, put: bytes) -> None:
    text = SHIPPED[:start] + put + SHIPPED[start + cut :]
    assert_sound(parse_or_reject(text), text)


LINES = [line + b"\n" for line in SHIPPED.split(b"\n") if line and not line.startswith(b"#")]


@given(st.lists(st.sampled_from(LINES), max_size=40))
def test_a_shuffled_file_is_a_rule_set_or_is_refused(lines: list[bytes]) -> None:
    text = b"".join(lines)
    assert_sound(parse_or_reject(text), text)
