"""Nobody answers the node's questions for names: calls go on, and no call asks for one."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from scripts.asterisk_console import ask
from scripts.chaos.findings import Finding
from scripts.lab import node as lab_node
from scripts.lab.process import Process
from scripts.lab.waiting import wait_until
from tests.faults.calls_meanwhile import Meanwhile
from tests.real_asterisk.system import running_system

PLACE = 199
# In a mount namespace of its own: whoever asks for a name asks a resolver that is silent.
DEAF = (
    'mount --bind "$0/resolv.conf" /etc/resolv.conf'
    ' && mount --bind "$0/hosts" /etc/hosts && exec "$@"'
)


@pytest.fixture(scope="module")
def resolver() -> Iterator[socket.socket]:
    """Takes every question and answers none."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as own:
        try:
            own.bind((f"127.53.{PLACE}.1", 53))
        except PermissionError:
            pytest.skip("a resolver needs port 53")
        own.setblocking(False)
        yield own


def questions(resolver: socket.socket) -> int:
    """How many came since this was asked last."""
    count = 0
    while True:
        try:
            resolver.recv(512)
        except BlockingIOError:
            return count
        count += 1


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The node's own: it knows the node's name, as on any machine."""
    file = tmp_path_factory.mktemp("resolver") / "hosts"
    file.write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
    return file


@pytest.fixture(scope="module")
def calls(
    tmp_path_factory: pytest.TempPathFactory, resolver: socket.socket, hosts: Path
) -> Iterator[Meanwhile]:
    root, folder = tmp_path_factory.mktemp("names"), hosts.parent
    (folder / "resolv.conf").write_text(f"nameserver {resolver.getsockname()[0]}\n")

    def deaf(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Process:
        return Process(["unshare", "-m", "--", "sh", "-c", DEAF, str(folder), *command], log, env)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab_node, "Process", deaf)
        with running_system(root, PLACE, lines=10, trunk_channels=20) as system:
            yield Meanwhile(system)


@pytest.mark.fault("53", how="the resolver takes every question and answers none")
def test_with_a_dead_resolver_calls_go_on_and_ask_for_no_name(
    calls: Meanwhile, resolver: socket.socket, told: Finding
) -> None:
    questions(resolver)  # those of the start
    begun = calls.begin(2)
    calls.nobody_noticed(begun, told)
    assert questions(resolver) == 0
    told.caller.append("0 questions to the resolver in 4 calls")
    calls.each_has_one_record(begun, told)
    calls.nothing_leaks(told)


@pytest.mark.control("53", without="media_address, and with a host name that no file knows")
def test_control_without_an_address_for_sound_each_call_asks_for_the_nodes_name(
    calls: Meanwhile, resolver: socket.socket, hosts: Path, told: Finding
) -> None:
    node = calls.system.node
    file = node.home.etc / "l110/pjsip.conf"
    kept, known = file.read_text(), hosts.read_text()
    file.write_text("".join(x for x in kept.splitlines(True) if "media_address" not in x))
    hosts.write_text("127.0.0.1 localhost\n")
    ask(node.home, "module reload res_pjsip.so")
    questions(resolver)
    try:
        (number, *_) = calls.begin(1)
        wait_until(lambda: questions(resolver), "a question to the resolver", 20)
    finally:
        file.write_text(kept)
        hosts.write_text(known)
        ask(node.home, "module reload res_pjsip.so")
        calls.system.town.ended(number, 120)
    seen = calls.system.town.saw(number)
    told.caller.append(f"a call asked for a name; answered: {seen.answered_at is not None}")
