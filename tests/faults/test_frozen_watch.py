"""The watch or the forwarder is frozen or gone: who notices, and who ends it."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from ivr.alarms import ALARMS
from scripts.chaos.findings import Finding
from scripts.cli import health
from scripts.cli.context import Site
from scripts.cli.health import status_of
from scripts.cli.service import status
from scripts.http_page import fetch
from scripts.keeper.patience import WATCH_S
from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from scripts.watch.told import FRESH_S
from tests.faults.supervised import ImpatientNode
from tests.faults.watched import NO_TESTS, cleared_within, raised_within
from tests.real_asterisk.system import POLICE, System, node_alone, running_system

pytestmark = pytest.mark.real_asterisk
QUIET = "[selftest]\nevery_s = 0\n"
SEATS = dict.fromkeys(POLICE, Manner(ring_s=0.1, talk_s=0.2))
MOMENT_S = 5.0  # until a process that was ended is replaced, and `status` is read


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    root = tmp_path_factory.mktemp("frozen")
    with running_system(root, 207, seats=SEATS, settings=QUIET, node_of=ImpatientNode) as system:
        yield system


def node_of(system: System) -> ImpatientNode:
    assert isinstance(system.node, ImpatientNode)
    return system.node


def mends(node: ImpatientNode) -> dict[str, str]:
    """What `l110 status` tells: name of each alarm -> its place in the runbook."""
    return {alarm["name"]: alarm["runbook"] for alarm in node.status()["alarms"]}


@pytest.mark.fault("57", how="SIGSTOP to the watch, under `l110 up`")
def test_a_frozen_watch_is_told_by_status_and_ended(system: System, told: Finding) -> None:
    node, began = node_of(system), time.monotonic()
    old, port = node.signal("watch", signal.SIGSTOP), node.settings.health.watch_port
    with pytest.raises(TimeoutError):  # what Prometheus sees: L110WatchDown
        asyncio.run(fetch(node.settings.health_host, port, "/metrics", 1))
    wait_until(lambda: "watch-silent" in mends(node), "the alarm", FRESH_S + MOMENT_S)
    told_s = time.monotonic() - began
    assert mends(node) == {"watch-silent": ALARMS["watch-silent"].runbook}
    assert node.status()["state"] == "partly"
    node.new_pid("watch", old, WATCH_S + MOMENT_S)
    new_s = time.monotonic() - began
    _, about = raised_within(node, "process-restarted", 15)
    assert "watch: frozen for 30 s and killed" in about
    assert "watch-silent" not in mends(node)
    told.records.append(f"`status`: watch-silent after {told_s:.0f} s; a new watch: {new_s:.0f} s")


@pytest.mark.fault("57", how="SIGSTOP to the forwarder, under `l110 up`; 9 s of patience, not 120")
def test_a_frozen_forwarder_is_ended_and_the_new_one_stores_the_call(
    system: System, told: Finding
) -> None:
    node, began = node_of(system), time.monotonic()
    old = node.signal("forward", signal.SIGSTOP)
    system.town.call("13800057201", [Press("1"), Stay(10)])
    assert system.town.ended("13800057201").talked_to[0][0] == "8"
    assert system.calls() == []
    node.new_pid("forward", old, node.forward_s + MOMENT_S)
    new_s = time.monotonic() - began
    assert system.call_of("13800057201", 15).outcome == "talked-to-police"
    why = "forward: frozen for 9 s and killed"
    wait_until(
        lambda: why in node.alarms().get("process-restarted", ""), "the alarm to name it", 15
    )
    told.caller.append("talked to the police")
    told.records.append(f"a new forwarder after {new_s:.0f} s; 1 row, talked-to-police")


@pytest.mark.control("57", without="the keeper, which is frozen too")
def test_control_without_the_keeper_both_stay_frozen_and_status_alone_tells(
    system: System, told: Finding
) -> None:
    node = node_of(system)
    frozen = {name: node.signal(name, signal.SIGSTOP) for name in ("keep", "forward", "watch")}
    try:
        time.sleep(WATCH_S + MOMENT_S)  # what must not happen has no event
        assert {name: node.pid(name) for name in frozen} == frozen
        assert list(mends(node)) == ["watch-silent"]
    finally:
        for pid in frozen.values():
            os.kill(pid, signal.SIGCONT)
    cleared_within(node, "watch-silent", 10)
    told.records.append("both the same processes, frozen, after 35 s; `status`: watch-silent")


# ------------------------------------------------------------------ without a supervisor of ours


def test_a_watch_that_was_killed_is_told_by_status_also_under_systemd(tmp_path: Path) -> None:
    """There nobody but the watch's own word says that a node runs at all."""
    with node_alone(tmp_path, 209, settings=QUIET) as records:
        node = records.node
        node.start_watch(NO_TESTS)
        node.processes["watch"].signal(signal.SIGKILL)
        wait_until(lambda: "watch-silent" in node.alarms(), "its word to grow old", FRESH_S + 2)
        asked = CliRunner().invoke(status, [], obj=Site(node.config))
        assert asked.exit_code == 1
        assert ALARMS["watch-silent"].runbook in asked.output
        found = status_of(node.settings)
        assert (found["state"], len(found["alarms"])) == ("partly", 1)
        node.processes["asterisk"].stop()
        assert status_of(node.settings)["state"] == "partly", "the bridge still has its ports"
        with patch.object(health, "_runs_unwatched", lambda settings: False):
            found = status_of(node.settings)
            assert (found["state"], found["alarms"]) == ("down", []), "control: its word alone"
        for name in ("ivr", "forward"):
            node.processes[name].stop()
        assert status_of(node.settings)["state"] == "down"
