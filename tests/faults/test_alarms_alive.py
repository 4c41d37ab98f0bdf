"""Alarms on a real node whose cause is put in and taken out: log, metrics, status, and the end."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from db.journal import Journal
from ivr.alarms import ALARMS
from scripts.asterisk_console import ask
from scripts.asterisk_home import SOUNDS
from scripts.cli.context import Site
from scripts.cli.service import status
from scripts.http_page import fetch
from scripts.lab import sipp
from scripts.lab.postgres import PostgresServer, running_postgres
from scripts.lab.seats import seat
from scripts.lab.sipp import Endpoint
from scripts.lab.switch_stub import Refer, referred_caller, returning_caller
from scripts.lab.waiting import wait_until
from scripts.prompts import wanted
from tests.faults.bad_disk import NO_ROOM, WELL, disk_file, start_bridge
from tests.faults.watched import cleared_within, logged, raised_within
from tests.integration.store.made import livelihood_call
from tests.real_asterisk.refer_ways import OK, TRYING, Played
from tests.real_asterisk.system import Records, node_alone

pytestmark = pytest.mark.real_asterisk
SETTINGS = """
[release]
mode = "refer"
[queues]
refer_guard_s = 2
[selftest]
every_s = 2
"""
THESE = (
    "prompts-missing", "journal-failing", "journal-unreadable", "journal-waiting", "store-away",
    "forwarder-behind", "verdict-skipped", "caller-unreturned", "manager-refused",
)  # fmt: skip


class Watched(Played):
    server: PostgresServer


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A node on PostgreSQL with a watch; its switch is whatever SIPp is told to be."""
    root = tmp_path_factory.mktemp("alarms")
    with running_postgres() as server:
        told = {"settings": SETTINGS, "database_url": server.new_database("l110")}
        with node_alone(root, 204, **told) as records:
            host = records.node.settings.sip.switch_host
            telephone = sipp.answer(root, "seat", seat(0.2, 2), at=Endpoint(host, 5060, 30000))
            records.node.start_watch()
            watched = Watched(records, ())
            watched.server = server
            try:
                yield watched
                watched.until_over()
            finally:
                telephone.stop()


@pytest.fixture(autouse=True)
def _all_is_well(node: Watched) -> None:
    wait_until(lambda: not node.system.node.alarms(), "all to be well", 60)


def metric(records: Records, alarm: str) -> float:
    settings = records.node.settings
    page = asyncio.run(fetch(settings.health_host, settings.health.watch_port, "/metrics", 5))[1]
    begins = f'l110_alarm{{alarm="{alarm}",severity="{ALARMS[alarm].severity.value}"}} '
    return float(next(line for line in page.splitlines() if line.startswith(begins)).split()[1])


def told_by_status(records: Records) -> dict[str, str]:
    """Name -> place in the runbook."""
    answer = CliRunner().invoke(status, ["--json"], obj=Site(records.node.config))
    return {alarm["name"]: alarm["runbook"] for alarm in json.loads(answer.stdout)["alarms"]}


def ends(records: Records, alarm: str) -> int:
    lines = (records.node.settings.log_dir / "watch.log").read_text().splitlines()
    return sum("alarm.cleared" in line and f'"{alarm}"' in line for line in lines)


@contextmanager
def stands(records: Records, alarm: str, within_s: float = 40) -> Iterator[None]:
    """While the cause holds it is told everywhere; what runs inside mends it, and then nowhere."""
    raised_within(records.node, alarm, within_s)
    assert logged(records, alarm)
    assert told_by_status(records)[alarm] == f"docs/runbook.md#alarm-{alarm}"
    wait_until(lambda: metric(records, alarm) == 1.0, "the metric", 15)
    before = ends(records, alarm)
    yield
    cleared_within(records.node, alarm, within_s)
    wait_until(lambda: ends(records, alarm) > before, "the end in the log", 15)
    assert alarm not in told_by_status(records)
    assert metric(records, alarm) == 0.0


def test_control_on_a_node_that_is_well_none_of_them_stands(node: Watched) -> None:
    assert told_by_status(node.system) == {}
    assert {alarm: metric(node.system, alarm) for alarm in THESE} == dict.fromkeys(THESE, 0.0)


