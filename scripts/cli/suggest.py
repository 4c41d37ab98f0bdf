"""`l110 suggest`: which unit a text may be for, learnt from closed tickets."""

import json
from datetime import UTC, datetime

import click

from db.closed_texts import NEWEST, closed_texts
from reports.suggestion import Facts, Model, TooLittleToLearn, train
from reports.suggestion import suggest as suggest_units
from reports.suggestion_file import ModelMissing, ModelUnreadable, load, save
from scripts.cli import record_views as views
from scripts.cli.context import Site, pass_site
from scripts.cli.stores import read_store

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def suggest() -> None:
    """Suggested units 推荐承办单位: it suggests, a person decides."""


@suggest.command("train")
@click.option(
    "--tickets",
    default=NEWEST,
    show_default=True,
    type=click.IntRange(1),
    help="Learn from so many closed tickets, the newest.",
)
@json_option
@pass_site
def suggest_train(site: Site, *, tickets: int, as_json: bool) -> None:  # fmt: skip
    """Learn anew from the closed tickets, and say how well it does.

    Measured with phrasings that were kept from the learner; beside it stands what always naming
    the busiest unit would reach.
    """
    with read_store(site) as session:
        texts = closed_texts(session, tickets)
    try:
        model = train(texts, datetime.now(UTC))
    except TooLittleToLearn as fault:
        raise click.ClickException(f"{fault}.") from None
    save(model, site.settings.suggestion_path)
    _show(model.facts, as_json=as_json)


@suggest.command("show")
@json_option
@pass_site
def suggest_show(site: Site, *, as_json: bool) -> None:
    """What the model in use was learnt from, and how well it does."""
    _show(_model(site).facts, as_json=as_json)


@suggest.command("unit")
@click.argument("text")
@json_option
@pass_site
def suggest_unit(site: Site, *, text: str, as_json: bool) -> None:
    """The three units that TEXT is likeliest for."""
    found = suggest_units(_model(site), text)
    if as_json:
        told = [{"unit": each.unit, "share": round(each.share, 4)} for each in found]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = views.new_table("Suggested 推荐", "unit", "share")
    for each in found:
        views.add_row(table, each.unit, f"{each.share:.0%}")
    views.show(table)
    if not found:
        click.echo("Nothing in this text was learnt. 无可推荐。")


def _model(site: Site) -> Model:
    try:
        return load(site.settings.suggestion_path)
    except (ModelMissing, ModelUnreadable) as fault:
        raise click.ClickException(f"{fault}; `l110 suggest train` makes one.") from None


def _show(facts: Facts, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts.as_dict(), ensure_ascii=False))
        return
    seen = facts.measured
    views.show(
        views.fields_table(
            "Suggestion of units 推荐模型",
            {
                "trained": facts.trained_at,
                "tickets": f"{facts.tickets}, {facts.first} to {facts.last}",
                "units": facts.units,
                "asked": f"{seen.texts} texts in {seen.phrasings} phrasings, none of them learnt",
                "first is right": f"{seen.accuracy:.1%} (95 %: {seen.low:.1%} to {seen.high:.1%})",
                "one of three is right": f"{seen.among_three:.1%}",
                "busiest unit, always": f"{seen.majority:.1%}",
            },
        )
    )
