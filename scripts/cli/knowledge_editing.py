"""`l110 knowledge add`, `expire` and `unanswered`: the editors' work."""

from datetime import UTC, date, datetime
from typing import TextIO

import click
from sqlalchemy.orm import Session

from db.knowledge import (
    add_article,
    article_version,
    change_article,
    end_article,
    newest_version,
)
from db.network import current_matters
from db.unanswered import settle_unanswered, unanswered
from scripts.cli.as_json import json_option, print_json
from scripts.cli.context import Site, pass_site
from scripts.cli.knowledge_given import REFUSED, Day, article_number, limit_option, words_of
from scripts.cli.record_views import add_row, new_table, show
from scripts.cli.stores import read_store, write_store
from tickets.articles import ArticleKey, ArticleRefused, ArticleText, article_key
from tickets.numbers import shanghai_day

by_option = click.option("--by", required=True, help="Who writes it; it stays on the version.")


@click.command("add")
@click.option("--matter", required=True, help="Code or Chinese name of a matter.")
@click.option("--title", required=True, help="What it is found by first.")
@click.option(
    "--file",
    type=click.File(encoding="utf-8-sig"),
    default="-",
    show_default=True,
    help="Its text, in UTF-8; - is standard input.",
)
@click.option("--from", "valid_from", type=Day(), help="First day; else as it was, or today.")
@click.option("--to", "valid_to", type=Day(), help="Last day; else as it was, or none.")
@click.option("--changes", metavar="K42.3", help="The version that this one follows.")
@click.option("--answers", type=int, help="Number of an unanswered question that it answers.")
@by_option
@json_option
@pass_site
def knowledge_add(
    site: Site,
    matter: str,
    title: str,
    file: TextIO,
    valid_from: date | None,
    valid_to: date | None,
    changes: str | None,
    answers: int | None,
    by: str,
    as_json: bool,
) -> None:
    """Write an article; its text is read from standard input, or from --file."""
    now = datetime.now(UTC)
    words = words_of(site)
    try:
        body = file.read()
    except UnicodeDecodeError:
        raise click.ClickException("the text is not UTF-8: save it as UTF-8") from None
    try:
        with write_store(site) as session:
            seen = article_key(changes) if changes else None
            first, last = _days(session, seen, shanghai_day(now))
            code = _code(session, matter)
            text = ArticleText(code, title, body, valid_from or first, valid_to or last)
            if seen:
                key = change_article(session, seen, text, by=by, at=now, cut=words.cut)
            else:
                key = add_article(session, text, by=by, at=now, cut=words.cut)
            if answers and not settle_unanswered(session, answers, key.article, now):
                raise ArticleRefused(f"no open question {answers}; `l110 knowledge unanswered`")
    except REFUSED as fault:
        raise click.ClickException(str(fault)) from None
    _say_key(key, as_json)


@click.command("expire")
@click.argument("article")
@click.option("--last-day", type=Day(), help="Last day on which it is valid; else yesterday.")
@by_option
@json_option
@pass_site
def knowledge_expire(
    site: Site, article: str, last_day: date | None, by: str, as_json: bool
) -> None:
    """End ARTICLE (K42): it is found no more, and stays on the tickets that it answered."""
    now = datetime.now(UTC)
    words = words_of(site)
    day = last_day or date.fromordinal(shanghai_day(now).toordinal() - 1)
    try:
        with write_store(site) as session:
            key = end_article(session, article_number(article), day, by=by, at=now, cut=words.cut)
    except REFUSED as fault:
        raise click.ClickException(str(fault)) from None
    _say_key(key, as_json)


@click.command("unanswered")
@click.option("--settle", type=int, metavar="NUMBER", help="This question is answered now.")
@click.option("--article", metavar="K42", help="With --settle: by this article.")
@limit_option
@json_option
@pass_site
def knowledge_unanswered(
    site: Site, settle: int | None, article: str | None, limit: int, as_json: bool
) -> None:
    """Questions that no article answered, the most asked first: what editors write next."""
    if (settle is None) != (article is None):
        raise click.ClickException("--settle NUMBER and --article K42 go together.")
    if settle is not None and article is not None:
        _settle(site, settle, article)
    with read_store(site) as session:
        rows = unanswered(session, limit)
    told = [
        {
            "number": row.id, "question": row.question, "asked": row.asked, "matter": row.matter,
            "last_at": row.last_at, "last_ticket": row.last_ticket,
        }
        for row in rows
    ]  # fmt: skip
    if as_json:
        print_json(told)
        return
    table = new_table("Unanswered 待补知识", "number", "question", "asked", "matter", "last ticket")
    for row in rows:
        add_row(table, row.id, row.question, row.asked, row.matter, row.last_ticket)
    show(table)


def _settle(site: Site, question: int, article: str) -> None:
    try:
        with write_store(site) as session:
            row = newest_version(session, article_number(article))
            if not settle_unanswered(session, question, row.article, datetime.now(UTC)):
                raise ArticleRefused(f"no open question {question}; `l110 knowledge unanswered`")
    except REFUSED as fault:
        raise click.ClickException(str(fault)) from None


def _days(session: Session, seen: ArticleKey | None, today: date) -> tuple[date, date | None]:
    """First and last day if no other are given: a change of the words changes no day."""
    if seen is None:
        return today, None
    before = article_version(session, seen)
    return before.valid_from, before.valid_to


def _code(session: Session, matter: str) -> str:
    scheme = current_matters(session)
    found = scheme.find(matter) if scheme else None
    return found.code if found else matter


def _say_key(key: ArticleKey, as_json: bool) -> None:
    if as_json:
        print_json({"article": str(key)})
    else:
        click.echo(str(key))
