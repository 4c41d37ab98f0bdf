"""`scripts/fuzz`: all targets, or one, for so many minutes."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from scripts.asterisk_home import CHECKOUT
from scripts.fuzzing.found import GOAL, Found
from scripts.fuzzing.guided import fuzz_guided, is_there
from scripts.fuzzing.mutate import SEEDS, seeds_of
from scripts.fuzzing.run import fuzz
from scripts.fuzzing.targets import TARGETS

KEPT = CHECKOUT / "var/fuzz"
WAYS = ("both", "changed", "guided")


@click.command()
@click.option("--minutes", default=3.0, show_default=True, help="In all, shared by the targets.")
@click.option("--target", type=click.Choice(list(TARGETS)), help="One target.")
@click.option(
    "--way",
    type=click.Choice(WAYS),
    default="both",
    show_default=True,
    help="Seeds changed at random, or led by what an input reaches (needs atheris).",
)
@click.option("--seed", default=110, show_default=True, help="The same seed, the same inputs.")
@click.option("--keep", default=KEPT, type=click.Path(path_type=Path), help="Where crashes go.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(
    minutes: float, target: str | None, way: str, seed: int, keep: Path, *, as_json: bool
) -> None:
    """Feed hostile bytes to everything that reads what others wrote."""
    names = [target] if target else list(TARGETS)
    every = []
    for found in _runs(names, 60 * minutes, _ways(way), keep, seed):
        every.append(found)
        if not as_json:
            click.echo(str(found))
    inputs = {name: sum(f.inputs for f in every if f.name == name) for name in names}
    if as_json:
        told = {"inputs": inputs, "goal": GOAL, "runs": [found.as_dict() for found in every]}
        click.echo(json.dumps(told, indent=1))
    else:
        click.echo(f"in all {sum(inputs.values())} inputs")
    sys.exit(any(found.crashes for found in every))


def _ways(way: str) -> tuple[str, ...]:
    if is_there():
        return WAYS[1:] if way == "both" else (way,)
    if way == "guided":
        raise click.ClickException("atheris is not installed: `--way changed` does without it")
    return ("changed",)


def _runs(
    names: list[str], seconds: float, ways: tuple[str, ...], keep: Path, seed: int
) -> Iterator[Found]:
    share_s = seconds / len(names) / len(ways)
    for name in names:
        for way in ways:
            if way == "guided":
                yield fuzz_guided(name, share_s, keep, seed=seed)
            else:
                seeds = seeds_of(SEEDS / name)
                yield fuzz(name, TARGETS[name], seeds, share_s, keep, seed=seed)
