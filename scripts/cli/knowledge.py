"""`l110 knowledge`: articles that answer a question in the call, and what none answers."""

from dataclasses import asdict
from datetime import UTC, date, datetime

import click

from db.article_search import Found, search_articles
from db.knowledge import article_version, articles, newest_version
from db.models import ArticleVersionRow
from db.unanswered import note_unanswered
from scripts.cli.as_json import json_option, print_json
from scripts.cli.context import Site, pass_site
from scripts.cli.knowledge_editing import knowledge_add, knowledge_expire, knowledge_unanswered
from scripts.cli.knowledge_given import REFUSED, Day, article_number, limit_option, words_of
from scripts.cli.record_views import add_row, new_table, show
from scripts.cli.stores import read_store, the_ticket, write_store
from tickets.articles import ArticleKey, ArticleRefused, article_key
from tickets.numbers import shanghai_day
from tickets.terms import NothingAsked, question


@click.group()
def knowledge() -> None:
    """The knowledge base: articles by matter, with the days on which they are valid."""


knowledge.add_command(knowledge_add)
knowledge.add_command(knowledge_expire)
knowledge.add_command(knowledge_unanswered)


@knowledge.command("list")
@click.option("--matter", default="", help="Code: this matter and those below it.")
@click.option("--all", "every", is_flag=True, help="Also those that are not valid today.")
@click.option("--after", default="K0", metavar="K42", help="Go on after this one.")
@limit_option
@json_option
@pass_site
def knowledge_list(
    site: Site, matter: str, every: bool, after: str, limit: int, as_json: bool
) -> None:
    """Articles by number; those valid today."""
    on = None if every else shanghai_day(datetime.now(UTC))
    try:
        number = article_number(after)
    except ArticleRefused as fault:
        raise click.ClickException(str(fault)) from None
    with read_store(site) as session:
        rows = articles(session, limit, on=on, matter=matter, after=number)
    told = [
        {
            "article": str(ArticleKey(row.id, row.version)), "matter": row.matter,
            "title": row.title, "valid_from": row.valid_from, "valid_to": row.valid_to,
        }
        for row in rows
    ]  # fmt: skip
    if as_json:
        print_json(told)
        return
    table = new_table("Articles 知识", "article", "matter", "title", "from", "to")
    for each in told:
        add_row(table, *each.values())
    show(table)


@knowledge.command("show")
@click.argument("article")
@json_option
@pass_site
def knowledge_show(site: Site, article: str, as_json: bool) -> None:
    """One article: K42 as it stands, K42.3 as a ticket names it."""
    try:
        with read_store(site) as session:
            if "." in article:
                row = article_version(session, article_key(article))
            else:
                row = newest_version(session, article_number(article))
    except REFUSED as fault:
        raise click.ClickException(str(fault)) from None
    told = _as_dict(row)
    if as_json:
        print_json(told)
        return
    for name, value in told.items():
        click.echo(f"{name}: {'-' if value is None else value}")


@knowledge.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--matter", default="", help="Code: only this matter and those below it.")
@click.option("--on", type=Day(), help="As of this day; else today.")
@click.option("--after", metavar="SCORE:ARTICLE", help="The next page; printed by the one before.")
@click.option("--ticket", help="For this ticket: what nothing answers is noted for the editors.")
@limit_option
@json_option
@pass_site
def knowledge_search(
    site: Site,
    words: tuple[str, ...],
    matter: str,
    on: date | None,
    after: str | None,
    ticket: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Articles for WORDS, best first; also for words of one or two characters."""
    now = datetime.now(UTC)
    text = " ".join(words)
    day = on or shanghai_day(now)
    try:
        wanted = question(text, words_of(site).cut)
    except NothingAsked as fault:
        raise click.ClickException(str(fault)) from None
    with read_store(site) as session:
        found = search_articles(
            session, wanted, on=day, matter=matter, limit=limit, after=_cursor(after)
        )
    last = found[-1] if len(found) == limit else None
    following = f"{last.score}:K{last.article}" if last else None
    if not found and not after and ticket:
        _note(site, text, ticket, now)
    if as_json:
        told = [asdict(each) | {"article": f"K{each.article}.{each.version}"} for each in found]
        print_json({"found": told, "after": following})
        return
    table = new_table(f"Found 找到 {text}", "article", "matter", "title", "valid to", "score")
    for each in found:
        key = ArticleKey(each.article, each.version)
        add_row(table, key, each.matter, each.title, each.valid_to, each.score)
    show(table)
    if following:
        click.echo(f"more: --after {following}")
    if not found and ticket:
        click.echo("nothing; noted for the editors")


def _note(site: Site, question: str, number: str, now: datetime) -> None:
    with write_store(site) as session:
        ticket = the_ticket(session, number)
        note_unanswered(session, question, at=now, matter=ticket.matter, ticket=ticket.number)


def _cursor(after: str | None) -> Found | None:
    if after is None:
        return None
    score, _, article = after.partition(":")
    try:
        return Found(article_number(article), 0, "", "", None, int(score))
    except (ValueError, ArticleRefused):
        raise click.ClickException(f"--after {after}: write it as the page before said") from None


def _as_dict(row: ArticleVersionRow) -> dict[str, object]:
    return {
        "article": str(ArticleKey(row.article, row.version)), "matter": row.matter,
        "title": row.title, "valid_from": row.valid_from, "valid_to": row.valid_to,
        "by": row.by, "at": row.at, "body": row.body,
    }  # fmt: skip
