"""`scripts/bench`: figures that anybody can measure again."""

import itertools
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from config.settings import ROOT
from scripts.benchmarks.cpu import ProcessGone
from scripts.benchmarks.curves import draw_curves
from scripts.benchmarks.machine import load, machine
from scripts.benchmarks.maximum_report import MaximumResult
from scripts.benchmarks.maximum_run import curves, measure_maximum
from scripts.benchmarks.release import key_to_slot_free
from scripts.benchmarks.report import Result, told
from scripts.benchmarks.rounds import Bench, Pair
from scripts.benchmarks.settings import Addresses, write_settings
from scripts.benchmarks.sides import CallLost, Ours, PureDialplan
from scripts.benchmarks.traffic import CallFailed, Stream
from scripts.benchmarks.trunk_free import Pair as TimedPair
from scripts.benchmarks.trunk_free import measure_trunk_free
from scripts.benchmarks.trunk_report import TrunkResult
from scripts.benchmarks.trunk_report import told as timed
from scripts.lab.sipp import SippMissing, keys_need_info
from scripts.lab.waiting import NeverHappened

FAULTS = (CallLost, CallFailed, NeverHappened, ProcessGone, SippMissing)
QUICK_ROUNDS, QUICK_CALLS = 2, 40
COUNT = click.IntRange(1, 100_000)
QUICK_ROUND_S, QUICK_MINUTES = 2.0, 0.75
ROUND_S = click.FloatRange(1, 600)
MINUTES = click.FloatRange(0.1, 600)
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
@click.option("--speaking", is_flag=True, help="Callers who send sound from the answer on.")
def calls(
    rounds: int, rate: float, count: int, file: Path | None, quick: bool, speaking: bool
) -> None:
    """CPU per call, and release time, against a pure dialplan doing the same call.

    Exit status 1 if a call is lost.
    """
    if quick:
        rounds, count = min(rounds, QUICK_ROUNDS), min(count, QUICK_CALLS)
    stream = Stream(count, rate)
    _show(lambda console: measure_calls(rounds, stream, console, speaking=speaking), file)


@main.command()
@click.option("--rounds", default=10, show_default=True, help="Pairs of rounds.", type=COUNT)
@click.option("--rate", default=20.0, show_default=True, help="Calls begun per second.", type=RATE)
@click.option(
    "--calls", "count", default=500, show_default=True, help="Calls per round.", type=COUNT
)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the result here.")
@click.option("--quick", is_flag=True, help="Two short pairs: does it run? No figure to keep.")
def release(rounds: int, rate: float, count: int, file: Path | None, quick: bool) -> None:
    """Key to trunk channel free by REFER, against the Transfer of a pure dialplan.

    Exit status 1 if a call is lost.
    """
    if quick:
        rounds, count = min(rounds, QUICK_ROUNDS), min(count, QUICK_CALLS)
    _show(lambda console: measure_release(rounds, Stream(count, rate), console), file)


@main.command()
@click.option("--first", default=10.0, show_default=True, help="Calls/s to begin at.", type=RATE)
@click.option(
    "--round-s", default=10.0, show_default=True, help="Seconds of a round.", type=ROUND_S
)
@click.option(
    "--minutes", default=18.0, show_default=True, help="No round begins later.", type=MINUTES
)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the result here.")
@click.option("--picture", type=click.Path(path_type=Path), help="Draw times against the rate.")
@click.option("--quick", is_flag=True, help="About a minute: does it run? No figure to keep.")
def maximum(
    first: float, round_s: float, minutes: float, file: Path | None, picture: Path | None,
    quick: bool,
) -> None:  # fmt: skip
    """The most calls a second without a failed call or a lost record, ours and others'."""
    if quick:
        round_s, minutes = min(round_s, QUICK_ROUND_S), min(minutes, QUICK_MINUTES)

    def measure(console: Console) -> MaximumResult:
        with _folder(console) as folder:
            result = measure_maximum(folder, console, first=first, round_s=round_s, minutes=minutes)
        if picture:
            draw_curves(curves(result.climbs), picture)
        return result

    _show(measure, file)


def _show(
    measure: Callable[[Console], Result | TrunkResult | MaximumResult], file: Path | None
) -> None:
    try:
        result = measure(Console(stderr=True))
    except FAULTS as fault:
        raise click.ClickException(f"{type(fault).__name__}: {fault}") from None
    result.draw(Console())
    if file:
        file.write_text(json.dumps(result.as_dict(), indent=1) + "\n")


def measure_calls(
    rounds: int, stream: Stream, console: Console, *, speaking: bool = False
) -> Result:
    """Raises one of FAULTS: there is no figure without every call on record."""
    started_at, load_before = datetime.now(UTC), load()
    addresses, numbers = Addresses.own(), itertools.count(1)

    def tell(pair: Pair) -> None:
        console.print(told(next(numbers), pair), highlight=False, soft_wrap=True)

    with _folder(console) as folder, _sides(folder, addresses, "redirect") as (pure, ours):
        bench = Bench(folder / "callers", pure, ours, addresses.callers, speak=speaking)
        pairs = bench.run(rounds, stream, tell)
        release = key_to_slot_free(ours.node.engine)
    return Result(
        command=f"scripts/bench {' '.join(sys.argv[1:])}",
        started_at=started_at,
        stream=stream,
        keys="SIP INFO" if keys_need_info() and not speaking else "RTP events",
        speaking=speaking,
        pairs=pairs,
        release=release,
        machine=machine(load_before),
    )


def measure_release(rounds: int, stream: Stream, console: Console) -> TrunkResult:
    """Raises one of FAULTS: there is no figure without every call on record."""
    started_at, load_before = datetime.now(UTC), load()
    addresses, numbers = Addresses.own(), itertools.count(1)

    def tell(pair: TimedPair) -> None:
        console.print(timed(next(numbers), pair), highlight=False, soft_wrap=True)

    with _folder(console) as folder, _sides(folder, addresses, "refer") as (pure, ours):
        times = measure_trunk_free(pure, ours, addresses.callers, rounds, stream, tell)
    return TrunkResult(
        command=f"scripts/bench {' '.join(sys.argv[1:])}",
        started_at=started_at,
        stream=stream,
        times=times,
        over=times.p99_over(),
        machine=machine(load_before),
    )


@contextmanager
def _sides(folder: Path, addresses: Addresses, mode: str) -> Iterator[tuple[PureDialplan, Ours]]:
    """Both, started; stopped when it is over."""
    switch = addresses.callers.host
    pure = PureDialplan(write_settings(folder / "pure", addresses.pure, switch, release=mode))
    ours = Ours(write_settings(folder / "ours", addresses.ours, switch, release=mode))
    try:
        pure.start()
        ours.start()
        yield pure, ours
    finally:
        ours.stop()
        pure.stop()


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
