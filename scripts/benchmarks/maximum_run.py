"""`scripts/bench maximum`: starts everybody, lets them climb, and gives the result."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from scripts.benchmarks.contest import Contestant, OnePeer, PeersNode, Pure, Recorded
from scripts.benchmarks.curves import Point
from scripts.benchmarks.intervals import percentile
from scripts.benchmarks.machine import load, machine
from scripts.benchmarks.maximum import Climb, Round, climb_all
from scripts.benchmarks.maximum_report import OURS, MaximumResult, told
from scripts.benchmarks.peers.programs import PEERS
from scripts.benchmarks.settings import Addresses, write_settings
from scripts.lab.postgres import PostgresMissing, running_postgres


def measure_maximum(
    folder: Path,
    console: Console,
    *,
    first: float,
    round_s: float,
    minutes: float,
    only_ours: bool = False,
) -> MaximumResult:
    """`only_ours`: the pure dialplan and our SQLite, no peer and no PostgreSQL."""
    started_at, load_before, missing = datetime.now(UTC), load(), list[str]()
    addresses = Addresses.own()

    def tell(climb: Climb, done: Round) -> None:
        console.print(told(climb, done), highlight=False, soft_wrap=True)

    with contestants(folder, addresses, missing, only_ours=only_ours) as sides:
        climbs = climb_all(
            sides, addresses.callers, first=first, round_s=round_s, minutes=minutes, tell=tell
        )
    return MaximumResult(
        command=f"scripts/bench {' '.join(sys.argv[1:])}",
        started_at=started_at,
        climbs=climbs,
        missing=missing,
        machine=machine(load_before),
    )


@contextmanager
def contestants(
    folder: Path, addresses: Addresses, missing: list[str], *, only_ours: bool
) -> Iterator[list[Contestant]]:
    """All that are there, started; what is not, with what brings it, goes into `missing`."""
    switch = addresses.callers.host
    with ExitStack() as stack:
        pure = Pure(write_settings(folder / "pure", addresses.pure, switch, release="refer"))
        stack.callback(pure.stop)
        pure.start()
        sides: list[Contestant] = [pure]
        config = write_settings(folder / "sqlite", addresses.ours, switch, release="refer")
        sides.append(_ours(stack, Recorded(config, f"{OURS}, SQLite")))
        if only_ours:
            yield sides
            return
        try:
            server = stack.enter_context(running_postgres(durable=True))
        except PostgresMissing:
            missing.append("PostgreSQL; scripts/setup --tests brings it")
        else:
            url, host = server.new_database("bench"), f"{addresses.net}.21"
            config = write_settings(folder / "postgres", host, switch, url, release="refer")
            ours = Recorded(config, f"{OURS}, PostgreSQL", [server.pid])
            sides.append(_ours(stack, ours))
        yield [*sides, *_peers(stack, folder, addresses, missing)]


def curves(climbs: Sequence[Climb]) -> dict[str, dict[str, list[Point]]]:
    """p99 of both times against the rate, of the rounds whose calls all went well."""
    panels: dict[str, dict[str, list[Point]]] = {"answer, p99 ms": {}, "release, p99 ms": {}}
    for climb in climbs:
        whole = [each for each in climb.rounds if not each.why]
        for panel, values in zip(
            panels.values(),
            ([each.answer_ms for each in whole], [each.release_ms for each in whole]),
            strict=True,
        ):
            panel[climb.side.name] = [
                (each.rate, percentile(of, 0.99))
                for each, of in zip(whole, values, strict=True)
                if of
            ]
    return panels


def _ours(stack: ExitStack, side: Recorded) -> Recorded:
    stack.callback(side.stop)
    side.start()
    return side


def _peers(
    stack: ExitStack, folder: Path, addresses: Addresses, missing: list[str]
) -> list[OnePeer]:
    there = [peer for peer in PEERS if peer.is_there()]
    missing += [f"{peer.name}; `{peer.brought_by}`" for peer in PEERS if peer not in there]
    host, switch = f"{addresses.net}.31", addresses.callers.host
    house = PeersNode(write_settings(folder / "peers", host, switch, release="refer"), there)
    stack.callback(house.stop)
    house.start()
    return [OnePeer(house, peer) for peer in there]
