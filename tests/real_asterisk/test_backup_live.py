"""A node under `l110 up`: its store is backed up and put back while callers talk."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lab.callers import Press, Stay
from scripts.lab.seats import Manner
from scripts.lab.waiting import wait_until
from tests.faults.supervised import SupervisedNode
from tests.real_asterisk.system import System, running_system

pytestmark = pytest.mark.real_asterisk
SEATS = ("8001", "8002")
TALKS = dict.fromkeys(SEATS, Manner(ring_s=0.1, talk_s=15))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    root = tmp_path_factory.mktemp("backup")
    with running_system(root, 184, police=SEATS, seats=TALKS, node_of=SupervisedNode) as one:
        yield one


def talking(system: System, number: str) -> None:
    system.town.call(number, [Press("1"), Stay(40)])
    wait_until(lambda: system.town.talks(number), f"{number} to talk", 20)


def on_record(system: System) -> dict[str, str | None]:
    return {str(row.caller): row.outcome for row in system.calls()}


def test_a_store_is_backed_up_and_put_back_while_callers_talk(
    system: System, tmp_path: Path
) -> None:
    node = system.node
    assert isinstance(node, SupervisedNode)
    talking(system, "13500000001")
    wait_until(lambda: "13500000001" in on_record(system), "the first row", 20)
    backup = tmp_path / "store.tar"
    made = node.l110("db", "backup", str(backup), "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["rows"]["calls"] == 1
    talking(system, "13500000002")
    system.town.ended("13500000001", 40)
    wait_until(lambda: len(on_record(system)) == 2, "both rows", 20)
    forwarder = node.pid("forward")
    system.engine.dispose()
    restored = node.l110("db", "restore", str(backup), "--replace", "--json")
    assert restored.returncode == 0, restored.stderr
    assert Path(json.loads(restored.stdout)["aside"]).exists()
    assert not system.town.saw("13500000002").ended_at, "his talk was over: nothing was shown"
    node.new_pid("forward", forwarder, 20)
    assert system.town.ended("13500000002", 40).talked_to[0][:1] == "8"
    wanted = dict.fromkeys(("13500000001", "13500000002"), "talked-to-police")
    wait_until(lambda: on_record(system) == wanted, "both calls again", 30)
    listed = str(system.town.switch.export_list())
    audited = node.l110("audit", "calls", "--json", "--switch-cdr", listed)
    assert audited.returncode == 0, audited.stdout
    told = json.loads(audited.stdout)
    assert (told["switch"], told["legs"], told["calls"]) == (2, 2, 2)
    assert told["missing"] == told["doubled"] == told["unexplained"] == 0
