"""No name can be looked up: nothing on a call's way asks for one."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.asterisk_home import CHECKOUT
from scripts.chaos.findings import Finding
from scripts.lab.callers import Stay
from scripts.lab.footprint import footprint
from scripts.lab.process import Process
from scripts.lab.waiting import wait_until
from tests.faults.calls_meanwhile import Meanwhile
from tests.real_asterisk.system import running_system

# Its own view of two files, and no other change; `$0` and `$1` lie over them.
OWN_FILES = (
    'mount --bind "$0" /etc/resolv.conf && mount --bind "$1" /etc/hosts && shift && exec "$@"'
)
PROCESSES = ("asterisk", "ivr", "forward")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="a process with other name servers than this machine's needs root and unshare",
)


class DeafNameServer:
    """Hears every question and answers none."""

    def __init__(self, host: str) -> None:
        self.host, self.asked = host, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 53))
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        with suppress(OSError):
            while self.socket.recv(4096):
                self.asked += 1

    def close(self) -> None:
        self.socket.close()


class Nameless(Meanwhile):
    """A system whose processes know no server of names but the deaf one."""

    names: DeafNameServer

    def lose_names(self, folder: Path) -> None:
        resolv, hosts = folder / "resolv.conf", folder / "hosts"
        resolv.write_text(f"nameserver {self.names.host}\n")
        hosts.write_text(f"127.0.0.1 localhost\n127.0.1.1 {socket.gethostname()}\n")
        node = self.system.node
        for name in PROCESSES:
            old = node.processes[name]
            old.stop()
            wrapped = ["unshare", "-m", "sh", "-c", OWN_FILES, str(resolv), str(hosts)]
            node.processes[name] = Process(
                [*wrapped, *old.program], old.log, {"PYTHONPATH": str(CHECKOUT)}
            )
        for name in ("asterisk", "ivr"):
            node.wait_for(name)
        first = self.served(self.begin(1))  # until then a process opens what it needs
        wait_until(lambda: [self.rows_of(n)[0] for n in first] == [1, 1], "their rows", 40)
        self.before = footprint(node)
        self.names.asked = 0  # a process that starts may ask for its host's name


@pytest.fixture(scope="module")
def nameless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nameless]:
    root = tmp_path_factory.mktemp("names")
    with running_system(root, 210, lines=10, trunk_channels=20) as system:
        nameless = Nameless(system)
        host = system.town.plan.node_host.rpartition(".")[0] + ".53"
        with closing(DeafNameServer(host)) as nameless.names:
            nameless.lose_names(root)
            yield nameless


@pytest.mark.fault("53", how="the node's processes have a name server that never answers")
def test_where_no_name_is_found_no_caller_notices(nameless: Nameless, told: Finding) -> None:
    begun = nameless.begin(2)
    nameless.nobody_noticed(begun, told)
    nameless.each_has_one_record(begun, told)
    nameless.nothing_leaks(told)
    assert nameless.names.asked == 0
    told.caller.append("no process of the node asked for a name while they called")


@pytest.mark.control("53", without="addresses: the bridge is told by its name")
def test_control_a_bridge_that_is_told_by_its_name_keeps_callers_waiting(
    nameless: Nameless, told: Finding
) -> None:
    home, agi = nameless.system.node.home, nameless.system.node.settings.agi
    ask(home, f"dialplan set global L110_AGI_1 agi://bridge.invalid:{agi.port}")
    nameless.system.town.call("13800021001", [Stay(40)])
    seen = nameless.system.town.ended("13800021001", 60)
    ask(home, f"dialplan set global L110_AGI_1 agi://{agi.host}:{agi.port}")
    assert nameless.names.asked > 0
    assert seen.first_ring_s is not None
    assert seen.first_ring_s > 3
    told.caller.append(f"police rang {1000 * seen.first_ring_s:,.0f} ms after dialling")
