"""The worker's loop: every job has its turns, whatever happens to the others."""

import threading
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from dispatch.jobs import Job
from dispatch.worker import Worker
from scripts.lab.waiting import wait_until

ENGINE = create_engine("sqlite://")
T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def worker_of(*jobs: Job) -> tuple[Worker, threading.Event]:
    stop = threading.Event()
    return Worker(ENGINE, jobs, stop, lambda: T0), stop


@pytest.fixture
def running():
    """Starts a worker in a thread; all are stopped at the end."""
    started: list[tuple[threading.Thread, threading.Event]] = []

    def start(*jobs: Job, alive=lambda: None) -> tuple[Worker, threading.Event, threading.Thread]:
        worker, stop = worker_of(*jobs)
        thread = threading.Thread(target=worker.run, args=(alive,), kwargs={"every_s": 0.01})
        thread.start()
        started.append((thread, stop))
        return worker, stop, thread

    yield start
    for thread, stop in started:
        stop.set()
        thread.join(5)
        assert not thread.is_alive()


def test_a_turn_is_given_engine_and_time_and_counted(running):
    given = []

    def run(engine, now):
        given.append((engine, now))
        return 3

    worker, _, _ = running(Job("a", 0.01, run))
    wait_until(lambda: worker.turns["a"].ran >= 2, "two turns", 5)
    assert given[0] == (ENGINE, T0)
    assert worker.turns["a"].did >= 6
    assert worker.turns["a"].last_s is not None


def test_a_job_that_waits_holds_up_no_other(running):
    let_go = threading.Event()

    def slow(_engine, _now):
        let_go.wait(10)
        return 0

    worker, _, _ = running(Job("slow", 1, slow), Job("quick", 0.01, lambda *_: 0))
    wait_until(lambda: worker.turns["quick"].ran >= 3, "turns of the other", 5)
    assert worker.turns["slow"].ran == 0
    assert worker.longest_turn_s() > 0
    let_go.set()


def test_who_is_asked_to_stop_ends_the_turn_that_he_is_in(running):
    began, let_go, ended = threading.Event(), threading.Event(), []

    def job(_engine, _now):
        began.set()
        let_go.wait(10)
        ended.append(1)
        return 1

    _, stop, thread = running(Job("a", 0.01, job))
    assert began.wait(5)
    stop.set()
    assert thread.is_alive()
    let_go.set()
    thread.join(5)
    assert (thread.is_alive(), ended) == (False, [1])


def test_a_failure_is_told_once_without_its_parameters_and_the_job_goes_on():
    away = OperationalError("SELECT ?", ("13800000001",), Exception("store is away"))
    faults: list[Exception | None] = [away, away, None]

    def run(_engine, _now):
        if fault := faults.pop(0):
            raise fault
        return 0

    job = Job("a", 1, run)
    worker, _ = worker_of(job)
    with capture_logs() as logs:
        for _ in range(3):
            worker.turn(job)
    assert [entry["event"] for entry in logs] == ["job.failed", "job.well_again"]
    assert "13800000001" not in str(logs)
    turns = worker.turns["a"]
    assert (turns.ran, turns.failed, turns.failures_in_a_row) == (1, 2, 0)


def test_a_job_that_fails_is_tried_with_longer_pauses(running):
    at: list[float] = []

    def run(_engine, _now):
        at.append(time.monotonic())
        raise ValueError("broken")

    with capture_logs():
        running(Job("a", 0.02, run))
        wait_until(lambda: len(at) >= 4, "four tries", 5)
    assert at[3] - at[2] >= 0.02 * 2**3


def test_the_loop_says_that_it_lives_also_while_a_last_turn_ends(running):
    began, let_go, said = threading.Event(), threading.Event(), []

    def job(_engine, _now):
        began.set()
        let_go.wait(10)
        return 0

    _, stop, _ = running(Job("a", 1, job), alive=lambda: said.append(1))
    assert began.wait(5)
    stop.set()
    before = len(said)
    wait_until(lambda: len(said) >= before + 3, "signs of life", 5)
    let_go.set()


def test_once_is_one_turn_of_each_here_and_now():
    worker, _ = worker_of(Job("a", 1, lambda *_: 2), Job("b", 1, lambda *_: 3))
    assert worker.run_once() == 5
