"""panoramisk's FastAGI as a peer of the bench: the guard, and that it is needed."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.benchmarks.peers.programs import HERE
from scripts.lab.node import listens
from scripts.lab.process import Process
from scripts.lab.waiting import wait_until

HOST = "127.90.201.1"
PROGRAM = HERE / "panoramisk_fastagi.py"
HEAD = b"agi_network: yes\nagi_network_script: intake\n\n"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def port(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    program, port = tmp_path / "peer.py", free_port()
    text = PROGRAM.read_text()
    if request.param == "bare":
        assert text.count("handler(Guarded(reader), writer)") == 1
        text = text.replace("handler(Guarded(reader), writer)", "handler(reader, writer)")
    program.write_text(text)
    process = Process([sys.executable, str(program), HOST, str(port)], tmp_path / "log")
    try:
        wait_until(lambda: listens(HOST, port), "the peer", 20, alive=lambda: process.running)
        yield port
    finally:
        process.stop()


def asked(port: int) -> bytes:
    """What the next caller is asked; empty when nobody answers him."""
    with socket.create_connection((HOST, port), 2) as call:
        call.settimeout(2)
        call.sendall(HEAD)
        try:
            return call.recv(1000)
        except TimeoutError:
            return b""


def leave_in_the_header(port: int) -> None:
    with socket.create_connection((HOST, port), 2) as call:
        call.sendall(HEAD[:20])


@pytest.mark.parametrize("port", ["guarded"], indirect=True)
def test_a_caller_who_leaves_in_the_header_holds_up_nobody(port: int) -> None:
    leave_in_the_header(port)
    asked(port)
    assert asked(port).startswith(b"GET OPTION")


@pytest.mark.parametrize("port", ["bare"], indirect=True)
def test_without_the_guard_he_freezes_the_next_caller(port: int) -> None:
    assert asked(port).startswith(b"GET OPTION")
    leave_in_the_header(port)
    asked(port)  # whoever comes in the same breath may still be asked
    assert asked(port) == b""
