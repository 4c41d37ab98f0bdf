"""`l110 seed`: made-up tickets with whole lives, for practice and for measuring."""

import os
import time
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import IntegrityError

from db.engine import make_engine, store_name
from scripts.cli.context import Site, pass_site
from scripts.cli.stores import explained
from scripts.seeding.write import PATIENCE_S, Plan, SeededBefore, StoreInUse, seed_tickets
from tickets.numbers import MOST_A_DAY, shanghai_day

MOST = 10_000_000


@click.command()
@click.option("--tickets", required=True, type=click.IntRange(1, MOST), help="How many.")
@click.option(
    "--random",
    "seed",
    default=1,
    show_default=True,
    type=click.IntRange(0, MOST),
    help="The same number makes the same tickets.",
)
@click.option(
    "--days",
    default=365,
    show_default=True,
    type=click.IntRange(1, 3650),
    help="Opened over so many days before --until.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Nothing has happened from this day on. Default: today.",
)
@click.option("--beside", is_flag=True, help="Also in a store that has real tickets.")
@click.option(
    "--processes",
    default=min(4, os.cpu_count() or 1),
    show_default="cores, at most 4",
    type=click.IntRange(1, 32),
    help="How many write at once.",
)
@pass_site
def seed(
    site: Site, *, tickets: int, seed: int, days: int, until: datetime | None, beside: bool,
    processes: int,
) -> None:  # fmt: skip
    """Fill the store with made-up tickets 造数据: histories, call-backs, some with calls.

    Nobody in them is real. They cannot be taken out again: use a store of its own.
    """
    last = until.date() if until else shanghai_day(datetime.now(UTC))
    if tickets > MOST_A_DAY * days:
        raise click.ClickException(f"a day has {MOST_A_DAY} numbers: take more --days.")
    engine = make_engine(site.settings.store_url, statement_timeout_s=PATIENCE_S)
    began = time.monotonic()
    try:
        with explained(engine), _progress() as progress:
            task = progress.add_task("tickets 工单", total=tickets)
            seed_tickets(
                engine,
                Plan(tickets, seed, last, days),
                beside=beside,
                processes=processes,
                progress=lambda written: progress.advance(task, written),
            )
    except (StoreInUse, SeededBefore) as fault:
        raise click.ClickException(f"{store_name(engine)}: {fault}.") from None
    except IntegrityError:
        raise click.ClickException(
            f"{store_name(engine)}: somebody opened a ticket meanwhile, and some days are missing."
            " Stop the forwarder and the desk, and seed another --random."
        ) from None
    finally:
        engine.dispose()
    click.echo(f"{tickets} tickets in {time.monotonic() - began:.1f} s; `l110 audit tickets`")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))
