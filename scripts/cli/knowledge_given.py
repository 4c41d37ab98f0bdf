"""What the commands of the knowledge base share: days, numbers of articles, the words."""

from datetime import date

import click

from db.knowledge import ArticleStale, ArticleUnknown
from db.words import Words
from scripts.cli.context import Site
from tickets.articles import ArticleRefused, article_key
from tickets.terms import NothingAsked

REFUSED = (ArticleRefused, ArticleStale, ArticleUnknown, NothingAsked)
limit_option = click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="At most so many."
)


class Day(click.ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is no day: write it like 2026-11-23", param, ctx)


def words_of(site: Site) -> Words:
    return Words(site.settings.var / "jieba")


def article_number(article: str) -> int:
    """`K42`, or with its version.

    Raises:
        ArticleRefused
    """
    return article_key(article if "." in article else f"{article}.0").article
