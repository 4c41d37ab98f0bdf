"""The store goes, hangs, is full or locked while calls go on: nobody notices, nothing is lost."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from click.testing import CliRunner

from db.engine import make_engine, reading
from db.journal import Journal
from db.models import CallRow, CallStepRow, TicketRow
from db.upgrade import upgrade
from scripts.chaos.findings import Finding
from scripts.cli.context import Site
from scripts.cli.records import db
from scripts.lab.waiting import wait_until
from tests.faults.befallen_store import (
    CONNECTIONS,
    GIVEN_UP_S,
    Store,
    every_connection_taken,
    frozen,
    in_doubt,
    running_store,
)
from tests.faults.calls_meanwhile import FORGETS_FIRST
from tests.integration.store.made import livelihood_call

AWAY_S = 20.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("store"), 120) as store:
        yield store


def assert_untouched(store: Store, begun: list[str], told: Finding) -> None:
    store.each_has_one_record(begun, told)
    store.nothing_leaks(told)


@pytest.mark.fault("33", how="the server is stopped for 20 s (10 minutes: scripts/load endurance)")
def test_a_store_that_is_down_costs_no_caller_and_no_record_anything(
    store: Store, told: Finding
) -> None:
    begun = store.begin(1)
    began = time.monotonic()
    with store.said("store.down", 20):
        store.server.stop()
    begun += store.begin(1)
    store.nobody_noticed(begun, told)
    grown = store.waiting()
    assert grown > 0
    wait_until(lambda: time.monotonic() - began > AWAY_S, "the time", AWAY_S + 1)
    store.server.start()
    told.records.append(f"away {time.monotonic() - began:.0f} s, {grown} steps waited")
    assert_untouched(store, begun, told)


@pytest.mark.fault("34", how="SIGSTOP to every process of the server")
def test_a_store_that_hangs_is_given_up_and_replayed_to(store: Store, told: Finding) -> None:
    frozen_at = datetime.now(UTC)
    with frozen(store.server), store.said("store.down", 20):
        begun = store.begin(1)
        store.nobody_noticed(begun, told)
        wait_until(lambda: store.waiting() > 0, "the journal to grow", 15)
    given_up_s = (store.last_said("store.down") - frozen_at).total_seconds()
    assert given_up_s < GIVEN_UP_S
    told.records.append(f"given up {given_up_s:.1f} s after the freeze")
    assert_untouched(store, begun, told)


@pytest.mark.fault("35", how="the line is cut after COMMIT, before its answer, five times")
def test_a_commit_in_doubt_makes_one_row(store: Store, told: Finding) -> None:
    with in_doubt(store, told):
        begun = store.begin(2)
        store.nobody_noticed(begun, told)
    assert_untouched(store, begun, told)


@pytest.mark.fault("37", how=f"all {CONNECTIONS} connections taken")
def test_without_a_free_connection_the_journal_keeps_what_the_store_cannot_take(
    store: Store, told: Finding
) -> None:
    with every_connection_taken(store), store.said("store.down", 20):
        begun = store.begin(1)
        store.nobody_noticed(begun, told)
    assert_untouched(store, begun, told)


@contextmanager
def locked(store: Store) -> Iterator[None]:
    with psycopg.connect(store.server.url("l110")) as holder:
        holder.execute("LOCK TABLE alembic_version, calls IN ACCESS EXCLUSIVE MODE")
        yield
        holder.rollback()


@pytest.mark.fault("38", how="ACCESS EXCLUSIVE held while l110 db upgrade runs")
def test_an_upgrade_that_meets_a_lock_gives_up_and_no_call_notices(
    store: Store, told: Finding
) -> None:
    begun = store.begin(1)
    with locked(store):
        began = time.monotonic()
        result = CliRunner().invoke(db, ["upgrade"], obj=Site(store.system.node.config))
        took = time.monotonic() - began
        store.nobody_noticed(begun, told)
    assert result.exit_code == 1
    assert "was not upgraded" in result.output
    assert took < 10
    told.records.append(f"the upgrade gave up after {took:.1f} s and said why")
    assert_untouched(store, begun, told)


@pytest.mark.control("38", without="the lock timeout")
def test_control_without_the_lock_timeout_the_upgrade_waits_on(store: Store, told: Finding) -> None:
    engine = make_engine(store.server.url("l110"))
    with locked(store), pytest.raises(Exception, match=r"statement timeout|no answer within"):
        upgrade_with_patience(engine, 12)
    engine.dispose()
    told.records.append("still waiting after 12 s")


def upgrade_with_patience(engine: object, seconds: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("db.upgrade.UPGRADE_S", seconds)
        began = time.monotonic()
        try:
            upgrade(engine, lock_timeout_s=0)  # type: ignore[arg-type]
        finally:
            assert time.monotonic() - began > seconds - 1


def wait_for_growth(store: Store, steps: Callable[[], int]) -> None:
    was = steps()
    wait_until(lambda: steps() > was, "the replay to move", 30, every_s=0.002)


MANY = 240
OFFSET = 7000  # of the made calls' numbers


@pytest.mark.fault("42", "57", how="kill -9 of the forwarder, six times in one replay")
def test_a_forwarder_killed_again_and_again_while_it_replays_loses_and_doubles_nothing(
    store: Store, told: Finding
) -> None:
    node = store.system.node
    made = [step for n in range(OFFSET, OFFSET + MANY) for step in livelihood_call(n)]
    kill(store)
    begun = store.begin(1)
    journal = Journal.open(node.settings.journal_path, "n1")
    for step in made:
        journal.write(step)
    journal.close()
    assert journal.unkept == 0

    def stored() -> int:
        with reading(node.engine) as session:
            return session.query(CallStepRow).filter(CallStepRow.at < made[-1].at).count()

    chance, kills = random.Random(110), 0
    while kills < 6 and stored() < len(made) - 500:
        node.start_one("forward")
        wait_for_growth(store, stored)
        time.sleep(chance.uniform(0, 0.15))  # anywhere in the next batch
        kill(store)
        kills += 1
    node.start_one("forward")
    store.nobody_noticed(begun, told)
    wait_until(lambda: store.waiting() == 0, "the journal to be empty", 60)
    ids = {step.call_id for step in made}
    with reading(node.engine) as session:
        steps = session.query(CallStepRow).filter(CallStepRow.call_id.in_(ids)).count()
        calls = session.query(CallRow).filter(CallRow.call_id.in_(ids)).count()
        tickets = session.query(TicketRow).filter(TicketRow.call_id.in_(ids)).count()
    named = sum(step.call_id is not None for step in made)
    assert (steps, calls, tickets) == (named, MANY, MANY)
    assert kills >= 2
    told.records.append(
        f"{kills} kills; {calls} rows and {tickets} tickets of {MANY} waiting calls"
    )
    assert_untouched(store, begun, told)


def kill(store: Store) -> None:
    forwarder = store.system.node.processes["forward"]
    forwarder.signal(signal.SIGKILL)
    forwarder.child.wait()


@pytest.mark.control("33", "42", without="the wait for the store's COMMIT")
def test_control_a_forwarder_that_does_not_wait_for_the_commit_loses_calls(
    store: Store, told: Finding
) -> None:
    store.forwarder_with(FORGETS_FIRST)
    begun = store.served(store.begin(1))  # it has its place in the feeds now
    store.each_has_one_record(begun, told)
    store.server.stop()
    begun = store.served(store.begin(1))
    wait_until(lambda: store.waiting() == 0, "the journal to be forgotten", 30)
    store.server.start()
    later = store.served(store.begin(1))
    wait_until(lambda: store.rows_of(later[0])[0] == 1, "the next call's row", 30)
    assert [store.rows_of(number)[0] for number in begun] != [1, 1]
    told.records.append(f"rows of the two calls: {[store.rows_of(n)[0] for n in begun]}")
