"""Due work on both stores: nothing is done twice, nothing is left because somebody died."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, update

from config.settings import ROOT
from db.due_work import LOST, Claim, claim, done, failed, is_due, oldest_due_at, revive, take_back
from db.engine import reading, writing
from db.messages import MESSAGES, dead_letters
from db.models import MessageRow
from scripts.lab.waiting import wait_until

WORKERS, ROWS = 8, 10_000
T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LEASE_S = 60.0
Child = subprocess.Popen[str]


def put_due(engine: Engine, count: int, due_at: datetime = T0) -> None:
    rows = [
        {
            "ticket_id": n, "dispatch_version": 1, "unit": "water", "way": "console",
            "address": "water", "subject": "", "body": "", "key": f"k{n}", "made_at": T0,
            "state": "due", "due_at": due_at + timedelta(milliseconds=n),
        }
        for n in range(count)
    ]  # fmt: skip
    with writing(engine) as session:
        session.execute(insert(MessageRow), rows)


def rows_of(engine: Engine) -> list[MessageRow]:
    with reading(engine) as session:
        rows = session.query(MessageRow).order_by(MessageRow.id).all()
        session.expunge_all()
        return rows


@contextmanager
def workers(engine: Engine, how: str, count: int) -> Iterator[list[Child]]:
    """That are ready; each begins with the first line that it reads."""
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.integration.store.claimer", url]
    children = [
        subprocess.Popen(
            [*command, f"worker-{n}", how], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for n in range(count)
    ]  # fmt: skip
    try:
        for child in children:
            assert line_of(child) == "ready"
        yield children
    finally:
        for child in children:
            child.kill()
            child.communicate()


def line_of(child: Child) -> str:
    assert child.stdout
    return child.stdout.readline().strip()


def go(child: Child) -> None:
    assert child.stdin
    child.stdin.write("\n")
    child.stdin.flush()


def done_by(engine: Engine, how: str) -> Counter[int]:
    """Id of each row -> how often it was done, by eight processes that begin together."""
    with workers(engine, how, WORKERS) as children:
        for child in children:
            go(child)
        said = [child.communicate(timeout=300)[0] for child in children]
        assert [child.returncode for child in children] == [0] * WORKERS
    assert sum(1 for lines in said if lines) > 1, "one process did all: nothing was contended"
    return Counter(int(line) for lines in said for line in lines.split())


def test_eight_workers_do_ten_thousand_rows_and_none_twice(store: Engine) -> None:
    put_due(store, ROWS)
    times = done_by(store, "claim")
    assert (len(times), set(times.values())) == (ROWS, {1})
    assert Counter((row.state, row.attempts) for row in rows_of(store)) == {("sent", 1): ROWS}


@pytest.mark.control(without="the condition in the UPDATE: a plain SELECT and then an UPDATE")
def test_control_who_looks_and_then_writes_does_some_twice(store: Engine) -> None:
    put_due(store, 2000)
    assert max(done_by(store, "select-then-update").values()) > 1


def claim_one(engine: Engine, by: str, now: datetime) -> Claim | None:
    with writing(engine) as session:
        found = claim(session, MESSAGES, by=by, now=now, lease_s=LEASE_S, limit=1)
    return found[0] if found else None


def taken_back(engine: Engine, now: datetime, attempts_most: int = 10) -> int:
    with writing(engine) as session:
        return take_back(session, MESSAGES, now=now, attempts_most=attempts_most)


def report(engine: Engine, claimed: Claim) -> bool:
    with writing(engine) as session:
        return done(session, MESSAGES, claimed)


def test_the_oldest_is_claimed_first_and_nothing_before_its_time(store: Engine) -> None:
    put_due(store, 3)
    assert claim_one(store, "a", T0 - timedelta(seconds=1)) is None
    at = T0 + timedelta(seconds=1)
    claimed = [claim_one(store, name, at) for name in ("a", "b", "c", "d")]
    assert [each and each.by for each in claimed] == ["a", "b", "c", None]
    ids = [each.id for each in claimed if each]
    assert ids == sorted(ids)


@pytest.mark.parametrize("how", ["hold", "hold-uncommitted"])
def test_what_a_killed_worker_held_is_done_by_another(store: Engine, how: str) -> None:
    """Uncommitted it is free as soon as the store sees that its owner is gone."""
    put_due(store, 1)
    with workers(store, how, 1) as (child,):
        go(child)
        held = int(line_of(child))
        if how == "hold":
            assert claim_one(store, "b", datetime.now(UTC)) is None
        child.kill()
        child.wait()
    later = datetime.now(UTC) + timedelta(seconds=601 if how == "hold" else 0)
    if how == "hold":
        assert claim_one(store, "b", later) is None, "a lease that has ended is taken back first"
        assert taken_back(store, later) == 1
    claimed = wait_until(lambda: claim_one(store, "b", later), "the row to be free", 10)
    assert claimed
    assert (claimed.id, claimed.attempt) == (held, 2 if how == "hold" else 1)
    assert report(store, claimed)


def test_a_look_sees_what_is_due_and_what_is_lost_and_nothing_else(store: Engine) -> None:
    put_due(store, 1)
    at = T0 + timedelta(seconds=1)
    times = [T0 - timedelta(seconds=1), at]
    with reading(store) as session:
        assert [is_due(session, MESSAGES, now) for now in times] == [False, True]
    assert claim_one(store, "a", at)
    times = [at, at + timedelta(seconds=LEASE_S)]
    with reading(store) as session:
        assert [is_due(session, MESSAGES, now) for now in times] == [False, True]


def test_a_lease_that_holds_is_not_taken_back(store: Engine) -> None:
    put_due(store, 1)
    at = T0 + timedelta(seconds=1)
    assert claim_one(store, "a", at)
    assert taken_back(store, at + timedelta(seconds=LEASE_S - 1)) == 0
    assert taken_back(store, at + timedelta(seconds=LEASE_S)) == 1


def overtaken(engine: Engine) -> tuple[Claim, Claim]:
    """A claim whose lease passed, and the claim of the one who has the row now."""
    put_due(engine, 1)
    at = T0 + timedelta(seconds=1)
    first = claim_one(engine, "a", at)
    later = at + timedelta(seconds=LEASE_S)
    taken_back(engine, later)
    second = claim_one(engine, "b", later)
    assert first
    assert second
    return first, second


def test_who_comes_after_his_lease_changes_nothing(store: Engine) -> None:
    first, second = overtaken(store)
    with writing(store) as session:
        assert not failed(session, MESSAGES, first, "too late", None)
        assert not done(session, MESSAGES, first)
    (row,) = rows_of(store)
    assert (row.state, row.claimed_by) == ("sending", "b")
    assert report(store, second)


@pytest.mark.control(without="who and which attempt in the condition of a report")
def test_control_without_that_a_late_failure_buries_what_another_is_doing(store: Engine) -> None:
    first, second = overtaken(store)
    with writing(store) as session:
        session.execute(update(MessageRow).where(MessageRow.id == first.id).values(state="dead"))
    assert not report(store, second)


def test_a_report_after_the_lease_counts_while_nobody_else_has_the_row(store: Engine) -> None:
    put_due(store, 1)
    at = T0 + timedelta(seconds=1)
    claimed = claim_one(store, "a", at)
    assert claimed
    taken_back(store, at + timedelta(seconds=LEASE_S))
    assert report(store, claimed)
    assert [row.state for row in rows_of(store)] == ["sent"]


def test_a_row_that_kills_every_worker_is_dead_in_the_end(store: Engine) -> None:
    put_due(store, 1)
    at = T0
    for _ in range(3):
        at += timedelta(seconds=LEASE_S + 1)
        assert claim_one(store, "a", at)
        assert taken_back(store, at + timedelta(seconds=LEASE_S), attempts_most=3) == 1
    assert claim_one(store, "a", at + timedelta(hours=1)) is None
    with reading(store) as session:
        assert [row.failed_because for row in dead_letters(session, 10)] == [LOST]


def test_what_failed_comes_back_at_its_time_and_the_dead_only_when_asked_for(store: Engine) -> None:
    put_due(store, 1)
    at = T0 + timedelta(seconds=1)
    again_at = at + timedelta(minutes=5)
    with writing(store) as session:
        (claimed,) = claim(session, MESSAGES, by="a", now=at, lease_s=LEASE_S, limit=9)
        assert failed(session, MESSAGES, claimed, "busy", again_at)
    assert claim_one(store, "a", again_at - timedelta(seconds=1)) is None
    second = claim_one(store, "a", again_at)
    assert second
    with writing(store) as session:
        assert failed(session, MESSAGES, second, "no such host", None)
        assert oldest_due_at(session, MESSAGES) is None
    assert claim_one(store, "a", again_at + timedelta(days=9)) is None
    with writing(store) as session:
        assert revive(session, MESSAGES, [second.id, 4711], again_at) == 1
        assert oldest_due_at(session, MESSAGES) == again_at
    third = claim_one(store, "a", again_at)
    assert third
    assert third.attempt == 1


INDEX = "ix_messages_state_due_at_id"
CLAIM = (
    "SELECT id FROM messages WHERE state = 'due' AND due_at <= '2027-01-01'"
    " ORDER BY due_at, id LIMIT 20"
)


def plan_of(engine: Engine, query: str) -> str:
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE messages")
        return str(connection.exec_driver_sql(explain + query).all())


def sorts(plan: str) -> bool:
    return "TEMP B-TREE" in plan or "Sort" in plan


def put_many(engine: Engine) -> None:
    """Nearly all are sent, as in a store of some years."""
    put_due(engine, 20_000)
    with writing(engine) as session:
        session.execute(update(MessageRow).where(MessageRow.id % 10 != 0).values(state="sent"))


def test_a_claim_reads_its_rows_in_the_order_of_an_index(store: Engine) -> None:
    put_many(store)
    plan = plan_of(store, CLAIM)
    assert (INDEX in plan, sorts(plan)) == (True, False)


@pytest.mark.control(without="the index")
def test_control_without_it_every_claim_sorts_all_that_waits(store: Engine) -> None:
    put_many(store)
    with store.begin() as connection:
        connection.exec_driver_sql(f"DROP INDEX {INDEX}")
    assert sorts(plan_of(store, CLAIM))
