"""What helps an operator decide: matters, who is responsible, and the knowledge base."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from db.article_search import search_articles
from db.engine import reading
from db.knowledge import ArticleUnknown, article_version, newest_version
from db.network import current_matters, suggest_unit
from desk.problems import Problem
from desk.security.visitors import SettledVisitor, TheDesk
from tickets.articles import ArticleKey
from tickets.numbers import shanghai_day
from tickets.terms import NothingAsked, question

router = APIRouter(tags=["guidance"])
Code = Annotated[str, Query(max_length=20)]


class MatterView(BaseModel):
    code: str
    name: str
    name_en: str


class SuggestionView(BaseModel):
    """unit: null where the rule goes by the place and nobody is known there. It suggests; a person
    decides."""

    unit: str | None
    co_units: list[str]
    deadline_class: str
    rule: str


class FoundView(BaseModel):
    """article: as a ticket names it, K42.3."""

    article: str
    matter: str
    title: str
    valid_to: date | None


class ArticleView(FoundView):
    body: str


@router.get("/catalogue/matters", summary="Matters")
def get_matters(_visitor: SettledVisitor, desk: TheDesk) -> list[MatterView]:
    """Those that new tickets take, both levels."""
    with reading(desk.engine) as session:
        scheme = current_matters(session)
        matters = scheme.matters if scheme else ()
        return [MatterView(code=m.code, name=m.name, name_en=m.name_en) for m in matters]


@router.get("/catalogue/suggestion", summary="Who is responsible")
def get_suggestion(
    _visitor: SettledVisitor, desk: TheDesk, matter: Code, area: Code = ""
) -> SuggestionView:
    """By the dispatch catalogue. 404: no rule says so."""
    with reading(desk.engine) as session:
        found = suggest_unit(session, matter, area or None)
    if found is None:
        raise Problem(404, "no-rule", f"no rule of the catalogue has matter {matter} there")
    return SuggestionView(
        unit=found.unit,
        co_units=list(found.co_units),
        deadline_class=found.deadline_class,
        rule=found.rule,
    )


@router.get("/knowledge", summary="Articles for a question")
def get_knowledge(
    _visitor: SettledVisitor,
    desk: TheDesk,
    text: Annotated[str, Query(max_length=200)],
    matter: Code = "",
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> list[FoundView]:
    """Those valid today, best first; one character is enough."""
    try:
        wanted = question(text, desk.cut)
    except NothingAsked as fault:
        raise Problem(422, "invalid", str(fault)) from None
    today = shanghai_day(desk.now())
    with reading(desk.engine) as session:
        rows = search_articles(session, wanted, on=today, matter=matter, limit=limit)
    return [
        FoundView(
            article=str(ArticleKey(row.article, row.version)),
            matter=row.matter,
            title=row.title,
            valid_to=row.valid_to,
        )
        for row in rows
    ]


@router.get("/knowledge/{number}", summary="One article")
def get_article(
    _visitor: SettledVisitor,
    desk: TheDesk,
    number: Annotated[int, Path(ge=1, le=2**31)],
    version: Annotated[int | None, Field(ge=1, le=2**31)] = None,
) -> ArticleView:
    """As it stands, or as it was in that version."""
    try:
        with reading(desk.engine) as session:
            if version is None:
                row = newest_version(session, number)
            else:
                row = article_version(session, ArticleKey(number, version))
    except ArticleUnknown:
        raise Problem(
            404, "no-article", "no article has this number, or not this version"
        ) from None
    return ArticleView(
        article=str(ArticleKey(row.article, row.version)),
        matter=row.matter,
        title=row.title,
        valid_to=row.valid_to,
        body=row.body,
    )
