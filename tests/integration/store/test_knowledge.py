"""Articles in both stores: found by one character, paged, ended, kept where they answered."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, text, update
from sqlalchemy.exc import DBAPIError

from db.article_search import Found, search_query
from db.engine import reading, writing
from db.kept_rows import drop_kept_triggers
from db.knowledge import (
    ArticleStale,
    add_article,
    article_version,
    articles,
    change_article,
    end_article,
    newest_version,
)
from db.models import ArticleVersionRow
from db.words import Words
from tests.integration.store.cities import T0
from tests.integration.store.knowledge_base import DAY, TEXTS, Base
from tickets.articles import ArticleRefused, ArticleText
from tickets.terms import NothingAsked
from tickets.terms import question as wanted_of


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ("阀", ["水管爆裂先做什么"]),
        ("水管", ["水管爆裂先做什么"]),
        ("水", ["停水通知怎么查", "水管爆裂先做什么"]),
        ("证", ["身份证丢了怎么补"]),
        ("停水 三天", ["停水通知怎么查"]),
        ("停水 总阀", []),
        ("app", ["身份证丢了怎么补"]),
        ("5g", ["身份证丢了怎么补"]),
        ("我的身份证丢了怎么办", ["身份证丢了怎么补"]),
        ("家里水管爆裂了", ["水管爆裂先做什么"]),
        ("医保怎么报销", ["医保报销"]),
        ("火星移民", []),
        ("' OR 1=1 --", []),
    ],
)
def test_an_article_is_found_by_one_character_two_or_a_sentence(
    base: Base, asked: str, titles: list[str]
) -> None:
    assert base.titles(asked) == titles


def test_signs_of_a_pattern_are_no_pattern(base: Base) -> None:
    for signs in ("%", "_", "*"):
        with pytest.raises(NothingAsked):
            base.search(signs)
    assert base.titles("水%") == base.titles("水")


def test_a_word_in_the_title_stands_before_one_in_the_text(base: Base) -> None:
    base.add("其他", "报销")
    assert base.titles("报销") == ["医保报销", "其他"]


def test_an_article_is_found_on_its_days_only(base: Base) -> None:
    base.add("春节值班", "值班表", valid_from=DAY + timedelta(days=1), valid_to=DAY + timedelta(3))
    seen = [bool(base.titles("春节", DAY + timedelta(days=n))) for n in range(5)]
    assert seen == [False, True, True, True, False]


def test_a_search_reads_the_articles_of_its_words_only(base: Base) -> None:
    query = search_query(wanted_of("水管", base.words.cut), DAY, "", None)
    dialect = base.engine.dialect
    told = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    with reading(base.engine) as session:
        if dialect.name == "postgresql":  # a handful of articles is read faster from end to end
            session.execute(text("SET enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
        plan = "\n".join(map(str, session.connection().exec_driver_sql(f"{explain} {told}")))
    index = "autoindex_article_terms_1 (term=" if dialect.name == "sqlite" else "pk_article_terms"
    assert index in plan


def test_pages_go_through_every_article_once_and_in_one_order(base: Base) -> None:
    for n in range(23):
        base.add(f"停电 {n}", "停电" * (n % 4 + 1))
    whole = base.search("停电", limit=100)
    paged: list[Found] = []
    while part := base.search("停电", limit=4, after=paged[-1] if paged else None):
        paged += part
    assert paged == whole
    assert len({found.article for found in whole}) == 23
    assert [found.score for found in whole] == sorted((f.score for f in whole), reverse=True)


def test_only_articles_of_a_matter_or_of_those_below_it(base: Base) -> None:
    assert len(base.search("水", matter="01")) == len(base.search("水", matter="0101")) == 2
    assert base.search("水", matter="0102") == []
    assert base.search("水", matter="0_") == []


def test_a_changed_article_is_found_by_its_new_words_only(base: Base) -> None:
    key = base.add("旧标题甲", "内容")
    text = ArticleText("0101", "新标题乙", "内容", DAY)
    with writing(base.engine) as session:
        following = change_article(session, key, text, by="lu", at=T0, cut=base.words.cut)
    assert following == key.next()
    assert (base.titles("甲"), base.titles("乙")) == ([], ["新标题乙"])
    with reading(base.engine) as session:
        assert article_version(session, key).title == "旧标题甲"
        assert newest_version(session, key.article).by == "lu"


def test_who_saw_an_older_version_changes_nothing(base: Base) -> None:
    key = base.add("甲", "内容")
    text = ArticleText("0101", "乙", "内容", DAY)
    with writing(base.engine) as session:
        change_article(session, key, text, by="lu", at=T0, cut=base.words.cut)
    with writing(base.engine) as session, pytest.raises(ArticleStale, match="at version 2, not 1"):
        change_article(session, key, text, by="he", at=T0, cut=base.words.cut)


def test_of_two_editors_at_once_one_writes_and_the_other_is_told(base: Base) -> None:
    key = base.add("甲", "内容")
    together, told = threading.Barrier(2), []

    def edit(title: str) -> None:
        text = ArticleText("0101", title, "内容", DAY)
        together.wait()
        try:
            with writing(base.engine) as session:
                change_article(session, key, text, by="lu", at=T0, cut=base.words.cut)
            told.append("written")
        except ArticleStale:
            told.append("stale")

    both = [threading.Thread(target=edit, args=(title,)) for title in ("乙", "丙")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert sorted(told) == ["stale", "written"]
    with reading(base.engine) as session:
        assert newest_version(session, key.article).version == 2


def test_an_article_for_a_matter_that_is_not_in_force_is_refused(base: Base) -> None:
    text = ArticleText("7777", "甲", "内容", DAY)
    with writing(base.engine) as session, pytest.raises(ArticleRefused, match="7777 is no matter"):
        add_article(session, text, by="lu", at=T0, cut=base.words.cut)


def test_an_article_before_any_city_says_what_to_load(store: Engine, words: Words) -> None:
    text = ArticleText("0101", "甲", "内容", DAY)
    with writing(store) as session, pytest.raises(ArticleRefused, match="l110 city load"):
        add_article(session, text, by="lu", at=T0, cut=words.cut)


def test_an_ended_article_is_found_no_more_and_can_still_be_read(base: Base) -> None:
    key = base.add("夏令时间", "内容")
    with writing(base.engine) as session:
        ended = end_article(session, key.article, DAY, by="lu", at=T0, cut=base.words.cut)
    assert base.titles("夏令") == ["夏令时间"]
    assert base.titles("夏令", DAY + timedelta(days=1)) == []
    with reading(base.engine) as session:
        assert article_version(session, ended).valid_to == DAY
        assert article_version(session, key).valid_to is None


def test_a_wrong_article_can_be_taken_back_on_its_first_day(base: Base) -> None:
    key = base.add("错误", "内容")
    yesterday = DAY - timedelta(days=1)
    with writing(base.engine) as session:
        end_article(session, key.article, yesterday, by="lu", at=T0, cut=base.words.cut)
    assert base.titles("错误") == []


def test_articles_are_listed_by_number_page_by_page(base: Base) -> None:
    with reading(base.engine) as session:
        first = articles(session, 3, on=DAY)
        rest = articles(session, 3, on=DAY, after=first[-1].id)
        assert [row.title for row in (*first, *rest)] == [title for title, _ in TEXTS]
        assert articles(session, 3, on=DAY - timedelta(days=1)) == []
        assert articles(session, 3, matter="02") == []


def test_the_store_itself_lets_nobody_change_what_a_caller_was_told(base: Base) -> None:
    for statement in (update(ArticleVersionRow).values(body="x"), delete(ArticleVersionRow)):
        with pytest.raises(DBAPIError, match="append-only"), writing(base.engine) as session:
            session.execute(statement)


@pytest.mark.control(without="the store's own trigger")
def test_control_without_the_trigger_it_would_be_rewritten(base: Base) -> None:
    with writing(base.engine) as session:
        drop_kept_triggers(session.connection())
        session.execute(update(ArticleVersionRow).values(body="x"))
    with reading(base.engine) as session:
        assert newest_version(session, 1).body == "x"


def test_jieba_keeps_its_cache_where_it_is_told_and_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fresh = Words(tmp_path / "cache")
    assert "身份证" in list(fresh.cut("我的身份证"))
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["jieba.cache"]
    assert capfd.readouterr() == ("", "")
