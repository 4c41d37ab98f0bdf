"""`l110 worker` as a process: killed, stopped, watched, and its dead letters."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, update

from config.settings import ROOT, load_settings
from db.audit_log import entries
from db.engine import reading, writing
from db.models import MessageRow
from ivr.health import Facts, judge
from scripts.cli.main import l110
from scripts.lab.waiting import wait_until
from scripts.watch.records import StoreEye, look_at_records
from tests.integration.store.at_the_unit import Receiver
from tests.integration.store.dispatched import Desk
from tests.integration.store.receivers import MASTER

QUICK = {"L110_SENDING__WITHIN_S": "3", "L110_SENDING__LEASE_S": "9"}


@pytest.fixture
def desk(store: Engine) -> Desk:
    return Desk(store)


@pytest.fixture
def web(tmp_path: Path, desk: Desk) -> Iterator[Receiver]:
    receiver = Receiver("web", tmp_path / "web")
    receiver.start()
    desk.contact("webhook", f"http://127.0.0.1:{receiver.port}/in")
    yield receiver
    receiver.kill()


@pytest.fixture
def site(tmp_path: Path, store: Engine, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of a node whose worker looks ten times a second."""
    secrets = tmp_path / "var" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "webhook").write_bytes(MASTER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    values = {
        "L110_VAR_DIR": str(tmp_path / "var"),
        "L110_DATABASE_URL": store.url.render_as_string(hide_password=False),
        "L110_HEALTH__WORKER_PORT": str(port),
        "L110_SENDING__EVERY_S": "0.1",
        "L110_SENDING__WITHIN_S": "5",
        "L110_SENDING__ANSWER_URL": "https://desk.example/answer/",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


Worker = subprocess.Popen[str]


@pytest.fixture
def worker(site: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts one more process; all are killed at the end."""
    started: list[Worker] = []

    def start(**changed: str) -> Worker:
        log = (tmp_path / f"worker{len(started)}.log").open("w")
        child = subprocess.Popen(
            [sys.executable, "-m", "scripts", "worker"],
            cwd=ROOT, env={**os.environ, **site, **changed}, stdout=log, text=True,
        )  # fmt: skip
        log.close()
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()


def states(desk: Desk) -> list[str]:
    return [row.state for row in desk.messages() if row.way != "inbox"]


def all_sent(desk: Desk) -> bool:
    return set(states(desk)) == {"sent"}


def test_a_worker_killed_in_the_middle_leaves_nothing_unsent_and_nothing_applied_twice(
    desk: Desk, web: Receiver, worker: Callable[..., Worker]
) -> None:
    """The receiver has applied it, and the worker dies before it is told."""
    web.pause("after")
    first = desk.dispatched()
    killed = worker(**QUICK)
    web.await_pause()
    killed.kill()
    killed.wait()
    assert states(desk) == ["sending"]
    web.go_on()
    second = desk.dispatched()
    worker()
    wait_until(lambda: all_sent(desk), "both to be sent", 30)
    numbers = [key.split(".")[0] for key in web.arrived]
    assert sorted(numbers) == [first.number, first.number, second.number]
    assert sorted(key.split(".")[0] for key in web.applied) == [first.number, second.number]


def test_two_workers_share_the_work_and_send_each_message_once(
    desk: Desk, web: Receiver, worker: Callable[..., Worker]
) -> None:
    for _ in range(12):
        desk.dispatched()
    worker()
    worker(L110_NODE="n2")
    wait_until(lambda: all_sent(desk), "all to be sent", 60)
    assert len(web.arrived) == len(set(web.arrived)) == 12
    assert {row.attempts for row in desk.messages() if row.way != "inbox"} == {1}


def test_a_worker_that_is_asked_to_stop_ends_its_message_first(
    desk: Desk, web: Receiver, worker: Callable[..., Worker]
) -> None:
    web.pause("after")
    desk.dispatched()
    child = worker(**QUICK)
    web.await_pause()
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0
    (row,) = [row for row in desk.messages() if row.way != "inbox"]
    assert row.state == "due", "the try ended, with its failure written"
    assert row.failed_because


def page(site: dict[str, str], path: str) -> str:
    address = f"http://127.0.0.1:{site['L110_HEALTH__WORKER_PORT']}{path}"
    with urllib.request.urlopen(address, timeout=5) as answer:
        return str(answer.read().decode())


def test_a_worker_tells_what_its_jobs_did_and_what_waits(
    desk: Desk, web: Receiver, worker: Callable[..., Worker], site: dict[str, str]
) -> None:
    desk.dispatched()
    desk.contact("email", "water@city.example")
    desk.dispatched()
    worker()
    wait_until(lambda: states(desk).count("sent") == 2, "both webhooks", 30)

    def told() -> str:
        found = page(site, "/metrics")
        return found if 'l110_job_did_total{job="send"} 3.0' in found else ""

    figures = wait_until(told, "the turn to be counted", 30)
    assert 'l110_job_last_turn_seconds{job="send"}' in figures
    assert 'l110_messages{state="due"} 1.0' in figures, "the mail, which no server takes"
    assert "l110_messages_oldest_due_seconds" in figures
    assert page(site, "/healthz") == "ok\n"


def run(*args: str) -> Result:
    return CliRunner().invoke(l110, args, catch_exceptions=False)


def dead_letter(desk: Desk) -> int:
    desk.dispatched()
    with writing(desk.engine) as session:
        session.execute(
            update(MessageRow)
            .where(MessageRow.way == "webhook")
            .values(state="dead", attempts=10, failed_because="the unit's system answered 410")
        )
    return next(row.id for row in desk.messages() if row.way == "webhook")


def test_dead_letters_are_listed_and_sent_when_asked_for(
    desk: Desk, web: Receiver, site: dict[str, str]
) -> None:
    dead = dead_letter(desk)
    assert "410" in run("worker", "dead").output
    (told,) = json.loads(run("worker", "dead", "--json").output)
    assert (told["id"], told["unit"], told["attempts"]) == (dead, "water", 10)
    assert run("worker", "retry", str(dead)).output == "1 due again\n"
    assert run("worker", "once").output.endswith("1 done\n")
    assert states(desk) == ["sent"]
    assert len(web.applied) == 1
    assert json.loads(run("worker", "dead", "--json").output) == []


def test_all_dead_letters_are_tried_again_at_once(
    desk: Desk, web: Receiver, site: dict[str, str]
) -> None:
    dead_letter(desk)
    assert run("worker", "retry", "--all").exit_code == 0
    assert states(desk) == ["due"]


def test_what_is_no_dead_letter_is_refused_with_the_mend(
    desk: Desk, web: Receiver, site: dict[str, str]
) -> None:
    refused = run("worker", "retry", "4711")
    assert refused.exit_code == 1
    assert "`l110 worker dead`" in refused.output
    assert run("worker", "retry").exit_code == 2


def test_contacts_are_added_listed_and_removed(desk: Desk, site: dict[str, str]) -> None:
    assert run("contacts", "add", "water", "email", "w@city.example").exit_code == 0
    refused = run("contacts", "add", "water", "email", "nobody")
    assert (refused.exit_code, "name@host" in refused.output) == (1, True)
    assert json.loads(run("contacts", "list", "--json").output) == [
        {"unit": "water", "way": "email", "address": "w@city.example"}
    ]
    assert "w@city.example" in run("contacts", "list", "water").output
    assert run("contacts", "remove", "water", "email", "w@city.example").exit_code == 0
    gone = run("contacts", "remove", "water", "email", "w@city.example")
    assert (gone.exit_code, "`l110 contacts list water`" in gone.output) == (1, True)
    with reading(desk.engine) as session:
        noted = [(row.action, row.subject) for row in entries(session, 9)][::-1]
    assert noted == [
        ("contact.add", "water email w@city.example"),
        ("contact.remove", "water email w@city.example"),
    ]


def test_a_unit_is_given_its_own_key_in_a_file(site: dict[str, str], tmp_path: Path) -> None:
    assert run("contacts", "key", "water", str(tmp_path / "k")).output == ""
    other = run("contacts", "key", "gas", "-").output.strip()
    key = (tmp_path / "k").read_text().strip()
    assert len(key) == len(other) == 64
    assert key != other


def test_a_command_on_a_store_without_tables_says_how_to_make_them(
    site: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("L110_DATABASE_URL", f"sqlite:///{tmp_path}/empty.sqlite3")
    said = run("worker", "dead")
    assert (said.exit_code, "`l110 db upgrade`" in said.output) == (1, True)


def test_the_watch_sees_what_is_late_and_what_was_given_up(
    desk: Desk, site: dict[str, str]
) -> None:
    desk.contact("webhook", "http://127.0.0.1:1/in")
    dead_letter(desk)
    desk.dispatched()  # due since that day
    eye = StoreEye(load_settings())
    eye.start()
    try:
        wait_until(lambda: eye.seen.dead_letters == 1, "the look into the store", 30)
    finally:
        eye.stop()
        eye.join(10)
    facts = look_at_records(load_settings(), eye, [])
    assert {"messages-late", "messages-dead"} <= set(judge(Facts(records=facts)))
