"""A thousand power cuts of a journal under work; replayed after each, and counted.

    python -m tests.faults.power_cut --cuts 1000 --seed 110 [--synchronous OFF]

Journal, feed, forwarder and store are the real ones; the store is the embedded file on the same
disk, so it is cut with the journal. A record is lost if it was acknowledged and is not in the
store after a replay; it is doubled if it stands there twice.
"""

import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from db.engine import make_engine, reading
from db.forwarder import Forwarder
from db.journal import Journal
from db.journal_feed import JournalFeed
from db.journal_file import open_journal_file
from db.models import CallRow, CallStepRow, TicketRow
from db.upgrade import current, newest, upgrade
from routing.steps import Step
from scripts.lab.disk import watched_disk
from tests.faults.power_cut_image import Act, Disk, Recorder
from tests.integration.store.made import livelihood_call

JOURNAL, STORE = "journal.sqlite3", "store.sqlite3"
NEWEST = newest()
CUTS_OF_ONE_RUN = 125
OF_A_CHECKPOINT = 40  # acts around one, where the most can go wrong


@dataclass(slots=True)
class Tally:
    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    cuts_with_loss: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts, {self.acknowledged} acknowledged records looked for,"
            f" {self.lost} lost in {self.cuts_with_loss} cuts, {self.doubled} doubled,"
            f" {self.unreadable} journals unreadable"
        )


def power_cuts(folder: Path, *, cuts: int, seed: int, synchronous: str = "FULL") -> Tally:
    """Work, cut and replay until there were so many cuts; below `folder`, which is emptied."""
    tally = Tally()
    run = 0
    while tally.cuts < cuts:
        chance = random.Random(f"{seed}/{run}")
        work = folder / f"run-{run}"
        acts = recorded_work(work, chance, synchronous)
        judge(work, acts, chance, min(CUTS_OF_ONE_RUN, cuts - tally.cuts), tally)
        shutil.rmtree(work)
        run += 1
    return tally


def recorded_work(folder: Path, chance: random.Random, synchronous: str) -> list[Act]:
    """A morning of the bridge and its forwarder, and all that their disk was told."""
    folder.mkdir(parents=True)
    recorder = Recorder()
    with watched_disk(folder, recorder):
        bench = _Bench(folder, chance, synchronous, recorder)
        for number in range(chance.randint(40, 60)):
            bench.does_something(number)
        bench.close()
    assert_nothing_was_missed(folder, recorder.acts)
    return recorder.acts


def assert_nothing_was_missed(folder: Path, acts: Sequence[Act]) -> None:
    """With all acts done the recorded disk is the real one, byte for byte."""
    disk = Disk(acts)
    disk.go_to(len(acts))
    recorded = dict(disk.everything())
    for path in folder.iterdir():
        if not path.name.endswith("-shm"):  # made anew from the log, never needed
            assert recorded[str(path)] == path.read_bytes(), path.name
    assert any(act.kind == "write" for act in acts)


class _Bench:
    """Steps are written in bursts; what a call waits for, waits. The store takes some of them."""

    def __init__(
        self, folder: Path, chance: random.Random, synchronous: str, recorder: Recorder
    ) -> None:
        self.folder, self.chance, self.recorder = folder, chance, recorder
        self.synchronous = synchronous
        self.engine = make_engine(f"sqlite:///{folder / STORE}")
        upgrade(self.engine)
        self.feed = JournalFeed(folder / JOURNAL, "n1")
        self.journal = self._open()

    def does_something(self, number: int) -> None:
        for step in range(self.chance.randint(1, 8)):
            self._burst(number * 100 + step * 10)
        what = self.chance.random()
        if what < 0.4:
            Forwarder([self.feed], self.engine, limit=self.chance.choice((10, 500))).drain()
        elif what < 0.5:
            self.journal.close()
            if self.chance.random() < 0.5:
                self.feed.close()
            self.journal = self._open()
        elif what < 0.6:
            self._checkpoint()

    def close(self) -> None:
        self.journal.close()
        self.feed.close()
        self.engine.dispose()

    def _open(self) -> Journal:
        connection = open_journal_file(
            self.folder / JOURNAL, busy_timeout_s=2, synchronous=self.synchronous
        )
        return Journal(connection, "n1", window_s=0.001)

    def _burst(self, first: int) -> None:
        """Acknowledged is what a wait has come back for, and all that was written before it."""
        steps: list[Step] = []
        for number in range(self.chance.randint(1, 3)):
            steps += livelihood_call(first + number)
        steps = steps[: self.chance.randint(1, len(steps))]
        for step in steps[:-1]:
            self.journal.write(step)
        self.journal.write_and_wait(steps[-1])
        self.recorder.acknowledged([step.event_id for step in steps])

    def _checkpoint(self) -> None:
        """What SQLite does by itself after 1,000 pages, here more often."""
        with closing(sqlite3.connect(self.folder / JOURNAL)) as connection:
            connection.execute(f"PRAGMA synchronous={self.synchronous}")
            connection.execute("PRAGMA wal_checkpoint(RESTART)")


