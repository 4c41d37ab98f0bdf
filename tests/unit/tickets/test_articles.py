"""How an article is named and when it is refused."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.articles import ArticleKey, ArticleRefused, ArticleText, article_key

DAY = date(2026, 11, 23)


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**9 - 1))
def test_a_key_is_read_as_it_was_written(article, version):
    key = ArticleKey(article, version)
    assert article_key(str(key)) == key
    assert key.next().version == version + 1


@pytest.mark.parametrize("text", ["", "42", "K42", "K42.", "K4 2.1", "K-1.1", "k1.1", "K1.1\n"])
def test_another_text_names_no_article(text):
    with pytest.raises(ArticleRefused, match="names no article"):
        article_key(text)


@pytest.mark.parametrize(
    ("title", "body", "valid_to", "says"),
    [
        (" ", "b", None, "title is empty"),
        ("t", "", None, "text is empty"),
        ("t\0", "b", None, "zero byte"),
        ("t" * 201, "b", None, "title has 201 characters of 200"),
        ("t", "b" * 10_001, None, "text has 10001 characters of 10000"),
        ("t", "b", DAY - timedelta(days=2), "would end on 2026-11-21, before 2026-11-23"),
    ],
)
def test_what_cannot_be_kept_is_refused(title, body, valid_to, says):
    with pytest.raises(ArticleRefused, match=says):
        ArticleText("0101", title, body, DAY, valid_to)


def test_an_article_may_be_taken_back_before_its_first_day_has_passed():
    assert ArticleText("0101", "t", "b", DAY, DAY - timedelta(days=1)).valid_to is not None
