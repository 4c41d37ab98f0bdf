"""What an article is found by, and what a question asks for."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tickets.terms import NothingAsked, plain, question, question_key, weighed_terms

HAN = st.text(alphabet="水管爆裂停电工资拖欠民生热线一二三", min_size=1, max_size=30)


def in_threes(text: str) -> list[str]:
    """A dictionary that cuts nothing as people would."""
    return [text[at : at + 3] for at in range(0, len(text), 3)]


def whole(text: str) -> list[str]:
    return [text]


@given(HAN, st.data())
def test_every_word_of_one_or_two_characters_is_found_wherever_it_stands(body, data):
    at = data.draw(st.integers(0, len(body) - 1))
    word = body[at : at + data.draw(st.integers(1, 2))]
    wanted = question(word, whole)
    assert wanted.every == {word}
    assert not wanted.some
    assert wanted.every <= weighed_terms("题", body, in_threes).keys()


@given(HAN, st.data())
def test_a_part_of_an_article_always_finds_it(body, data):
    """However differently the dictionary cuts the question and the article."""
    at = data.draw(st.integers(0, len(body) - 1))
    part = body[at : at + data.draw(st.integers(1, 10))]
    wanted = question(part, whole)
    terms = weighed_terms("题", body, in_threes).keys()
    assert wanted.every <= terms
    assert len(wanted.some & terms) >= wanted.least


@pytest.mark.control(without="the pairs of neighbours")
def test_control_without_pairs_a_word_that_the_dictionary_cuts_is_lost(monkeypatch):
    text, word = "请先关水管总阀", question("水管", whole).every
    assert word <= weighed_terms("题", text, in_threes).keys()
    monkeypatch.setattr("tickets.terms._pairs", lambda _: [])
    assert not word <= weighed_terms("题", text, in_threes).keys()


def test_half_of_a_long_question_is_enough():
    wanted = question("水管爆裂了找谁", lambda run: [run])
    assert len(wanted.some) == 6
    assert wanted.least == 3
    assert wanted.every == frozenset()


def test_words_apart_are_each_needed():
    wanted = question("停电 5G  ＡＢＣ", whole)
    assert wanted.every == {"停电", "5g", "abc"}


def test_a_long_word_of_the_dictionary_lifts_an_article():
    wanted = question("身份证办理", lambda _: ["身份", "身份证", "办理"])
    assert wanted.bonus == {"身份证"}
    assert wanted.some == {"身份", "份证", "办理"}


@pytest.mark.parametrize("text", ["", "  ", "？！，。", "%_'\""])
def test_a_question_without_a_word_is_refused(text):
    with pytest.raises(NothingAsked):
        question(text, whole)


def test_the_title_weighs_more_than_the_text():
    weights = weighed_terms("停电", "停水停水", whole)
    assert weights["停电"] > weights["停水"]
    assert weights["停"] == 5 + 2


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_written_and_asked(title, body):
    weights = weighed_terms(title, body, in_threes)
    assert all(1 <= weight <= 10 for weight in weights.values())
    try:
        wanted = question(body, in_threes)
    except NothingAsked:
        return
    assert wanted.least <= len(wanted.some)
    assert not wanted.every & wanted.some


@given(st.text(max_size=100))
def test_a_key_of_a_question_knows_no_case_spaces_or_punctuation(text):
    key = question_key(text)
    assert question_key(f"  {text}？ ") == key
    assume(plain(plain(text)) == plain(text))
    assert question_key(key) == key