def judge(work: Path, acts: Sequence[Act], chance: random.Random, cuts: int, tally: Tally) -> None:
    disk = Disk(acts)
    for place in sorted(_places(acts, chance) for _ in range(cuts)):
        disk.go_to(place)
        found = work / "found"
        found.mkdir()
        for path, content in disk.cut(chance):
            (found / Path(path).name).write_bytes(content)
        _count(found, disk.acknowledged, tally)
        shutil.rmtree(found)


def _places(acts: Sequence[Act], chance: random.Random) -> int:
    """Half of them anywhere, half near a checkpoint."""
    place = chance.randint(1, len(acts))
    checkpoints = [n for n, act in enumerate(acts) if act.path.endswith(JOURNAL)]
    if chance.random() < 0.5 and checkpoints:
        near = chance.choice(checkpoints) + chance.randint(-OF_A_CHECKPOINT, OF_A_CHECKPOINT)
        place = min(max(1, near), len(acts))
    return place


def _count(found: Path, acknowledged: set[str], tally: Tally) -> None:
    tally.cuts += 1
    tally.acknowledged += len(acknowledged)
    with _replayed(found, tally) as engine:
        steps, doubled = _stored(engine)
    lost = len(acknowledged - steps)
    tally.lost += lost
    tally.cuts_with_loss += lost > 0
    tally.doubled += doubled


@contextmanager
def _replayed(found: Path, tally: Tally) -> Iterator[Engine]:
    """The node after the power is back: the store made ready, the journal forwarded."""
    engine = make_engine(f"sqlite:///{found / STORE}")
    try:
        if current(engine) != NEWEST:
            upgrade(engine)
    except Exception:  # a damaged store is begun anew: what it had is lost, and counted so
        engine.dispose()
        for path in found.glob(f"{STORE}*"):
            path.unlink()
        upgrade(engine)
    feed = JournalFeed(found / JOURNAL, "n1")
    try:
        Journal.open(found / JOURNAL, "n1").close()  # the bridge starts first
        Forwarder([feed], engine).drain()
    except (sqlite3.Error, SQLAlchemyError, TypeError):
        tally.unreadable += 1
    yield engine
    feed.close()
    engine.dispose()


def _stored(engine: Engine) -> tuple[set[str], int]:
    """Ids of the steps, and how many rows of any kind stand there more than once."""
    with reading(engine) as session:
        steps = list(session.scalars(select(CallStepRow.event_id)))
        calls = list(session.scalars(select(CallRow.call_id)))
        tickets = list(session.scalars(select(TicketRow.call_id)))
    counted = (Counter[str | None](ids).values() for ids in (steps, calls, tickets))
    return set(steps), sum(times - 1 for counts in counted for times in counts)


@click.command()
@click.option("--cuts", default=1000, show_default=True)
@click.option("--seed", default=110, show_default=True)
@click.option("--synchronous", type=click.Choice(["FULL", "NORMAL", "OFF"]), default="FULL")
def main(cuts: int, seed: int, synchronous: str) -> None:
    """Exit status 1 if an acknowledged record was lost or a row is doubled."""
    structlog.configure(processors=[lambda *_: (_ for _ in ()).throw(structlog.DropEvent)])
    memory = Path("/dev/shm")  # what a real disk keeps is not asked here
    where = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="l110-cuts-", dir=where) as folder:
        tally = power_cuts(Path(folder), cuts=cuts, seed=seed, synchronous=synchronous)
    click.echo(f"synchronous={synchronous}, seed {seed}: {tally}")
    raise SystemExit(tally.lost + tally.doubled > 0)


if __name__ == "__main__":
    main()
