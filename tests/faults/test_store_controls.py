"""What befalls the store, with a forwarder that has no protection against it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.chaos.findings import Finding
from scripts.lab.waiting import wait_until
from tests.faults.befallen_store import (
    GIVEN_UP_S,
    Store,
    every_connection_taken,
    frozen,
    in_doubt,
    running_store,
)
from tests.faults.calls_meanwhile import FORGETS_FIRST

# Python that has a forwarder without a protection.
NO_DEADLINES = (
    "from db.deadline import DeadlineConnection as c; connect = c.connect.__func__\n"
    "c._hurried = lambda self, gen: gen\n"
    "c.connect = classmethod(lambda c, *a, **k: connect(c, *a, **{**k, 'connect_timeout': 0}))"
)
NO_KEYS = (
    "import db.steps as s\n"
    "def insert(session, row, rows):\n"
    "    if rows: session.connection().execute(row.__table__.insert(), [dict(r) for r in rows])\n"
    "s.insert_new = insert"
)
NO_SECOND_TRY = (
    "import db.forwarder as f\n"
    "def _store_down(self, fault): raise fault\n"
    "f.Forwarder._store_down = _store_down"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("store"), 143) as store:
        yield store


@contextmanager
def forwarder_without(store: Store, patch: str) -> Iterator[None]:
    """It has its place in the feeds, and a line to the store."""
    store.forwarder_with(patch)
    begun = store.served(store.begin(1))
    wait_until(lambda: whole(store, begun), "rows while all is well", 30)
    yield
    store.forwarder_with("")


def whole(store: Store, begun: list[str]) -> bool:
    return [store.rows_of(number) for number in begun] == [(1, 1, 0), (1, 1, 1)]


@pytest.mark.control(
    "34", without="our deadlines: for an answer of the store, and for a line to it"
)
def test_control_without_deadlines_a_store_that_hangs_is_not_given_up(
    store: Store, told: Finding
) -> None:
    """Both: another thread may have the open line, and then the forwarder wants a new one."""
    patience_s = 2 * GIVEN_UP_S
    with forwarder_without(store, NO_DEADLINES):
        before = store.log().count("store.down")
        with frozen(store.server):
            begun = store.served(store.begin(1))
            ends = time.monotonic() + patience_s
            wait_until(lambda: time.monotonic() > ends, "the time", patience_s + 1)
            assert store.waiting() > 0
        wait_until(lambda: whole(store, begun), "the rows, once it goes on", 30)
        assert store.log().count("store.down") == before
    told.records.append(f"it waited on after {patience_s:.0f} s, and said nothing")


@pytest.mark.control("35", without="keys by which a step is stored once")
def test_control_without_keys_a_commit_in_doubt_makes_bad_steps_of_good_ones(
    store: Store, told: Finding
) -> None:
    with forwarder_without(store, NO_KEYS):
        before = store.quarantined()
        with in_doubt(store, told):
            store.served(store.begin(2))
        wait_until(lambda: store.waiting() == 0, "the journal to be empty", 30)
        spoilt = store.quarantined() - before
    assert spoilt > 0
    told.records.append(f"{spoilt} good steps in quarantine, as doubled")


@pytest.mark.control("37", without="the wait for the store's COMMIT")
def test_control_a_journal_that_forgets_first_loses_what_finds_no_connection(
    store: Store, told: Finding
) -> None:
    with forwarder_without(store, FORGETS_FIRST):
        with every_connection_taken(store):
            begun = store.served(store.begin(1))
            wait_until(lambda: store.waiting() == 0, "the journal to be forgotten", 30)
        later = store.served(store.begin(1))
        wait_until(lambda: whole(store, later), "the next calls' rows", 30)
    assert [store.rows_of(number)[0] for number in begun] == [0, 0]
    told.records.append("no row of the two calls")


@pytest.mark.control("37", without="the next try of the forwarder")
def test_control_a_forwarder_that_tries_once_stores_nothing_more(
    store: Store, told: Finding
) -> None:
    with forwarder_without(store, NO_SECOND_TRY):
        forwarder = store.system.node.processes["forward"]
        with every_connection_taken(store):
            begun = store.served(store.begin(1))
            wait_until(lambda: not forwarder.running, "the forwarder to end", 20)
        assert store.waiting() > 0
        assert [store.rows_of(number)[0] for number in begun] == [0, 0]
    told.records.append("no row of the two calls until another forwarder is started")
