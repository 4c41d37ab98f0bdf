"""`scripts/bench`: figures that anybody can measure again."""

import itertools
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from config.settings import ROOT
from scripts.benchmarks.cpu import ProcessGone
from scripts.benchmarks.machine import load, machine
from scripts.benchmarks.release import key_to_slot_free
from scripts.benchmarks.report import Result, told
from scripts.benchmarks.rounds import Bench, Pair
from scripts.benchmarks.settings import Addresses, write_settings
from scripts.benchmarks.sides import CallLost, Ours, PureDialplan
from scripts.benchmarks.traffic import CallFailed, Stream
from scripts.lab.sipp import SippMissing, keys_need_info
from scripts.lab.waiting import NeverHappened

FAULTS = (CallLost, CallFailed, NeverHappened, ProcessGone, SippMissing)
QUICK_ROUNDS, QUICK_CALLS = 2, 40
COUNT = click.IntRange(1, 100_000)
RATE = click.FloatRange(0.1, 1000)


@click.group()
def main() -> None:
    """Measure what a call costs. Nodes of its own; nothing that runs is touched."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave through every `finally`


@main.command()
@click.option("--rounds", default=10, show_default=True, help="Pairs of rounds.", type=COUNT)
@click.option("--rate", default=20.0, show_default=True, help="Calls begun per second.", type=RATE)
@click.option(
    "--calls", "count", default=200, show_default=True, help="Calls per round.", type=COUNT
)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the result here.")
@click.option("--quick", is_flag=True, help="Two short pairs: does it run? No figure to keep.")
def calls(rounds: int, rate: float, count: int, file: Path | None, quick: bool) -> None:
    """CPU per call, and release time, against a pure dialplan doing the same call.

    Exit status 1 if a call is lost.
    """
    if quick:
        rounds, count = min(rounds, QUICK_ROUNDS), min(count, QUICK_CALLS)
    console = Console(stderr=True)
    try:
        result = measure_calls(rounds, Stream(count, rate), console)
    except FAULTS as fault:
        raise click.ClickException(f"{type(fault).__name__}: {fault}") from None
    result.draw(Console())
    if file:
        file.write_text(json.dumps(result.as_dict(), indent=1) + "\n")


def measure_calls(rounds: int, stream: Stream, console: Console) -> Result:
    """Raises one of FAULTS: there is no figure without every call on record."""
    started_at, load_before = datetime.now(UTC), load()
    addresses, numbers = Addresses.own(), itertools.count(1)

    def tell(pair: Pair) -> None:
        console.print(told(next(numbers), pair), highlight=False, soft_wrap=True)

    with _folder(console) as folder:
        switch = addresses.callers.host
        pure = PureDialplan(write_settings(folder / "pure", addresses.pure, switch))
        ours = Ours(write_settings(folder / "ours", addresses.ours, switch))
        try:
            pure.start()
            ours.start()
            bench = Bench(folder / "callers", pure, ours, addresses.callers)
            pairs = bench.run(rounds, stream, tell)
            release = key_to_slot_free(ours.node.engine)
        finally:
            ours.stop()
            pure.stop()
    return Result(
        command=f"scripts/bench {' '.join(sys.argv[1:])}",
        started_at=started_at,
        stream=stream,
        keys="SIP INFO" if keys_need_info() else "RTP events",
        pairs=pairs,
        release=release,
        machine=machine(load_before),
    )


@contextmanager
def _folder(console: Console) -> Iterator[Path]:
    """A folder of this run; kept only where something went wrong."""
    parent = ROOT / "var/bench"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="calls-", dir=parent))
    try:
        yield folder
    except FAULTS:
        console.print(f"logs and record of this run: {folder}")
        raise
    except BaseException:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)
