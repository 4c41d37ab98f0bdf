"""The stand-in switch of `scripts/bench release`, against a node that does as it is told."""

import asyncio
import socket
import struct
import threading
from contextlib import contextmanager
from typing import Any

import pytest

from scripts.benchmarks.rtp_key import END_PACKETS, HELD_PACKETS, key_packets
from scripts.benchmarks.sip import media_of, offer, parse, reply, uri_in
from scripts.benchmarks.switch import refer_calls
from scripts.benchmarks.traffic import CallFailed, Stream

HERE = "127.90.8.2"
NODE = "127.90.8.1"
ONE = Stream(calls=1, rate=20)


class FakeNode(asyncio.DatagramProtocol):
    """Answers, sends a REFER at the key's first end packet, and a BYE `clears_after_s` after the
    switch's final word."""

    def __init__(self, rtp, *, answers="200 OK", refers=True, clears_after_s=0.0):
        self.rtp, self.answers, self.refers = rtp, answers, refers
        self.clears_after_s = clears_after_s
        self.heard: list[str] = []
        self.first_leg: Any = None
        self.events = 0

    def connection_made(self, transport):
        self.transport = transport
        self.loop = asyncio.get_running_loop()

    def datagram_received(self, data, addr):
        got = parse(data)
        self.switch = addr
        if got.status:
            return
        self.heard.append(
            f"{got.method} {got.body.strip()}" if got.method == "NOTIFY" else got.method
        )
        if got.method == "INVITE":
            self._answer(got)
        elif got.method != "ACK":
            self.transport.sendto(reply(got, "200 OK", f"<sip:{NODE}:5060>"), addr)
        if got.method == "NOTIFY" and " 200" in got.body:
            self.loop.call_later(self.clears_after_s, self._say, "BYE")

    def _answer(self, got):
        to = f"{got.headers['to']};tag=n"
        got = type(got)(got.first_line, {**got.headers, "to": to}, "")
        head = (
            reply(got, self.answers, f"<sip:{NODE}:5060>").decode().partition("Content-Length")[0]
        )
        body = offer(self.rtp.getsockname())
        self.transport.sendto(
            f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode(), self.switch
        )
        if self.first_leg is None:
            self.first_leg = got
            self.loop.add_reader(self.rtp, self._key)

    def _key(self):
        event = self.rtp.recv(200)[12:]
        self.events += 1
        if event[1] & 0x80 and not any(word in self.heard for word in ("end", "BYE")):
            self.heard.append("end")
            self._say("REFER" if self.refers else "BYE")

    def _say(self, method):
        leg = self.first_leg.headers
        names = {"Via": f"SIP/2.0/UDP {NODE};branch=z9hG4bK{method}", "From": leg["to"]}
        names |= {"To": leg["from"], "Call-ID": leg["call-id"], "CSeq": f"7 {method}"}
        names["Refer-To"] = "sip:livelihood;l110=some-id@127.90.8.2:5060"
        lines = "".join(f"{name}: {value}\r\n" for name, value in names.items())
        self.transport.sendto(f"{method} sip:x SIP/2.0\r\n{lines}\r\n".encode(), self.switch)


@contextmanager
def a_node(**manners):
    """In a thread of its own, as the bench has it in a process of its own."""
    rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    rtp.setblocking(False)
    rtp.bind((NODE, 0))
    node = FakeNode(rtp, **manners)
    loop = asyncio.new_event_loop()
    opened = loop.create_datagram_endpoint(lambda: node, local_addr=(NODE, 0))
    transport, _ = loop.run_until_complete(opened)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield node, transport.get_extra_info("sockname")
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.remove_reader(rtp)
        transport.close()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        rtp.close()


def called(node_address):
    return refer_calls(ONE, at=(HERE, 0), media_port=0, to=node_address)


@pytest.fixture(autouse=True)
def free_ports(monkeypatch):
    monkeypatch.setattr("scripts.benchmarks.switch_call.KEY_AT_S", 0.1)
    monkeypatch.setattr("scripts.benchmarks.switch.STAYS_S", 0.1)


def test_a_caller_is_taken_back_and_brought_in_again_before_the_final_word():
    with a_node() as (node, address):
        (freed,) = called(address)
    assert 0 < freed.referred_ns < freed.gone_ns
    said = ["INVITE", "ACK", "end", "NOTIFY SIP/2.0 100 Trying"]
    assert node.heard[:4] == said
    assert node.heard[4:7] == ["INVITE", "ACK", "NOTIFY SIP/2.0 200 OK"]


def test_no_packet_of_a_key_follows_the_end_of_its_call():
    with a_node() as (node, address):
        called(address)
    assert node.events < HELD_PACKETS + END_PACKETS


def test_without_that_the_rest_of_the_key_would_go_to_whoever_has_the_port_then(monkeypatch):
    never = property(lambda _: False, lambda _self, _value: None)
    monkeypatch.setattr("scripts.benchmarks.switch_call.Call._left", never, raising=False)
    with a_node() as (node, address):
        called(address)
    assert node.events == HELD_PACKETS + END_PACKETS


def test_a_node_that_clears_the_trunk_late_is_seen_to_be_late():
    with a_node(clears_after_s=0.2) as (_, address):
        (freed,) = called(address)
    assert freed.gone_ns >= 200_000_000
    assert freed.referred_ns < 150_000_000


def test_a_node_that_refuses_the_call_fails_the_bench():
    with a_node(answers="486 Busy Here") as (_, address), pytest.raises(CallFailed, match="486"):
        called(address)


def test_a_node_that_hangs_up_without_a_refer_fails_the_bench():
    with a_node(refers=False) as (_, address), pytest.raises(CallFailed, match="sent no REFER"):
        called(address)


def test_a_node_that_never_answers_fails_the_bench(monkeypatch):
    monkeypatch.setattr("scripts.benchmarks.traffic.LONGEST_CALL_S", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((NODE, 0))
        with pytest.raises(CallFailed, match="1 legs hang"):
            called(deaf.getsockname())


def test_a_switch_whose_address_is_taken_says_so():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HERE, 0))
        with pytest.raises(OSError, match="in use"):
            refer_calls(ONE, at=other.getsockname(), media_port=0, to=(NODE, 9))


def test_a_key_is_held_and_then_its_end_is_said_three_times():
    packets = list(key_packets("2", source=2**40 + 7))
    assert [ends for _, ends in packets] == [False] * HELD_PACKETS + [True] * END_PACKETS
    events = [struct.unpack("!BBH", packet[12:]) for packet, _ in packets]
    assert {event for event, _, _ in events} == {2}
    assert [bool(flags & 0x80) for _, flags, _ in events] == [ends for _, ends in packets]
    assert events[-1][2] == events[-3][2] > events[0][2]
    numbers = [struct.unpack("!H", packet[2:4])[0] for packet, _ in packets]
    assert numbers == list(range(1, 9))


@pytest.mark.parametrize(
    ("header", "uri"),
    [
        ('"110" <sip:n1@127.0.0.1:5060;x=y>;tag=a', "sip:n1@127.0.0.1:5060;x=y"),
        ("sip:livelihood;l110=id@127.0.0.2", "sip:livelihood;l110=id@127.0.0.2"),
    ],
)
def test_a_uri_is_read_with_and_without_brackets(header, uri):
    assert uri_in(header) == uri


def test_an_answer_without_audio_is_none():
    assert media_of(offer(("127.0.0.1", 4000))) == ("127.0.0.1", 4000)
    with pytest.raises(ValueError, match="no audio"):
        media_of("v=0\r\n")
