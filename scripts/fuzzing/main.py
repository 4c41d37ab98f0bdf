"""`scripts/fuzz`: all targets, or one, for so many minutes."""

import sys
from pathlib import Path

import click

from scripts.asterisk_home import CHECKOUT
from scripts.fuzzing.mutate import seeds_of
from scripts.fuzzing.run import fuzz
from scripts.fuzzing.targets import TARGETS

SEEDS = CHECKOUT / "tests/faults/seeds"
KEPT = CHECKOUT / "var/fuzz"


@click.command()
@click.option("--minutes", default=3.0, show_default=True, help="In all, shared by the targets.")
@click.option("--only", type=click.Choice(list(TARGETS)), help="One target.")
@click.option("--seed", default=110, show_default=True, help="The same seed, the same inputs.")
@click.option("--keep", default=KEPT, type=click.Path(path_type=Path), help="Where crashes go.")
def main(minutes: float, only: str | None, seed: int, keep: Path) -> None:
    """Feed changed seeds to everything that reads what others wrote."""
    names = [only] if only else list(TARGETS)
    seconds = 60 * minutes / len(names)
    every = []
    for name in names:
        found = fuzz(name, TARGETS[name], seeds_of(SEEDS / name), seconds, keep, seed=seed)
        click.echo(str(found))
        every.append(found)
    click.echo(f"in all {sum(found.inputs for found in every)} inputs")
    sys.exit(any(found.crashes for found in every))
