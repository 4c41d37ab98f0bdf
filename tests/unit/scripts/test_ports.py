"""A taken port is refused with its name, its setting and its holder."""

import os
import socket

import pytest

from scripts.cli.ports import Port, listening, refusal


@pytest.fixture(params=["tcp", "udp"])
def taken(request):
    kind = socket.SOCK_STREAM if request.param == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind(("127.0.0.1", 0))
        if request.param == "tcp":
            held.listen()
        yield Port("agi.port", request.param, "127.0.0.1", held.getsockname()[1])


def test_a_taken_port_names_itself_its_setting_and_its_holder(taken):
    why = refusal(taken)
    assert why is not None
    assert f"port {taken.number} ({taken.protocol}, setting agi.port) on 127.0.0.1" in why
    assert f"pid {os.getpid()}" in why


def test_who_listens_is_seen_without_a_connection(taken):
    assert listening(taken)
    assert not listening(Port("agi.port", taken.protocol, "127.0.0.99", taken.number))


def test_a_port_on_every_address_counts_for_each():
    with socket.socket() as held:
        held.bind(("0.0.0.0", 0))
        held.listen()
        assert listening(Port("agi.port", "tcp", "127.0.0.5", held.getsockname()[1]))


def test_a_free_port_is_not_refused():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        number = held.getsockname()[1]
    port = Port("agi.port", "tcp", "127.0.0.1", number)
    assert refusal(port) is None
    assert not listening(port)


def test_an_address_of_another_machine_is_refused_as_such():
    why = refusal(Port("sip.port", "udp", "192.0.2.1", 5060))
    assert why is not None
    assert "no such address" in why
