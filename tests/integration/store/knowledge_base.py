"""A few articles, and what a test asks of them."""

from datetime import date

from sqlalchemy import Engine

from db.article_search import Found, search_articles
from db.engine import reading, writing
from db.knowledge import add_article
from db.words import Words
from tests.integration.store.cities import T0, load, small_city
from tickets.articles import ArticleKey, ArticleText
from tickets.terms import question

DAY = date(2026, 11, 23)
TEXTS = (
    ("停水通知怎么查", "拨打供水热线,或看公众号。停水一般提前三天通知。"),
    ("水管爆裂先做什么", "先关总阀,再报修。抢修队两小时内到。"),
    ("身份证丢了怎么补", "带户口簿到派出所,七个工作日可取。也可以在 APP 上办 5G 预约。"),
    ("医保报销", "带发票和诊断书到窗口。"),
)


class Base:
    def __init__(self, engine: Engine, words: Words) -> None:
        self.engine, self.words, self.tickets = engine, words, 0

    def add(self, title: str, body: str, **days: date | None) -> ArticleKey:
        text = ArticleText("0101", title, body, days.pop("valid_from", None) or DAY, **days)
        with writing(self.engine) as session:
            return add_article(session, text, by="chen", at=T0, cut=self.words.cut)

    def search(self, text: str, on: date = DAY, **rest: object) -> list[Found]:
        wanted = question(text, self.words.cut)
        with reading(self.engine) as session:
            return list(search_articles(session, wanted, on=on, **rest))  # type: ignore[arg-type]

    def titles(self, text: str, on: date = DAY) -> list[str]:
        return [found.title for found in self.search(text, on)]


def base_with_articles(store: Engine, words: Words) -> Base:
    load(store, small_city(matters="0102,停水,No water,information"))
    kept = Base(store, words)
    for title, body in TEXTS:
        kept.add(title, body)
    return kept
