import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decide import decide
from routing.decided import decided_data, question_of
from routing.menu import next_prompt
from routing.model import Mark, Question, QuestionUnreadable, Target, Verdict
from routing.rules import RuleSet, parse_rules
from routing.steps import Step, StepKind

DEFAULT = Path(__file__).parents[3] / "config" / "rules.toml"
SHIPPED = parse_rules(DEFAULT.read_bytes(), "config/rules.toml")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
NIGHT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)  # 22:30 in Shanghai
HEAD = '[default]\ntarget = "police"\n'
CONDITIONAL = parse_rules(
    HEAD
    + """
[[rule]]
id = "by-day"
key = "2"
target = "livelihood"
hours = "08:00-22:00"
[[rule]]
id = "by-night"
key = "2"
target = "livelihood"
hours = "22:00-08:00"
when_lines_in_use = ">=3"
[[rule]]
id = "known"
key = "3"
target = "livelihood"
unless_caller_marks = ["withheld"]
[[rule]]
id = "withheld"
key = "3"
target = "police"
caller_marks = ["withheld"]
""",
    "conditional",
)
OFF = parse_rules(HEAD + "[menu]\nenabled = false\n", "off")
STRICT = parse_rules(
    HEAD + '[menu]\nwrong_keys_allowed = 0\n[[rule]]\nid="a"\nkey="2"\ntarget="livelihood"',
    "strict",
)
RULESETS = (SHIPPED, CONDITIONAL, OFF, STRICT)

times = st.datetimes(
    timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=14)), timezone.min])
)
keys = st.none() | st.sampled_from("0123456789*#ABCD") | st.text(max_size=3)
questions = st.builds(
    Question,
    keys=st.lists(keys, max_size=5).map(tuple),
    at=times,
    caller_marks=st.frozensets(st.sampled_from(Mark)),
    lines_in_use=st.integers(-1, 300),
    prompt_failed=st.booleans(),
)
rulesets = st.sampled_from(RULESETS)


def asked(*keys: str | None, at: datetime = NOON, lines: int = 1) -> Question:
    return Question(keys, at, frozenset(), lines)


@pytest.mark.parametrize(
    ("keys", "target", "reason", "language"),
    [
        (("1",), Target.POLICE, "rule", "zh"),
        (("2",), Target.LIVELIHOOD, "rule", "zh"),
        (("5",), Target.POLICE, "rule", "zh"),
        (("8", "2"), Target.LIVELIHOOD, "rule", "zh"),
        (("9", "2"), Target.LIVELIHOOD, "rule", "en"),
        (("9", "8", "2"), Target.LIVELIHOOD, "rule", "en"),
        (("8", "9", "2"), Target.LIVELIHOOD, "rule", "en"),
        ((None,), Target.POLICE, "no-key", "zh"),
        (("9", None), Target.POLICE, "no-key", "en"),
        (("8", None), Target.POLICE, "no-key", "zh"),
        (("8", "A"), Target.POLICE, "wrong-key", "zh"),
        (("9", "9", "9"), Target.POLICE, "wrong-key", "en"),
        ((), Target.POLICE, "unfinished", "zh"),
        (("8",), Target.POLICE, "unfinished", "zh"),
        (("9",), Target.POLICE, "unfinished", "en"),
        (("1", "2"), Target.POLICE, "broken-input", "zh"),
        ((None, "2"), Target.POLICE, "broken-input", "zh"),
        (("8", "8", "2"), Target.POLICE, "broken-input", "zh"),
    ],
)
def test_the_shipped_rules_send_each_course_of_keys_where_they_should(
    keys: tuple[str | None, ...], target: Target, reason: str, language: str
) -> None:
    verdict = decide(asked(*keys), SHIPPED)
    assert (verdict.target, verdict.reason, verdict.language) == (target, reason, language)


@pytest.mark.parametrize(
    ("keys", "rules", "language"),
    [
        ((), SHIPPED, "zh"),
        (("8",), SHIPPED, "zh"),
        (("9",), SHIPPED, "en"),
        (("9", "8"), SHIPPED, "en"),
        (("2",), SHIPPED, "zh"),
        (("9", "2"), SHIPPED, "en"),
        ((), OFF, "zh"),
    ],
)
def test_a_prompt_that_failed_gives_the_call_to_the_police_whatever_the_keys(
    keys: tuple[str | None, ...], rules: RuleSet, language: str
) -> None:
    verdict = decide(replace(asked(*keys), prompt_failed=True), rules)
    assert verdict == Verdict(
        Target.POLICE, "prompt-failed", rules_version=rules.version, language=language
    )


@given(questions, rulesets)
def test_no_prompt_that_failed_sends_anybody_to_the_livelihood_side(
    question: Question, rules: RuleSet
) -> None:
    verdict = decide(replace(question, prompt_failed=True), rules)
    assert verdict.target is Target.POLICE
    assert verdict.reason in ("prompt-failed", "broken-input")


def test_a_verdict_names_its_rule_its_key_and_the_version_of_the_rules() -> None:
    verdict = decide(asked("2"), SHIPPED)
    assert (verdict.rule_id, verdict.key, verdict.rules_version) == ("key-2", "2", SHIPPED.version)


def test_who_cannot_speak_is_marked_silent() -> None:
    assert decide(asked("5"), SHIPPED).marks == {Mark.SILENT}


