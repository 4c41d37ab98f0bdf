import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.menu import Prompt, next_prompt
from routing.rules import RuleSet, parse_rules

HEAD = '[default]\ntarget = "police"\n[[rule]]\nid = "two"\nkey = "2"\ntarget = "livelihood"\n'
ENGLISH = '[[language]]\nkey = "9"\nlanguage = "en"\n'


def rules(wrong: int = 1, languages: str = ENGLISH) -> RuleSet:
    return parse_rules(f"{HEAD}{languages}[menu]\nwrong_keys_allowed = {wrong}\n", "test")


@pytest.mark.parametrize(
    ("keys", "language"),
    [
        ((), "zh"),
        (("8",), "zh"),
        (("9",), "en"),
        (("9", "9"), "en"),
        (("8", "9"), "en"),
        (("2",), None),
        ((None,), None),
        (("8", "8"), None),
        (("9", "9", "9"), None),
        (("9", None), None),
    ],
)
def test_the_menu_asks_again_only_after_a_first_wrong_key_or_a_language(
    keys: tuple[str | None, ...], language: str | None
) -> None:
    prompt = next_prompt(keys, rules())
    assert prompt == (Prompt("menu", language, 2.0) if language else None)


def test_a_menu_that_is_off_asks_nothing() -> None:
    off = parse_rules(HEAD + "[menu]\nenabled = false\n", "off")
    assert next_prompt((), off) is None


@given(
    st.integers(0, 3),
    st.sampled_from(["", ENGLISH]),
    st.iterables(st.none() | st.sampled_from("0123456789*#") | st.text(max_size=2)),
)
def test_no_caller_is_asked_more_often_than_languages_plus_wrong_keys_plus_one(
    wrong: int, languages: str, source: object
) -> None:
    ruleset = rules(wrong, languages)
    pressed: tuple[str | None, ...] = ()
    answers = iter(source)  # type: ignore[call-overload]
    while next_prompt(pressed, ruleset) is not None:
        pressed = (*pressed, next(answers, "8"))
    assert len(pressed) <= len(ruleset.languages) + wrong + 1