def test_a_prompt_that_is_gone(node: Watched, tmp_path: Path) -> None:
    """The bridge looks into a folder of its own here, so that no other node misses a prompt."""
    for prompt in wanted():
        link = tmp_path / prompt.language / "l110" / f"{prompt.name}.wav"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(SOUNDS / prompt.language / "l110" / link.name)
    patch = (
        f"import pathlib, scripts.bridge_health as b; b.SOUNDS = pathlib.Path({str(tmp_path)!r})"
    )
    start_bridge(node.system.node, f"{patch}; b.PROMPTS_EVERY_S = 0.5")
    gone = next(tmp_path.glob("zh/l110/*.wav"))
    target = gone.readlink()
    gone.unlink()
    with stands(node.system, "prompts-missing"):
        assert node.system.node.alarms()["prompts-missing"] == f"zh/{gone.stem}"
        gone.symlink_to(target)
    node.system.node.restart("ivr")


def test_a_journal_that_cannot_be_written(node: Watched) -> None:
    start_bridge(node.system.node)
    disk = disk_file(node.system.node)
    disk.write_text(NO_ROOM)
    rules = node.system.node.settings.rules_path
    rules.write_text(f"{rules.read_text()}\n# new rules are a step\n")
    with stands(node.system, "journal-failing"):
        disk.write_text(WELL)
    node.system.node.restart("ivr")


def test_a_journal_that_cannot_be_read(node: Watched) -> None:
    real = node.system.node
    for name in ("forward", "ivr"):
        real.processes[name].stop()
    path = real.settings.journal_path
    kept = path.with_name("kept")
    path.rename(kept)
    path.write_bytes(b"no journal " * 1000)
    with stands(node.system, "journal-unreadable"):
        kept.replace(path)
        real.start_one("forward")
        real.restart("ivr")


def test_steps_that_nobody_forwards(node: Watched) -> None:
    real = node.system.node
    real.processes["forward"].stop()
    journal = Journal.open(real.settings.journal_path, "n1")
    for step in [step for n in range(9000, 9300) for step in livelihood_call(n)]:
        journal.write(step)
    journal.close()
    with stands(node.system, "journal-waiting"):
        real.start_one("forward")


def test_a_store_that_is_stopped(node: Watched) -> None:
    node.server.stop()
    with stands(node.system, "store-away"):
        node.server.start()


def test_call_records_that_nobody_stores(node: Watched) -> None:
    real = node.system.node
    path = real.settings.cel_path
    wait_until(lambda: "L110_SELFTEST" in path.read_text(), "a self-test", 20)
    real.processes["forward"].stop()
    line = next(line for line in path.read_text().splitlines() if "L110_SELFTEST" in line)
    with path.open("a") as feed:
        feed.write(f"{line}\n" * (600_000 // len(line)))
    with stands(node.system, "forwarder-behind"):
        real.start_one("forward")


def test_a_bridge_that_a_caller_could_not_reach(node: Watched) -> None:
    real = node.system.node
    real.processes["ivr"].stop()
    node.play("13800020501", returning_caller(4), "110")
    with stands(node.system, "verdict-skipped"):
        real.start_one("ivr")
        real.wait_for("ivr")


def test_a_caller_whom_the_switch_took_and_brought_back_late(node: Watched) -> None:
    number = "13800020502"
    node.play(number, referred_caller(Refer(says=[TRYING, OK])))
    with stands(node.system, "caller-unreturned"):
        (call_id,) = node.system.node.alarms()["caller-unreturned"].split(", ")
        assert number not in call_id
        node.play(number, returning_caller(4), f"livelihood;l110={call_id}")


def test_a_manager_that_refuses_us(node: Watched) -> None:
    real = node.system.node
    manager = real.home.etc / "manager.conf"
    good = manager.read_text()
    secret = real.settings.secret_path("ami-reader").read_text().strip()
    assert secret in good
    manager.write_text(good.replace(secret, "another"))
    ask(real.home, "manager reload")
    real.start_watch()
    with stands(node.system, "manager-refused"):
        manager.write_text(good)
        ask(real.home, "manager reload")


def test_the_log_of_it_all_holds_no_number(node: Watched) -> None:
    log = node.system.node.settings.log_dir / "watch.log"
    assert "138000205" not in log.read_text()
