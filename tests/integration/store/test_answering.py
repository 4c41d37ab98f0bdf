"""Tickets answered with an article, and questions that none answers, in both stores."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.engine import reading, writing
from db.knowledge import (
    Answer,
    ArticleUnknown,
    answer_with_article,
    article_version,
    change_article,
)
from db.tickets import open_ticket
from db.unanswered import note_unanswered, settle_unanswered, unanswered
from tests.integration.store.cities import T0
from tests.integration.store.knowledge_base import DAY, Base
from tests.integration.store.test_ticket_moves import OPERATOR, draft
from tickets.articles import ArticleRefused, ArticleText
from tickets.refused import MoveRefused
from tickets.terms import NothingAsked


@pytest.fixture
def session(store: Engine) -> Iterator[Session]:
    with writing(store) as session:
        yield session


class TestAnswering:
    def answered(
        self, base: Base, article: int, at: datetime = T0, **rest: str
    ) -> dict[str, object]:
        with writing(base.engine) as session:
            base.tickets += 1
            number = open_ticket(session, draft(base.tickets), by="wang").id
            answer = Answer(OPERATOR, at, 1, **rest)
            row = answer_with_article(session, number, article, answer)
            names = ("state", "article", "result", "matter", "matter_version", "close_exempt")
            return {name: getattr(row, name) for name in names}

    def test_a_ticket_keeps_the_number_and_the_version_of_what_its_caller_was_told(
        self, base: Base
    ) -> None:
        key = base.add("爆管", "关总阀")
        told = self.answered(base, key.article, close_exempt="answered-in-call")
        assert told == {
            "state": "solved", "article": str(key), "result": "关总阀", "matter": "0101",
            "matter_version": "1", "close_exempt": "answered-in-call",
        }  # fmt: skip
        text = ArticleText("0101", "爆管", "新的内容", DAY)
        with writing(base.engine) as session:
            following = change_article(session, key, text, by="lu", at=T0, cut=base.words.cut)
        assert self.answered(base, key.article)["article"] == str(following)
        with reading(base.engine) as session:
            assert article_version(session, key).body == "关总阀"

    def test_what_was_said_in_other_words_is_kept_as_it_was_said(self, base: Base) -> None:
        assert self.answered(base, 1, result="三天前会通知")["result"] == "三天前会通知"

    def test_an_article_that_is_not_valid_today_answers_nothing(self, base: Base) -> None:
        key = base.add("旧规定", "内容", valid_to=DAY)
        with pytest.raises(ArticleRefused, match=r"is valid from .* not on 2026-11-24"):
            self.answered(base, key.article, at=T0 + timedelta(days=1))
        with pytest.raises(ArticleUnknown, match="no article K999"):
            self.answered(base, 999)

    def test_the_lifecycle_still_decides(self, base: Base) -> None:
        with pytest.raises(MoveRefused, match="close_exempt is one of"):
            self.answered(base, 1, close_exempt="because")


class TestUnanswered:
    def note(self, session: Session, text: str, ticket: str | None = None) -> None:
        note_unanswered(session, text, at=T0, matter=None, ticket=ticket)

    def test_the_most_asked_stands_first(self, session: Session) -> None:
        self.note(session, "哪里换驾照?")
        for said in ("哪里领 ETC", "哪里领 etc？", " 哪里领 ETC"):
            self.note(session, said)
        assert [(row.question, row.asked) for row in unanswered(session, 9)] == [
            ("哪里领 ETC", 3),
            ("哪里换驾照?", 1),
        ]
        assert len(unanswered(session, 1)) == 1

    def test_one_ticket_that_asks_twice_counts_once(self, session: Session) -> None:
        for ticket in ("20261123-000001", "20261123-000001", "20261123-000002"):
            self.note(session, "哪里换驾照", ticket)
        assert unanswered(session, 9)[0].asked == 2

    def test_a_settled_question_is_off_the_list_until_it_is_asked_again(
        self, session: Session
    ) -> None:
        self.note(session, "哪里换驾照")
        number = unanswered(session, 9)[0].id
        assert settle_unanswered(session, number, 1, T0)
        assert not settle_unanswered(session, number, 1, T0)
        assert unanswered(session, 9) == []
        self.note(session, "哪里换驾照")
        assert unanswered(session, 9)[0].asked == 2

    def test_a_question_without_a_word_is_not_noted(self, session: Session) -> None:
        with pytest.raises(NothingAsked):
            self.note(session, "？？")