def test_a_wrong_key_goes_to_the_police_at_once_where_none_is_allowed() -> None:
    assert decide(asked("8"), STRICT).reason == "wrong-key"


@pytest.mark.parametrize("keys", [(), ("2",), (None,)])
def test_with_the_menu_off_no_call_reaches_the_livelihood_side(
    keys: tuple[str | None, ...],
) -> None:
    verdict = decide(asked(*keys), OFF)
    assert verdict.target is Target.POLICE
    assert verdict.reason == ("broken-input" if keys else "menu-off")


@pytest.mark.parametrize(
    ("at", "lines", "rule_id", "reason"),
    [
        (NOON, 1, "by-day", "rule"),
        (NIGHT, 3, "by-night", "rule"),
        (NIGHT, 2, None, "no-rule-for-key"),
        (NIGHT + timedelta(hours=9, minutes=29, seconds=59), 3, "by-night", "rule"),
        (NIGHT + timedelta(hours=9, minutes=30), 1, "by-day", "rule"),
    ],
)
def test_a_rule_holds_only_in_its_hours_and_load(
    at: datetime, lines: int, rule_id: str | None, reason: str
) -> None:
    verdict = decide(asked("2", at=at, lines=lines), CONDITIONAL)
    assert (verdict.rule_id, verdict.reason) == (rule_id, reason)


@pytest.mark.parametrize(
    ("marks", "target"),
    [
        (frozenset(), Target.LIVELIHOOD),
        (frozenset({Mark.WITHHELD}), Target.POLICE),
        (frozenset({Mark.CLAIMS_TO_BE_110}), Target.LIVELIHOOD),
    ],
)
def test_a_rule_may_ask_what_is_known_of_the_caller(marks: frozenset[Mark], target: Target) -> None:
    assert decide(replace(asked("3"), caller_marks=marks), CONDITIONAL).target is target


@pytest.mark.parametrize(
    "broken",
    [
        replace(asked("2"), at=NOON.replace(tzinfo=None)),
        replace(asked("2"), at=datetime.min.replace(tzinfo=timezone.max)),
        replace(asked("2"), lines_in_use=-1),
        replace(asked("2"), caller_marks=cast("frozenset[Mark]", {"vip"})),
        replace(asked(), keys=cast("tuple[str, ...]", (2,))),
        replace(asked("2"), prompt_failed=cast("bool", None)),
        cast("Question", None),
    ],
)
def test_a_broken_question_goes_to_the_police(broken: Question) -> None:
    verdict = decide(broken, CONDITIONAL)
    assert (verdict.target, verdict.reason) == (Target.POLICE, "broken-input")
    assert verdict.rules_version == CONDITIONAL.version


def test_broken_rules_go_to_the_police() -> None:
    assert decide(asked("2"), cast("RuleSet", None)).reason == "broken-input"


@given(questions, rulesets)
def test_livelihood_takes_an_explicit_last_key_whose_rule_says_so(
    question: Question, rules: RuleSet
) -> None:
    verdict = decide(question, rules)
    if verdict.target is Target.LIVELIHOOD:
        rule = next(rule for rule in rules.rules if rule.id == verdict.rule_id)
        assert rule.key == question.keys[-1] == verdict.key
        assert rule.target is Target.LIVELIHOOD
    else:
        assert verdict.target is Target.POLICE


@given(questions, rulesets)
def test_a_question_whose_menu_would_ask_on_is_unfinished(
    question: Question, rules: RuleSet
) -> None:
    verdict = decide(question, rules)
    if verdict.reason not in ("broken-input", "prompt-failed"):
        assert (verdict.reason == "unfinished") == (next_prompt(question.keys, rules) is not None)


@given(questions)
def test_a_question_survives_json(question: Question) -> None:
    assert Question.from_json(json.loads(json.dumps(question.to_json()))) == question


def test_a_question_older_than_failing_prompts_says_that_none_failed() -> None:
    old = asked("2").to_json()
    del old["prompt_failed"]
    assert Question.from_json(old) == asked("2")


@given(questions, rulesets)
def test_a_journaled_decision_replays_to_the_same_verdict(
    question: Question, rules: RuleSet
) -> None:
    verdict = decide(question, rules)
    data = json.loads(json.dumps(decided_data(question, verdict)))
    step = Step("n1/n1-1.1/decided", StepKind.DECIDED, "n1", "n1-1.1", None, NOON, data)
    assert decide(question_of(step), parse_rules(rules.text, "again")) == verdict


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {**asked("2").to_json(), "keys": "2"},
        {**asked("2").to_json(), "keys": [2]},
        {**asked("2").to_json(), "at": "noon"},
        {**asked("2").to_json(), "at": 5},
        {**asked("2").to_json(), "caller_marks": ["vip"]},
        {**asked("2").to_json(), "lines_in_use": True},
        {**asked("2").to_json(), "prompt_failed": 1},
        {**asked("2").to_json(), "prompt_failed": None},
    ],
)
def test_a_question_of_another_shape_is_refused(data: object) -> None:
    with pytest.raises(QuestionUnreadable):
        Question.from_json(data)


@pytest.mark.parametrize("data", [{}, {"question": "{"}, {"question": None}, {"question": "[" * 9}])
def test_a_step_without_a_question_is_refused(data: dict[str, str | None]) -> None:
    step = Step("e", StepKind.DECIDED, "n1", "n1-1.1", None, NOON, data)
    with pytest.raises(QuestionUnreadable):
        question_of(step)
